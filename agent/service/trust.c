#include "agent/service/trust.h"

#include <time.h>

#define WRITING  "the file is just being written: what it held before stays until it is closed"
#define CHANGING "the file changes all the time: what it held before stays until it rests"
#define YOUNG    INT64_C(1000000000) /* ns */

static bool is_young(const struct looked *f) {
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - f->modified;
	return age >= 0 && age < YOUNG;
}

static enum watch_state state_of(const struct trust *t, const char *path) {
	return t->watch ? watch_state_of(t->watch, path, t->since) : WATCH_UNKNOWN;
}

static void distrust(struct trust *t, const char *path, const char *why) {
	look_distrust(t->latest, path, why);
	t->doubts++;
}

/* One that changed between the looks, or to which something was done. Does it count? */
static bool is_restless(struct trust *t, const char *path, bool give_up) {
	if (state_of(t, path) == WATCH_OPEN)
		return false;
	if (give_up)
		distrust(t, path, CHANGING);
	return true;
}

static bool any_restless(struct trust *t, const char *const *paths, bool give_up) {
	bool any = false;

	for (; *paths; paths++)
		any |= is_restless(t, *paths, give_up);
	return any;
}

/* What no event was seen of may have been written to just before it was watched. */
static bool any_touched(struct trust *t, bool give_up) {
	bool any = false;

	for (size_t i = 0; i < t->latest->n; i++) {
		const struct looked *f = t->latest->v + i;
		enum watch_state state = state_of(t, f->path);
		any |= state == WATCH_UNKNOWN && is_young(f);
		any |= state == WATCH_TOUCHED && is_restless(t, f->path, give_up);
	}
	return any;
}

bool trust_settled(struct trust *t, bool give_up) {
	if (t->watch)
		watch_catch_up(t->watch);
	const char *const *changed = look_changed(t->latest, t->earlier);
	const char *const *gone = look_changed(t->earlier, t->latest);
	/* Where no file differs, a folder does: it cannot be read, or can again. */
	bool settled = look_same(t->latest, t->earlier) || *changed || *gone;

	settled &= !any_touched(t, give_up);
	settled &= !any_restless(t, changed, give_up);
	settled &= !any_restless(t, gone, give_up);
	return settled;
}

void trust_not_open(struct trust *t) {
	for (size_t i = 0; i < t->latest->n; i++)
		if (state_of(t, t->latest->v[i].path) == WATCH_OPEN)
			distrust(t, t->latest->v[i].path, WRITING);
}
