/*
 * findings -- what a pass found, condensed: what to look at, what is purged next, what was written.
 *
 * Made off the loop at the end of a pass, from its plan and what was remembered; makes the next
 * memory on the way, and logs what changed between the two: transitions, no repetitions.
 */
#pragma once

#include "agent/service/leave.h"
#include "agent/service/picture.h"

/* One more, one less; of the loop alone. unref: NULL is fine; returns NULL. */
struct findings *findings_ref(const struct findings *f);
struct findings *findings_unref(const struct findings *f);

struct findings_source {
	const struct plan *plan;
	const struct memory *memory; /* before the pass */
	const struct leave *leave;   /* by which it chose */
	bool enforce;
	uint32_t random; /* for the next tries */
};

/* The memory that follows; the findings' lists and sums. `f` is new, `f->ended` is now. */
struct memory *findings_make(struct findings *f, const struct findings_source *s);

/* Empty ones: what a pass that makes no plan ends with. */
struct findings *findings_new(void);
