#include "agent/choose.h"

#include <stdlib.h>

/* One half of a user's primary and archive. */
struct half {
	const struct entry *user;
	bool archive;
};

static int by_user(const void *a, const void *b) {
	const struct half *x = a, *y = b;

	if (x->user != y->user)
		return (uintptr_t)x->user < (uintptr_t)y->user ? -1 : 1;
	return x->archive - y->archive;
}

static size_t chosen_halves(struct pass *p, struct half *halves) {
	size_t n = 0;

	for (size_t i = 0; i < p->plan.n; i++) {
		const struct item *item = p->plan.items + i;
		if (p->chosen[i])
			halves[n++] = (struct half){ item->user, item->connection->archive };
	}
	qsort(halves, n, sizeof(*halves), by_user);
	return n;
}

/* An archive goes with its primary, which comes first; of an undo it is the other way round. */
static size_t drop_lonely(struct pass *p) {
	struct half *halves = ARENA_ARRAY(p->a, struct half, p->plan.n + 1);
	size_t n = chosen_halves(p, halves), dropped = 0;

	for (size_t i = 0; i < p->plan.n; i++) {
		struct item *item = p->plan.items + i;
		struct half other = { item->user, !item->connection->archive };
		if (!p->chosen[i] || !item->after_partner ||
		    bsearch(&other, halves, n, sizeof(*halves), by_user))
			continue;
		p->chosen[i] = false;
		item->outcome = OUTCOME_NOT_ATTEMPTED;
		item->message = "what it builds on is not written in this run";
		dropped++;
	}
	return dropped;
}

size_t choose_items(struct pass *p, bool held_too, choose_leave *leave, void *context) {
	size_t n = 0;

	for (size_t i = 0; i < p->plan.n; i++) {
		struct item *item = p->plan.items + i;
		if (!item_writes(item))
			continue;
		bool held = item->holds.n && !held_too;
		const char *why = held || !leave ? NULL : leave(context, item);
		p->chosen[i] = !held && !why;
		item->outcome = held ? OUTCOME_HELD : why ? OUTCOME_NOT_ATTEMPTED : OUTCOME_NONE;
		item->message = why;
		n += p->chosen[i];
	}
	return n - drop_lonely(p);
}
