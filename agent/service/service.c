#include "agent/service/service.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/service/log.h"
#include "agent/service/notify.h"
#include "agent/service/wishes.h"
#include "base/timestamp.h"

enum {
	TICK_MS = 1000,
	STALL_MS = 50,
	PUBLISH_SECONDS = 15,
	STALL_SECONDS = 15,
	END_SECONDS = 20 /* beyond the directory's timeout */
};
#define LISTEN_DEFAULT "127.0.0.1:9464"
#define SECOND         1000000000ull

uint32_t service_random(void) {
	uint32_t n = 0;

	/* Of no matter: it only spreads. */
	(void)uv_random(NULL, NULL, &n, sizeof(n), 0, NULL);
	return n;
}

/* ---- the end ---- */

static void on_deadline(uv_timer_t *timer) {
	struct service *s = (struct service *)((char *)timer - offsetof(struct service, deadline));

	LOG(LEVEL_ERROR, "step-not-ended",
	    F_TEXT("message", "what it wrote is settled by the next start"));
	s->exit_code = EXIT_FAILED;
	uv_stop(&s->loop);
}

void service_ended(struct service *s) {
	if (!s->turn && !s->counters.queue)
		uv_stop(&s->loop);
}

void service_stop(struct service *s) {
	uint64_t most = (uint64_t)s->setup->session.directory.timeout + END_SECONDS;

	s->stopping = true;
	notify_stopping();
	uv_timer_stop(&s->due);
	verbs_refuse_all(s, "the agent is just ending");
	uv_timer_start(&s->deadline, on_deadline, most * 1000, 0);
	if (s->turn && pass_only_reads(s->turn->pass)) {
		uv_stop(&s->loop);
		return;
	}
	passes_interrupt(s, NULL, "the agent was told to end");
	service_ended(s);
}

static void on_signal(uv_signal_t *handle, int number) {
	struct service *s =
	        (struct service *)((char *)handle->loop - offsetof(struct service, loop));

	if (number == SIGHUP) {
		setup_reload(s);
		return;
	}
	LOG(LEVEL_INFO, "stopping", F_TEXT("signal", number == SIGTERM ? "SIGTERM" : "SIGINT"));
	if (!s->stopping) {
		service_stop(s);
		return;
	}
	s->exit_code = EXIT_FAILED;
	uv_stop(&s->loop);
}

/* ---- the tick ---- */

void service_look_at_windows(struct service *s, bool tell) {
	const struct config *c = &s->setup->session.config;
	bool was = s->window.open;

	s->window = windows_at(c->agent.windows, c->agent.n_windows, (int64_t)time(NULL));
	if (!tell || s->window.open == was)
		return;
	LOG(LEVEL_INFO, s->window.open ? "window-open" : "window-closed",
	    F_TIME("until", s->window.changes));
	if (s->window.open)
		passes_want(s, TRIGGER_WINDOW);
	else
		passes_interrupt(s, LEFT_WINDOW, "the maintenance window has closed");
	publish(s);
}

