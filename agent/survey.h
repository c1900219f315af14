/*
 * survey -- a world that grows until a set of connections can be decided from it.
 *
 * The planner says what it needs, the two halves of store/ are asked, and so on in rounds. The
 * same survey makes a plan and looks again right before a write. Each function is one step, for
 * the thread that its comment names; agent/pass.c takes them in turn. Deciding is a pure function
 * of a world that nobody writes meanwhile, so a large survey is decided on several threads.
 */
#pragma once

#include "reconcile/plan.h"
#include "reconcile/undo.h"

struct survey {
	struct arena *a;      /* of the world and the items */
	struct arena *asked;  /* of the keys of one round */
	struct slice *slices; /* of the connections: each is decided by a thread of its own */
	size_t n_slices;
	bool archives; /* some connection is of one */
	struct world *world;
	const struct connection *const *connections;
	const struct done *const *done; /* of an undo: by connection; else NULL */
	size_t n;
	struct item *items;
	bool *settled;
	struct keys needs;
	bool claimed;          /* claims were judged once */
	struct beside *beside; /* the primaries, for the archives; once all are settled */
};

void survey_begin(struct survey *s, const struct connection *const *connections,
                  const struct done *const *done, size_t n);
void survey_end(struct survey *s);

/*
 * The items as a plan, once all are settled, with what shows only over all of them: claims. False
 * where the archives have to be decided once more, because claims changed what the primaries come
 * to: go on with survey_plan(), then judge again.
 */
bool survey_judge(struct survey *s, struct plan *plan);

/* Any thread: decides what can be decided. True once nothing is needed any more. */
bool survey_plan(struct survey *s, const struct settings *settings, int64_t now);
