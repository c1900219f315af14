/*
 * survey -- a world that grows until a set of connections can be decided from it.
 *
 * The planner says what it needs, the two halves of store/ are asked, and so on in rounds. The
 * same survey makes a plan and looks again right before a write. Each function is one step, for
 * the thread that its comment names; agent/pass.c takes them in turn.
 */
#pragma once

#include "reconcile/plan.h"

struct survey {
	struct arena *a;     /* of the world and the items */
	struct arena *asked; /* of the keys of one round */
	struct world *world;
	const struct connection *const *connections;
	size_t n;
	struct item *items;
	bool *settled;
	struct keys needs;
};

void survey_begin(struct survey *s, const struct connection *const *connections, size_t n);
void survey_end(struct survey *s);

/* Any thread: decides what can be decided. True once nothing is needed any more. */
bool survey_plan(struct survey *s, const struct settings *settings, int64_t now);
