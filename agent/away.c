#include "agent/away.h"

#include <stdlib.h>
#include <string.h>

#include "agent/service/backoff.h"

enum { NS_PER_MS = 1000000 };

struct away *away_copy(const struct away *from, bool at_once, uint32_t random) {
	struct arena *a = arena_new();
	struct away *w = ARENA_NEW(a, struct away);

	*w = (struct away){ .a = a, .random = random };
	for (size_t i = 0; from && i < from->n; i++) {
		const struct absence *old = from->v + i;
		struct absence one = { .name = arena_strdup(a, old->name),
			               .message = arena_strdup(a, old->message),
			               .failures = old->failures,
			               .since = old->since,
			               .next_try = at_once ? 0 : old->next_try };
		ARENA_PUSH(a, w, one);
	}
	return w;
}

struct away *away_free(struct away *w) {
	if (w)
		arena_free(w->a);
	return NULL;
}

static struct absence *find(struct away *w, const char *name) {
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i].name, name) == 0)
			return w->v + i;
	return NULL;
}

const char *away_why(struct away *w, const char *name, uint64_t now) {
	struct absence *one = find(w, name);

	if (!one)
		return NULL;
	one->wanted = true;
	return one->next_try > now ? one->message : NULL;
}

void away_failed(struct away *w, const char *name, const char *message, uint64_t now,
                 int64_t clock) {
	struct absence *one = find(w, name);

	if (!one) {
		struct absence fresh = { .name = arena_strdup(w->a, name), .since = clock };
		ARENA_PUSH(w->a, w, fresh);
		one = w->v + w->n - 1;
	}
	one->failures++;
	one->message = arena_strdup(w->a, message);
	one->next_try =
	        now +
	        (uint64_t)backoff_ms(one->failures, BACKOFF_DIRECTORY_MAX, w->random) * NS_PER_MS;
	one->wanted = one->failed = true;
	one->answered = false;
}

void away_answered(struct away *w, const char *name) {
	struct absence *one = find(w, name);

	if (one)
		one->answered = true;
}

void away_forget(struct away *w, bool whole) {
	size_t kept = 0;

	for (size_t i = 0; i < w->n; i++)
		if (!w->v[i].answered && (w->v[i].wanted || !whole))
			w->v[kept++] = w->v[i];
	w->n = kept;
}

int64_t away_wait_ms(const struct away *w, uint64_t now) {
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; w && i < w->n; i++)
		if (w->v[i].next_try < first)
			first = w->v[i].next_try;
	if (first == UINT64_MAX)
		return INT64_MAX;
	return first > now ? (int64_t)((first - now) / NS_PER_MS) + 1 : 0;
}
