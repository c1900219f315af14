#include "agent/survey.h"

#include <string.h>

#include "reconcile/beside.h"
#include "reconcile/rulebook.h"

void survey_begin(struct survey *s, const struct connection *const *connections,
                  const struct done *const *done, size_t n) {
	*s = (struct survey){ .a = arena_new(), .connections = connections, .done = done, .n = n };
	s->world = world_new(s->a);
	s->items = ARENA_ARRAY(s->a, struct item, n);
	s->settled = ARENA_ARRAY(s->a, bool, n);
}

void survey_end(struct survey *s) {
	if (!s->a)
		return;
	if (s->asked)
		keys_done(&s->needs);
	arena_free(s->asked);
	beside_free(s->beside);
	world_free(s->world);
	arena_free(s->a);
	*s = (struct survey){ 0 };
}

static void plan_one(struct survey *s, size_t i, const struct settings *settings, int64_t now) {
	struct arena_mark mark = arena_mark(s->a);
	size_t asked = s->needs.asked;

	if (s->done)
		plan_undo(s->a, s->connections[i], s->done[i], s->world, now,
		          beside_user(s->beside, s->done[i]->user), &s->needs, s->items + i);
	else
		plan_connection(s->a, s->connections[i], s->world, settings, now, s->beside,
		                &s->needs, s->items + i);
	s->settled[i] = s->needs.asked == asked;
	if (!s->settled[i])
		arena_release(s->a, mark);
}

/* Plans those of one kind that are not settled; true when all of them are. */
static bool plan_kind(struct survey *s, bool archive, const struct settings *settings,
                      int64_t now) {
	bool all = true;

	for (size_t i = 0; i < s->n; i++) {
		if (s->connections[i]->archive != archive)
			continue;
		if (!s->settled[i])
			plan_one(s, i, settings, now);
		all &= s->settled[i];
	}
	return all;
}

bool survey_plan(struct survey *s, const struct settings *settings, int64_t now) {
	if (s->asked)
		keys_done(&s->needs);
	arena_free(s->asked);
	s->asked = arena_new();
	keys_init(&s->needs, s->asked);
	/* The configuration comes first: it says which attributes people are asked about. */
	if (!rulebook_ask(s->world, &s->needs))
		return false;
	/* An archive is decided on what the primaries' writes leave; an undo goes the other way. */
	bool archives_first = s->done != NULL;
	if (!plan_kind(s, archives_first, settings, now))
		return false;
	if (!s->beside)
		s->beside = beside_new(s->items, s->n, archives_first);
	return plan_kind(s, !archives_first, settings, now);
}

/* May an archive have been decided on a primary that is blocked after all? */
static bool primary_gone(const struct plan *plan) {
	bool archives = false, blocked = false;

	for (size_t i = 0; i < plan->n; i++) {
		archives |= plan->items[i].connection->archive;
		blocked |= has_reason(plan->items + i, "claimed-twice");
	}
	return archives && blocked;
}

static void reopen_archives(struct survey *s) {
	s->beside = beside_free(s->beside);
	for (size_t i = 0; i < s->n; i++)
		if (s->connections[i]->archive)
			s->settled[i] = false;
}

bool survey_judge(struct survey *s, struct plan *plan) {
	plan->items = s->items;
	plan->n = s->n;
	if (s->done)
		return true;
	plan_claims(s->a, plan, s->claimed);
	if (s->claimed || !primary_gone(plan))
		return true;
	s->claimed = true;
	reopen_archives(s);
	return false;
}
