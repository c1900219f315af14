#include "agent/service/reader.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>

#include "agent/service/trust.h"
#include "agent/service/watch.h"
#include "agent/worker.h"
#include "base/timestamp.h"

enum { /* milliseconds */
       QUIET_FOR = 250,
       QUIET_AT_MOST = 2000,
       BETWEEN_LOOKS = 200,
       LOOKS = 5,
       YOUNG = 1000,
       INTERVAL = 60 * 1000,
       INTERVAL_REMOTE = 30 * 1000, /* where no event tells what another machine did */
};

/*
 *            event               timer            not yet sure
 *   RESTING -------> SETTLING -----------> LOOKING -----------> PAUSING
 *      ^  \             poke, minute          ^ |                  |
 *      |   `----------------------------------' |  <---- timer ----'
 *      |                                        v sure
 *      `---------------------------------- RECKONING
 */
enum state { RESTING, SETTLING, LOOKING, PAUSING, RECKONING };

/* What is to be read. */
struct order {
	struct arena *a; /* of the paths; NULL: there is no such order */
	const char *const *paths;
	const struct config *config;
};

struct reader {
	struct worker *worker;
	struct watch *watch; /* NULL: there are no events */
	uv_timer_t timer, minute;
	int open_handles;
	struct reader_setup setup;
	struct arena *a; /* of what was good at first */
	enum state state;
	struct order order, next_order; /* the next has to wait while a job reads the other */

	bool stirred; /* an event, since the last look began */
	bool poked;   /* look again as soon as this is over */
	uint64_t settling_since;

	int looks; /* in this turn */
	uint64_t since,
	        since_before; /* uv_hrtime() when the last look, and the one before, began */
	struct look *earlier, *latest; /* of this turn */
	size_t doubts;                 /* files of it that are not trusted */

	struct look *taken; /* without its bytes; NULL: all is to be told */
	bool doubtful;      /* files of that were not trusted */
	struct wishes *wishes;
	int64_t read_at;
	struct error trouble;
	bool has_trouble;

	struct job job;
	struct { /* of the job, when it is done */
		struct look *look;
		struct wishes *wishes;
		struct error trouble;
		bool has_trouble, remote;
	} out;
};

static struct reader *reader_of(struct job *job) {
	return (struct reader *)((char *)job - offsetof(struct reader, job));
}

static uint64_t smaller(uint64_t a, uint64_t b) {
	return a < b ? a : b;
}

/* ---- on the worker ---- */

static bool is_remote(const char *path) {
	static const unsigned long kinds[] = { NFS_SUPER_MAGIC,  FUSE_SUPER_MAGIC,
		                               SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC,
		                               SMB2_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC };
	struct statfs st;

	if (statfs(path, &st) != 0)
		return false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (((unsigned long)st.f_type & 0xffffffff) == kinds[i])
			return true;
	return false;
}

static void work_look(struct job *job) {
	struct reader *r = reader_of(job);
	const char *const *paths = r->order.paths;

	r->out.has_trouble = r->watch && !watch_arm(r->watch, paths, &r->out.trouble);
	r->out.look = look_take(paths);
	r->out.remote = false;
	for (size_t i = 0; paths[i]; i++)
		r->out.remote |= is_remote(paths[i]);
}

static void work_reckon(struct job *job) {
	struct reader *r = reader_of(job);
	const struct manifest_row *good = r->wishes ? r->wishes->good : r->setup.good;
	size_t n_good = r->wishes ? r->wishes->n_good : r->setup.n_good;

	r->out.wishes = wishes_new(r->latest, r->order.config, good, n_good);
}

/* ---- the turn ---- */

static void on_looked(struct job *job);
static void on_reckoned(struct job *job);
static void on_timer(uv_timer_t *timer);

static void look(struct reader *r) {
	r->state = LOOKING;
	r->stirred = false;
	r->since_before = r->since;
	r->since = uv_hrtime();
	r->job = (struct job){ work_look, on_looked, NULL };
	worker_submit(r->worker, &r->job);
}

static void end_turn(struct reader *r) {
	r->earlier = look_free(r->earlier);
	r->latest = look_free(r->latest);
}

static void begin_turn(struct reader *r) {
	uv_timer_stop(&r->timer);
	uv_timer_stop(&r->minute);
	end_turn(r);
	r->poked = false;
	r->doubts = 0;
	r->looks = 0;
	look(r);
}

/* More quiet with each event, but not for ever. */
static void settle(struct reader *r) {
	uint64_t now = uv_now(r->timer.loop);

	if (r->state != SETTLING)
		r->settling_since = now;
	r->state = SETTLING;
	uint64_t latest = r->settling_since + QUIET_AT_MOST;
	uv_timer_start(&r->timer, on_timer, latest > now ? smaller(QUIET_FOR, latest - now) : 0, 0);
}

static void on_minute(uv_timer_t *timer) {
	reader_poke(timer->data);
}

static void rest(struct reader *r) {
	uint64_t usual = r->out.remote ? INTERVAL_REMOTE : INTERVAL;

	end_turn(r);
	r->state = RESTING;
	uv_timer_start(&r->minute, on_minute, r->setup.interval ? r->setup.interval : usual, 0);
	if (r->poked)
		begin_turn(r);
	else if (r->stirred)
		settle(r);
}

static void on_timer(uv_timer_t *timer) {
	struct reader *r = timer->data;

	if (r->state == SETTLING)
		begin_turn(r);
	else
		look(r);
}

static void wait_a_while(struct reader *r) {
	look_free(r->earlier);
	r->earlier = r->latest;
	r->latest = NULL;
	r->state = PAUSING;
	/* Five looks take longer than a file is young. */
	uv_timer_start(&r->timer, on_timer, r->looks == 1 ? BETWEEN_LOOKS : 2 * BETWEEN_LOOKS, 0);
}

