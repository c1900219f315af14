#include "agent/service/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/manifests.h"
#include "agent/service/watch_table.h"

#define SECOND UINT64_C(1000000000)

enum { PATIENCE = 5 * 60, REMEMBERED = 60 }; /* seconds */

/* What happened to one file, by watch_key(). */
struct trace {
	char key[WATCH_KEY];
	uint64_t at; /* uv_hrtime() */
	bool open;   /* written to, and not closed since */
	UT_hash_handle hh;
};

struct watch {
	uv_poll_t poll;
	int fd;
	watch_changed *changed;
	void *context;
	uint64_t patience; /* ns */
	uint64_t overflows;
	uv_mutex_t mutex; /* of what follows, while a worker may be arming */
	struct watch_table *table;
	struct trace *traces;
	uint32_t moving; /* cookie of a file that was moved while open; 0: none */
};

/* ---- traces ---- */

static struct trace *trace_of(const struct watch *w, const char *key) {
	struct trace *found;

	HASH_FIND_STR(w->traces, key, found);
	return found;
}

static void forget(struct watch *w, struct trace *trace) {
	HASH_DEL(w->traces, trace);
	free(trace);
}

static void forget_all(struct watch *w) {
	struct trace *trace, *next;

	HASH_ITER(hh, w->traces, trace, next)
	forget(w, trace);
}

/* Those that say nothing any more. */
static void forget_old(struct watch *w) {
	uint64_t now = uv_hrtime();
	struct trace *trace, *next;

	HASH_ITER(hh, w->traces, trace, next) {
		int wd = atoi(trace->key);
		uint64_t age = now - trace->at;
		bool old = age > (trace->open ? w->patience : REMEMBERED * SECOND);
		if (old || !watch_table_folder(w->table, wd))
			forget(w, trace);
	}
}

static void leave_trace(struct watch *w, const char *key, bool open) {
	struct trace *trace = trace_of(w, key);

	if (!trace) {
		trace = calloc(1, sizeof(*trace));
		if (!trace)
			abort();
		strcpy(trace->key, key);
		HASH_ADD_STR(w->traces, key, trace);
	}
	trace->at = uv_hrtime();
	trace->open = open;
}

/* A file that is moved while somebody writes to it is written to under its new name. */
static void trace_event(struct watch *w, const struct inotify_event *e, const char *key) {
	const struct trace *before = trace_of(w, key);

	if (e->mask & IN_MOVED_FROM)
		w->moving = before && before->open ? e->cookie : 0;
	if (e->mask & IN_MODIFY)
		leave_trace(w, key, true);
	else if (e->mask & IN_MOVED_TO)
		leave_trace(w, key, w->moving && w->moving == e->cookie);
	else if (e->mask & (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM))
		leave_trace(w, key, false);
}

/* ---- events ---- */

enum { WRITES = IN_MODIFY, COMES_AND_GOES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO };

/* May this name in a folder of manifests be one, or a folder of them? */
static bool may_matter(const struct inotify_event *e) {
	if (*e->name == '.')
		return false;
	/* What comes under another name may be a link to a folder. */
	return (e->mask & (IN_ISDIR | COMES_AND_GOES)) || manifests_is_name(e->name);
}

/*
 * Is it a reason to look? Being written is none before it ends: nothing would be taken, and the
 * end is told.
 */
static bool take_event(struct watch *w, const struct inotify_event *e) {
	struct watch_folder *folder = w->table ? watch_table_folder(w->table, e->wd) : NULL;
	char key[WATCH_KEY];

	if (e->mask & IN_Q_OVERFLOW) {
		w->overflows++;
		forget_all(w); /* ends of writing may be among what was lost */
		return true;
	}
	if (!e->len)
		return folder || !(e->mask & IN_IGNORED);
	watch_key(e->wd, e->name, key);
	/* An unknown folder is one that is just being armed. */
	if (folder && !watch_table_has(w->table, key) && !(folder->everything && may_matter(e))) {
		if (folder->everything && *e->name != '.')
			trace_event(w, e, key);
		return false;
	}
	trace_event(w, e, key);
	return e->mask & ~(uint32_t)WRITES;
}

/* Reads all that waited when it was called; true: there is a reason to look. */
static bool take_events(struct watch *w) {
	char buffer[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool reason = false;
	int waiting = 0;

	if (ioctl(w->fd, FIONREAD, &waiting) != 0)
		return false;
	uv_mutex_lock(&w->mutex);
	while (waiting > 0) {
		ssize_t n = read(w->fd, buffer, sizeof(buffer));
		if (n <= 0)
			break;
		for (const char *p = buffer; p < buffer + n;) {
			const struct inotify_event *e = (const void *)p;
			reason |= take_event(w, e);
			p += sizeof(*e) + e->len;
		}
		waiting -= (int)n;
	}
	uv_mutex_unlock(&w->mutex);
	return reason;
}

void watch_catch_up(struct watch *w) {
	if (take_events(w))
		w->changed(w->context);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
	(void)status;
	(void)events;
	watch_catch_up(poll->data);
}

/* ---- from outside ---- */

int watch_start(uv_loop_t *loop, watch_changed *changed, void *context, struct watch **ret,
                struct error *err) {
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return error_set(err, ERR_IO, "cannot watch any folder: %s%s", strerror(errno),
		                 errno == EMFILE ? "; raise fs.inotify.max_user_instances" : "");
	struct watch *w = calloc(1, sizeof(*w));
	if (!w || uv_mutex_init(&w->mutex) || uv_poll_init(loop, &w->poll, fd))
		abort();
	w->poll.data = w;
	w->fd = fd;
	w->changed = changed;
	w->context = context;
	w->patience = PATIENCE * SECOND;
	if (uv_poll_start(&w->poll, UV_READABLE, on_readable))
		abort();
	*ret = w;
	return OK;
}

static void on_closed(uv_handle_t *handle) {
	struct watch *w = handle->data;

	close(w->fd);
	forget_all(w);
	watch_table_free(w->table);
	uv_mutex_destroy(&w->mutex);
	free(w);
}

void watch_stop(struct watch *w) {
	if (w)
		uv_close((uv_handle_t *)&w->poll, on_closed);
}

bool watch_arm(struct watch *w, const char *const *paths, struct error *err) {
	struct watch_table *now = watch_table_new(w->fd, paths, err);
	bool whole = !now->failed;

	uv_mutex_lock(&w->mutex);
	struct watch_table *before = w->table;
	w->table = now;
	forget_old(w);
	uv_mutex_unlock(&w->mutex);
	/* Only now, so that the events that tell the end of a watch find it unknown. */
	for (struct watch_folder *f = before ? before->folders : NULL; f; f = f->hh.next)
		if (!watch_table_folder(now, f->wd))
			inotify_rm_watch(w->fd, f->wd);
	watch_table_free(before);
	return whole;
}

enum watch_state watch_state_of(const struct watch *w, const char *path, uint64_t since) {
	char key[WATCH_KEY];
	enum watch_state state = WATCH_UNKNOWN;

	const char *where = w->table ? watch_table_locate(w->table, path, key) : NULL;
	const struct trace *trace = where ? trace_of(w, where) : NULL;
	if (trace && trace->open)
		state = WATCH_OPEN;
	else if (trace)
		state = trace->at >= since ? WATCH_TOUCHED : WATCH_QUIET;
	return state;
}

void watch_set_patience(struct watch *w, uint64_t ms) {
	w->patience = ms * (SECOND / 1000);
}

uint64_t watch_overflows(const struct watch *w) {
	return w->overflows;
}
