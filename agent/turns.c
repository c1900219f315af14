#include "agent/turns.h"

#include <stdlib.h>

#include "base/timestamp.h"

/* `as` is the item whose turn it is: the item itself, or its other half, `after` which it goes. */
struct turn {
	struct item *item;
	const struct item *as;
	bool after;
};

static int by_user(const void *pa, const void *pb) {
	const struct item *a = ((const struct turn *)pa)->item;
	const struct item *b = ((const struct turn *)pb)->item;

	if (a->user != b->user)
		return a->user < b->user ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int by_urgency(const void *pa, const void *pb) {
	const struct turn *x = pa, *y = pb;
	const struct item *a = x->as, *b = y->as;
	bool dated_a = a->purge != TIMESTAMP_NONE, dated_b = b->purge != TIMESTAMP_NONE;

	if (dated_a != dated_b)
		return dated_a ? -1 : 1;
	if (a->purge != b->purge)
		return a->purge < b->purge ? -1 : 1;
	if (a != b)
		return a < b ? -1 : 1;
	return x->after - y->after;
}

/* What builds on another half goes right after it, if its own turn would come before. */
static void wait_for(struct turn *turn, const struct turn *other) {
	bool half = turn->item->user == other->item->user && turn->item->after_partner &&
	            turn->item->connection->archive != other->item->connection->archive;
	struct turn own = { turn->item, turn->item, false };
	struct turn next = { turn->item, other->item, true };

	if (half && by_urgency(&next, &own) > 0)
		*turn = next;
}

void turns_sort(struct item **items, size_t n) {
	struct turn *turns = calloc(n + 1, sizeof(*turns));

	if (!turns)
		abort();
	for (size_t i = 0; i < n; i++)
		turns[i] = (struct turn){ items[i], items[i], false };
	qsort(turns, n, sizeof(*turns), by_user);
	for (size_t i = 0; i + 1 < n; i++) {
		wait_for(turns + i, turns + i + 1);
		wait_for(turns + i + 1, turns + i);
	}
	qsort(turns, n, sizeof(*turns), by_urgency);
	for (size_t i = 0; i < n; i++)
		items[i] = turns[i].item;
	free(turns);
}