static void reckon(struct reader *r) {
	r->state = RECKONING;
	r->job = (struct job){ work_reckon, on_reckoned, NULL };
	worker_submit(r->worker, &r->job);
}

static void decide(struct reader *r) {
	if (r->looks == 1 && r->taken && !r->doubtful && look_same(r->latest, r->taken)) {
		r->read_at = (int64_t)time(NULL);
		rest(r);
		return;
	}
	if (r->looks == 1) {
		wait_a_while(r);
		return;
	}
	struct trust trust = { r->watch, r->since_before, r->latest, r->earlier, 0 };
	bool last = r->looks == LOOKS, settled = trust_settled(&trust, last);
	if (!settled && !last) {
		wait_a_while(r);
		return;
	}
	r->stirred |= !settled; /* it may have come to rest with this look */
	trust_not_open(&trust);
	r->doubts = trust.doubts;
	reckon(r);
}

/* With the next order nothing of before is known. False: there is none. */
static bool renew(struct reader *r) {
	if (!r->next_order.a)
		return false;
	arena_free(r->order.a);
	r->order = r->next_order;
	r->next_order = (struct order){ .a = NULL };
	r->taken = look_free(r->taken);
	begin_turn(r);
	return true;
}

static void on_looked(struct job *job) {
	struct reader *r = reader_of(job);

	r->latest = r->out.look;
	r->out.look = NULL;
	if (r->watch) {
		r->trouble = r->out.trouble;
		r->has_trouble = r->out.has_trouble;
	}
	r->looks++;
	if (!renew(r))
		decide(r);
}

static void take(struct reader *r, struct wishes *fresh) {
	wishes_unref(r->wishes);
	r->wishes = fresh;
	look_free(r->taken);
	r->taken = r->latest;
	r->latest = NULL;
	look_shrink(r->taken);
	r->doubtful = r->doubts;
	r->read_at = (int64_t)time(NULL);
	r->a = arena_free(r->a);
}

static void on_reckoned(struct job *job) {
	struct reader *r = reader_of(job);
	struct wishes *fresh = r->out.wishes;
	bool news = !r->taken || !wishes_same(fresh, r->wishes);

	r->out.wishes = NULL;
	if (r->next_order.a) {
		wishes_unref(fresh);
		renew(r);
		return;
	}
	take(r, fresh);
	rest(r);
	if (news)
		r->setup.taken(r->setup.context, wishes_ref(fresh));
}

static void on_event(void *context) {
	struct reader *r = context;

	r->stirred = true;
	if (r->state == RESTING || r->state == SETTLING)
		settle(r);
}

/* ---- from outside ---- */

static struct order order_new(const char *const *paths, const struct config *config) {
	struct arena *a = arena_new();
	size_t n = 0;

	while (paths[n])
		n++;
	const char **copy = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, paths[i]);
	return (struct order){ a, copy, config };
}

static void copy_good(struct reader *r) {
	size_t n = r->setup.n_good;
	struct manifest_row *copy = ARENA_ARRAY(r->a, struct manifest_row, n);

	for (size_t i = 0; i < n; i++) {
		copy[i] = r->setup.good[i];
		copy[i].path = arena_strdup(r->a, copy[i].path);
		copy[i].bytes = arena_copy(r->a, copy[i].bytes, copy[i].len);
	}
	r->setup.good = copy;
}

static void start_timer(struct reader *r, uv_loop_t *loop, uv_timer_t *timer) {
	uv_timer_init(loop, timer);
	timer->data = r;
	r->open_handles++;
}

struct reader *reader_start(uv_loop_t *loop, const struct reader_setup *setup) {
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->setup = *setup;
	r->order = order_new(setup->paths, setup->config);
	r->a = arena_new();
	copy_good(r);
	r->read_at = TIMESTAMP_NONE;
	r->worker = worker_start(loop);
	start_timer(r, loop, &r->timer);
	start_timer(r, loop, &r->minute);
	if (!setup->without_events)
		r->has_trouble = watch_start(loop, on_event, r, &r->watch, &r->trouble) != OK;
	if (r->watch && setup->patience)
		watch_set_patience(r->watch, setup->patience);
	begin_turn(r);
	return r;
}

void reader_poke(struct reader *r) {
	if (r->state == RESTING || r->state == SETTLING)
		begin_turn(r);
	else
		r->poked = true;
}

void reader_reconfigure(struct reader *r, const char *const *paths, const struct config *config) {
	arena_free(r->next_order.a);
	r->next_order = order_new(paths, config);
	if (r->state != LOOKING && r->state != RECKONING)
		renew(r);
}

static void on_closed(uv_handle_t *handle) {
	struct reader *r = handle->data;

	if (--r->open_handles > 0)
		return;
	look_free(r->taken);
	look_free(r->out.look);
	wishes_unref(r->out.wishes);
	wishes_unref(r->wishes);
	arena_free(r->order.a);
	arena_free(r->next_order.a);
	arena_free(r->a);
	free(r);
}

void reader_stop(struct reader *r) {
	if (!r)
		return;
	worker_stop(r->worker);
	end_turn(r);
	watch_stop(r->watch);
	uv_close((uv_handle_t *)&r->timer, on_closed);
	uv_close((uv_handle_t *)&r->minute, on_closed);
}

int64_t reader_read_at(const struct reader *r) {
	return r->read_at;
}

uint64_t reader_overflows(const struct reader *r) {
	return r->watch ? watch_overflows(r->watch) : 0;
}

bool reader_watching(const struct reader *r) {
	return r->watch;
}

const char *reader_trouble(const struct reader *r) {
	return r->has_trouble ? r->trouble.text : NULL;
}
