#include "agent/survey.h"

#include <uv.h>

#include "reconcile/beside.h"
#include "reconcile/rulebook.h"

/* Connections are decided apart from each other: as many at a time as there are processors. */
struct slice {
	struct survey *s;
	const struct settings *settings;
	int64_t now;
	bool archives;     /* of which kind */
	size_t begin, end; /* of the connections */
	struct arena *a;   /* of the items that are settled */
	struct arena *scratch;
	struct keys needs; /* of this round, in an arena of their own; doubles stay */
	bool settled;
	bool alone; /* no thread could be had for it */
	uv_thread_t thread;
};

static size_t slices_for(size_t n) {
	enum { WORTHWHILE = 1000, MOST = 16 };
	size_t most = n / WORTHWHILE + 1, processors = uv_available_parallelism();

	if (processors < most)
		most = processors;
	return most < MOST ? most : MOST;
}

void survey_begin(struct survey *s, const struct connection *const *connections,
                  const struct done *const *done, size_t n) {
	*s = (struct survey){ .a = arena_new(), .connections = connections, .done = done, .n = n };
	s->world = world_new(s->a);
	s->items = ARENA_ARRAY(s->a, struct item, n);
	s->settled = ARENA_ARRAY(s->a, bool, n);
	s->n_slices = slices_for(n);
	s->slices = ARENA_ARRAY(s->a, struct slice, s->n_slices);
	for (size_t i = 0; i < s->n_slices; i++)
		s->slices[i] = (struct slice){ .s = s,
			                       .begin = n * i / s->n_slices,
			                       .end = n * (i + 1) / s->n_slices,
			                       .a = arena_new(),
			                       .scratch = arena_new() };
	for (size_t i = 0; i < n; i++)
		s->archives |= connections[i]->archive;
}

void survey_end(struct survey *s) {
	if (!s->a)
		return;
	if (s->asked)
		keys_done(&s->needs);
	arena_free(s->asked);
	for (size_t i = 0; i < s->n_slices; i++) {
		arena_free(s->slices[i].a);
		arena_free(s->slices[i].scratch);
	}
	beside_free(s->beside);
	world_free(s->world);
	arena_free(s->a);
	*s = (struct survey){ 0 };
}

static void plan_one(struct slice *slice, size_t i) {
	struct survey *s = slice->s;
	struct arena_mark mark = arena_mark(slice->scratch);
	size_t asked = slice->needs.asked;
	struct item *item = s->items + i;

	if (s->done)
		plan_undo(slice->scratch, s->connections[i], s->done[i], s->world, slice->now,
		          beside_user(s->beside, s->done[i]->user), &slice->needs, item);
	else
		plan_connection(slice->scratch, s->connections[i], s->world, slice->settings,
		                slice->now, s->beside, &slice->needs, item);
	s->settled[i] = slice->needs.asked == asked;
	if (s->settled[i])
		item_keep(slice->a, slice->scratch, item,
		          i > slice->begin && s->settled[i - 1] ? item - 1 : NULL);
	arena_release(slice->scratch, mark);
}

static void plan_slice(void *arg) {
	struct slice *slice = arg;
	struct survey *s = slice->s;

	slice->settled = true;
	for (size_t i = slice->begin; i < slice->end; i++) {
		if (s->connections[i]->archive != slice->archives)
			continue;
		if (!s->settled[i])
			plan_one(slice, i);
		slice->settled &= s->settled[i];
	}
}

/* The first slice is this thread's own; where none can be had for another, that is as well. */
static void plan_slices(struct survey *s) {
	for (size_t i = 1; i < s->n_slices; i++)
		if (uv_thread_create(&s->slices[i].thread, plan_slice, s->slices + i) != 0) {
			s->slices[i].alone = true;
			plan_slice(s->slices + i);
		}
	plan_slice(s->slices);
	for (size_t i = 1; i < s->n_slices; i++)
		if (!s->slices[i].alone)
			(void)uv_thread_join(&s->slices[i].thread);
}

/* Plans those of one kind that are not settled; true when all of them are. */
static bool plan_kind(struct survey *s, bool archives, const struct settings *settings,
                      int64_t now) {
	bool all = true;

	if (archives && !s->archives)
		return true;
	for (size_t i = 0; i < s->n_slices; i++) {
		struct slice *slice = s->slices + i;
		slice->settings = settings;
		slice->now = now;
		slice->archives = archives;
		slice->alone = false;
		slice->needs = (struct keys){ .arena = arena_new() };
	}
	plan_slices(s);
	for (size_t i = 0; i < s->n_slices; i++) {
		struct slice *slice = s->slices + i;
		for (size_t k = 0; k < slice->needs.n; k++)
			keys_add_to(&s->needs, slice->needs.v[k].directory, slice->needs.v[k].kind,
			            slice->needs.v[k].text);
		arena_free(slice->needs.arena);
		all &= slice->settled;
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
	if (!s->beside && s->archives)
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