static double cpu_seconds(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Just before the loop waits: what it did since it waited last. */
static void on_prepare(uv_prepare_t *handle) {
	struct service *s = (struct service *)((char *)handle - offsetof(struct service, prepare));
	double cpu = cpu_seconds();
	uint64_t now = uv_hrtime(), idle = uv_metrics_idle_time(&s->loop);
	double busy = (double)(now - s->turned.at - (idle - s->turned.idle)) / 1e9;

	if (s->turned.at) {
		s->counters.loop_stalls += busy * 1000 > STALL_MS;
		if (busy > s->counters.loop_max)
			s->counters.loop_max = busy;
		if (cpu - s->turned.cpu > s->counters.loop_cpu_max)
			s->counters.loop_cpu_max = cpu - s->turned.cpu;
	}
	s->turned.at = now;
	s->turned.idle = idle;
	s->turned.cpu = cpu;
}

static void tell_manager(const struct service *s) {
	char status[256];

	(void)snprintf(status, sizeof(status), "%s%s; %zu connections, %zu need attention",
	               s->setup->session.config.agent.enforce ? "enforcing" : "observing",
	               s->suspended.is         ? ", suspended"
	               : s->directory.failures ? ", the directory is out of reach"
	                                       : "",
	               s->wishes ? s->wishes->connections.n : 0,
	               s->planned ? findings_attention(s->planned) : 0);
	notify_status(status);
}

static void on_tick(uv_timer_t *timer) {
	struct service *s = (struct service *)((char *)timer - offsetof(struct service, tick));

	notify_alive();
	if (s->http)
		http_tick(s->http);
	if (s->stopping)
		return;
	service_look_at_windows(s, true);
	if (s->suspended.is && s->suspended.until != TIMESTAMP_NONE &&
	    s->suspended.until <= (int64_t)time(NULL))
		resume(s, NULL);
	tell_manager(s);
	if (uv_hrtime() - s->published > PUBLISH_SECONDS * SECOND)
		publish(s);
}

/* ---- manifests ---- */

static bool among(const struct wishes *w, const struct broken *b) {
	for (size_t i = 0; w && i < w->n_broken; i++)
		if (strcmp(w->broken[i].diag.at.file, b->diag.at.file) == 0 &&
		    w->broken[i].diag.at.line == b->diag.at.line &&
		    strcmp(w->broken[i].diag.message, b->diag.message) == 0)
			return true;
	return false;
}

static void log_manifests(const struct wishes *before, const struct wishes *w) {
	for (size_t i = 0; i < w->n_broken; i++) {
		const struct diag *d = &w->broken[i].diag;
		if (!among(before, w->broken + i))
			LOG(LEVEL_ERROR, "manifest-broken", F_TEXT("file", d->at.file),
			    F_INT("line", d->at.line), F_INT("column", d->at.column),
			    F_TEXT("code", d->code), F_TEXT("message", d->message),
			    F_TEXT("in-force",
			           w->broken[i].kept ? "its last good version" : "nothing of it"));
	}
	if (before && before->n_broken && !w->n_broken)
		LOG(LEVEL_INFO, "manifests-mended", F_INT("files", (int64_t)w->files));
	LOG(LEVEL_INFO, "manifests", F_INT("files", (int64_t)w->files),
	    F_INT("connections", (int64_t)w->connections.n), F_INT("broken", (int64_t)w->n_broken),
	    F_TEXT("revision", w->revision));
}

static void on_taken(void *context, struct wishes *w) {
	struct service *s = context;
	bool first = !s->wishes;

	log_manifests(s->wishes, w);
	setup_free_retired(s);
	wishes_unref(s->wishes);
	s->wishes = w;
	s->judged = true;
	s->good_kept = false;
	if (first)
		notify_ready(s->setup->session.config.agent.enforce ? "enforcing" : "observing");
	passes_want(s, first ? TRIGGER_START : TRIGGER_MANIFESTS);
	publish(s);
}

/* ---- the start ---- */

/* Two agents on one store would correct each other's memory, if not each other. */
static int take_lock(struct service *s) {
	const struct session *session = &s->setup->session;
	const char *path = arena_printf(s->setup->a, "%s.agent", session->store);
	struct error err;
	int r = lock_try(path, "agent", &s->lock, &err);

	if (r == ERR_LOCKED) {
		fprintf(stderr, "mbxctl: another agent works on this store: %s\n", err.text);
		return EXIT_REFUSED;
	}
	if (r == OK)
		return 0;
	if (session->config.agent.enforce) {
		fprintf(stderr,
		        "mbxctl: %s; the agent writes beside its store: run it as the user whose "
		        "folder that is\n",
		        err.text);
		return EXIT_UNREACHABLE;
	}
	/* Who only looks may do so where it may not write. */
	LOG(LEVEL_WARNING, "not-locked", F_TEXT("message", err.text));
	return 0;
}

/* Who writes brings a store of an older format up to date. */
static enum inventory_mode first_mode(const struct session *session) {
	bool there = access(session->store, F_OK) == 0;

	return session->config.agent.enforce && there ? INVENTORY_WRITE : INVENTORY_READ;
}

/* What the store remembers. A store that is not there yet is no reason not to start. */
static void remember(struct service *s, struct arena *a, struct manifest_row **ret, size_t *ret_n) {
	struct memory *nothing = memory_new();
	struct condition_row *conditions = NULL;
	struct inventory *inv = NULL;
	struct error err = { 0 };
	size_t n = 0;

	*ret = NULL;
	*ret_n = 0;
	if (inventory_open(s->setup->session.store, first_mode(&s->setup->session), &inv, &err) <
	            0 ||
	    inventory_suspension(inv, a, &s->suspended, &err) < 0 ||
	    inventory_conditions(inv, a, &conditions, &n, &err) < 0 ||
	    inventory_manifests(inv, a, ret, ret_n, &err) < 0)
		LOG(LEVEL_WARNING, "store-not-read", F_TEXT("message", err.text));
	inventory_close(inv);
	s->memory = memory_join(nothing, conditions, n);
	memory_free(nothing);
}

static int listen_to_people(struct service *s) {
	const char *listen = s->setup->session.config.agent.listen;
	const char *control = session_control(&s->setup->session);
	struct error err;
	int r = control_start(&s->loop, control, verbs(s), &s->control, &err);

	if (r < 0) {
		fprintf(stderr, "mbxctl: %s\n", err.text);
		return r == ERR_LOCKED ? EXIT_REFUSED : EXIT_FAILED;
	}
	if (http_start(listen ? listen : LISTEN_DEFAULT, STALL_SECONDS, &s->http, &err) < 0) {
		/* Of a port that nobody asked for, nobody needs to hear much. */
		if (!listen) {
			LOG(LEVEL_WARNING, "no-pages", F_TEXT("message", err.text));
			return 0;
		}
		fprintf(stderr, "mbxctl: %s\n", err.text);
		control_stop(s->control);
		return EXIT_FAILED;
	}
	return 0;
}

static void start_handles(struct service *s) {
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };

	for (int i = 0; i < 3; i++) {
		uv_signal_init(&s->loop, s->signals + i);
		uv_signal_start(s->signals + i, on_signal, numbers[i]);
	}
	uv_timer_init(&s->loop, &s->tick);
	uv_timer_init(&s->loop, &s->due);
	uv_timer_init(&s->loop, &s->deadline);
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	uv_prepare_init(&s->loop, &s->prepare);
	uv_prepare_start(&s->prepare, on_prepare);
	s->threads = pass_threads_start(&s->loop);
	s->store = worker_start(&s->loop);
	s->pool = worker_start(&s->loop);
}

