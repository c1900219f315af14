#include "agent/service/windows.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/timestamp.h"
#include "spec/window.h"

enum { MINUTE = 60, DAY = 24 * 60 * MINUTE, AHEAD = 8 * DAY };

/* A time during which one window is open (or denies), `to` no longer in it. */
struct span {
	bool deny;
	int64_t from, to;
};
struct spans {
	struct span *v;
	size_t n, cap;
};

/* How far the clock on the wall is ahead of UTC. */
static int64_t offset_at(int64_t t) {
	time_t seconds = (time_t)t;
	struct tm tm;

	return localtime_r(&seconds, &tm) ? tm.tm_gmtoff : 0;
}

/* The first moment in (from, to] at which the offset is no longer that of `from`. */
static int64_t jump_between(int64_t from, int64_t to) {
	int64_t before = offset_at(from);

	while (to - from > 1) {
		int64_t middle = from + (to - from) / 2;
		if (offset_at(middle) == before)
			from = middle;
		else
			to = middle;
	}
	return to;
}

/* The first moment at which the clock on the wall, told as if it were UTC, shows `wall` or more. */
static int64_t moment_of(int64_t wall) {
	/* No zone is farther than this from UTC, and none jumps twice within so short a time. */
	int64_t from = wall - DAY, to = wall + DAY;
	int64_t before = offset_at(from), after = offset_at(to);

	if (before == after)
		return wall - before;
	int64_t jump = jump_between(from, to);
	if (wall - before < jump)
		return wall - before;
	return wall - after > jump ? wall - after : jump;
}

/* Keeps what of it lies in the days ahead. */
static void add(struct arena *a, struct spans *spans, const struct window *w, int64_t wall,
                int64_t now) {
	int64_t from = moment_of(wall);
	struct span span = { w->deny, from, from + w->seconds };

	if (span.to > now && span.from <= now + AHEAD)
		ARENA_PUSH(a, spans, span);
}

static void add_days(struct arena *a, struct spans *spans, const struct window *w,
                     const struct window_begin *begin, int64_t now) {
	int64_t first = (now - w->seconds) / DAY - 2, last = (now + AHEAD) / DAY + 2;

	/* The first of January 1970 was a Thursday. */
	for (int64_t day = first; day <= last; day++)
		if (begin->days >> (((day + 3) % 7 + 7) % 7) & 1)
			add(a, spans, w, day * DAY + (begin->hour * 60 + begin->minute) * MINUTE,
			    now);
}

static void add_window(struct arena *a, struct spans *spans, const struct window *w, int64_t now) {
	struct window_begin begin;
	int64_t wall = 0;
	const char *fault = window_parse(a, w->when, &begin);

	assert(!fault); /* the config was decoded without a problem */
	if (begin.days)
		add_days(a, spans, w, &begin, now);
	else if (timestamp_make(begin.year, begin.month, begin.day, begin.hour, begin.minute, 0,
	                        &wall))
		add(a, spans, w, wall, now);
}

static bool open_at(const struct spans *spans, bool always, int64_t t) {
	bool allowed = always;

	for (size_t i = 0; i < spans->n; i++) {
		const struct span *s = spans->v + i;
		if (t < s->from || t >= s->to)
			continue;
		if (s->deny)
			return false;
		allowed = true;
	}
	return allowed;
}

static int by_time(const void *pa, const void *pb) {
	const int64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* The first end or begin of a span behind which another answer holds than now. */
static int64_t change_after(struct arena *a, const struct spans *spans, bool always, int64_t now) {
	int64_t *edges = ARENA_ARRAY(a, int64_t, 2 * spans->n + 1);
	bool open = open_at(spans, always, now);
	size_t n = 0;

	for (size_t i = 0; i < spans->n; i++) {
		const int64_t both[] = { spans->v[i].from, spans->v[i].to };
		for (size_t k = 0; k < 2; k++)
			if (both[k] > now && both[k] <= now + AHEAD)
				edges[n++] = both[k];
	}
	qsort(edges, n, sizeof(*edges), by_time);
	for (size_t i = 0; i < n; i++)
		if (open_at(spans, always, edges[i]) != open)
			return edges[i];
	return TIMESTAMP_NONE;
}

struct windows_state windows_at(const struct window *windows, size_t n, int64_t now) {
	struct arena *a = arena_new();
	struct spans spans = { 0 };
	bool always = true;

	tzset();
	for (size_t i = 0; i < n; i++) {
		always = always && windows[i].deny;
		add_window(a, &spans, windows + i, now);
	}
	struct windows_state state = { .open = open_at(&spans, always, now),
		                       .changes = change_after(a, &spans, always, now) };
	arena_free(a);
	return state;
}
