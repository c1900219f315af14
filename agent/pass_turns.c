/* How many of the chosen are written at a time. */
#include <string.h>

#include "agent/pass.h"
#include "agent/turns.h"

void pass_take_turns(struct pass *p) {
	struct item **items = ARENA_ARRAY(p->a, struct item *, p->plan.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < p->plan.n; i++)
		if (p->chosen[i])
			items[n++] = p->plan.items + i;
	turns_sort(items, n);
	p->turns.v = ARENA_ARRAY(p->a, size_t, n + 1);
	p->turns.n = n;
	for (size_t i = 0; i < n; i++)
		p->turns.v[i] = (size_t)(items[i] - p->plan.items);
}

/* The other half of a user's primary and archive, of those whose turn it is or was; NULL: none. */
static const struct item *partner_of(const struct pass *p, const size_t *turns, size_t n,
                                     const struct item *item) {
	for (size_t i = 0; item->after_partner && i < n; i++) {
		const struct item *other = p->plan.items + turns[i];
		if (other->connection->archive != item->connection->archive &&
		    strcmp(other->user->identity, item->user->identity) == 0)
			return other;
	}
	return NULL;
}

/* Where all go at once, the two halves are told apart when they are compared. */
static bool may_go(struct pass *p, struct item *item, bool all_at_once) {
	const struct item *partner =
	        all_at_once ? NULL : partner_of(p, p->turns.v, p->turns.at, item);

	if (!partner || partner->outcome == OUTCOME_APPLIED)
		return true;
	item->outcome = OUTCOME_NOT_ATTEMPTED;
	item->message = "what it builds on was not written";
	return false;
}

static void look_at(struct pass *p, const size_t *turns, size_t n) {
	const struct connection **list = ARENA_ARRAY(p->a, const struct connection *, n + 1);
	const struct done **undone = ARENA_ARRAY(p->a, const struct done *, n + 1);

	for (size_t i = 0; i < n; i++) {
		list[i] = p->plan.items[turns[i]].connection;
		if (p->undone)
			undone[i] = p->undone[list[i] - p->connections.v];
	}
	p->look_index = ARENA_ARRAY(p->a, size_t, n + 1);
	memcpy(p->look_index, turns, n * sizeof(*turns));
	survey_end(&p->look);
	survey_begin(&p->look, list, p->undone ? undone : NULL, n);
	p->n_batch = 0;
}

/* What waits for its other half is decided on what that left: in a later window. */
bool pass_next_window(struct pass *p) {
	size_t most = directories_window(p->directories), n = 0;
	bool all = most == SIZE_MAX;
	size_t *turns;

	if (most > p->turns.n)
		most = p->turns.n;
	turns = ARENA_ARRAY(p->a, size_t, most + 1);
	while (p->turns.at < p->turns.n && n < most && !p->turns.stopped && !p->interrupted) {
		struct item *item = p->plan.items + p->turns.v[p->turns.at];
		if (!all && partner_of(p, turns, n, item))
			break;
		if (may_go(p, item, all))
			turns[n++] = p->turns.v[p->turns.at];
		p->turns.at++;
	}
	if (n)
		look_at(p, turns, n);
	return n > 0;
}