static void tell_start(const struct service *s) {
	const struct session *session = &s->setup->session;

	LOG(LEVEL_INFO, "started", F_TEXT("version", MBXCTL_VERSION), F_INT("pid", getpid()),
	    F_TEXT("mode", session->config.agent.enforce ? "enforce" : "observe"),
	    F_TEXT("config", session->config.file), F_TEXT("store", session->store_uri),
	    F_TEXT("directory", session->directory_uri),
	    F_TEXT("control", session_control(&s->setup->session)),
	    F_TEXT("listen", s->http ? http_address(s->http) : NULL));
	if (s->suspended.is)
		LOG(LEVEL_WARNING, "suspended", F_TEXT("reason", s->suspended.reason),
		    F_TIME("since", s->suspended.since), F_TIME("until", s->suspended.until));
}

static int start(struct service *s, struct arena *a) {
	struct manifest_row *good;
	size_t n_good;
	int code = setup_read(s->o, &s->setup, stderr);

	if (!code)
		code = take_lock(s);
	if (code)
		return code;
	s->suspended_arena = arena_new();
	s->suspended = (struct suspension){ .reason = "", .until = TIMESTAMP_NONE };
	remember(s, a, &good, &n_good);
	service_look_at_windows(s, false);
	uv_loop_init(&s->loop);
	(void)uv_loop_configure(&s->loop, UV_METRICS_IDLE_TIME);
	/* Whoever finds the socket may end us. */
	start_handles(s);
	code = listen_to_people(s);
	if (code)
		return code;
	tell_start(s);
	struct reader_setup setup = { .paths = s->setup->session.paths,
		                      .config = &s->setup->session.config,
		                      .good = good,
		                      .n_good = n_good,
		                      .taken = on_taken,
		                      .context = s };
	s->reader = reader_start(&s->loop, &setup);
	if (reader_trouble(s->reader))
		LOG(LEVEL_WARNING, "not-watching", F_TEXT("message", reader_trouble(s->reader)));
	publish(s);
	return 0;
}

int service_run(const struct options *o, struct arena *a) {
	struct service *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->o = o;
	s->started = s->directory.since = (int64_t)time(NULL);
	s->last_success = TIMESTAMP_NONE;
	int code = start(s, a);
	if (code)
		return code;
	uv_run(&s->loop, UV_RUN_DEFAULT);
	/* Nobody waits for threads that may hang in a directory: the process ends with them. */
	control_stop(s->control);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	http_stop(s->http);
	lock_release(s->lock);
	LOG(LEVEL_INFO, "stopped", F_INT("exit", s->exit_code));
	return s->exit_code;
}
