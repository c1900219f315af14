/*
 * leave -- what the agent leaves for now, though the plan would write it.
 *
 * A hold is a person's business, and is not asked about here. Left are all connections while the
 * agent may not write (it is suspended, or no window is open), one whose last write failed until
 * its time has come, and one that another writer undid three times: whoever is right, two programs
 * that correct each other help nobody.
 */
#pragma once

#include "agent/service/memory.h"
#include "reconcile/plan.h"

enum {
	OSCILLATION_TIMES = 3,
	OSCILLATION_SECONDS = 24 * 60 * 60 /* between two of them; later it starts anew */
};

/* Codes of what is left; with those of reasons and holds they are what attention is about. */
#define LEFT_OSCILLATING "oscillating"
#define LEFT_BACKING_OFF "backing-off"
#define LEFT_SUSPENDED   "agent-suspended"
#define LEFT_WINDOW      "window-closed"

struct leave {
	struct arena *a; /* of the messages */
	const struct memory *memory;
	int64_t now;
	const char *code; /* LEFT_SUSPENDED or LEFT_WINDOW: nothing at all is written; NULL */
	const char *why;  /* a sentence to that */
};

/* NULL: it is not left. *ret_code (may be NULL) is one of the above. */
const char *leave_item(const struct leave *l, const struct item *item, const char **ret_code);

/*
 * What is known of a connection after this write was applied: is it that others undid what was
 * written before? Of drift alone; a wish that is new, or is edited, starts anew. `row` is changed.
 */
void leave_count_undone(struct arena *a, const struct item *item, int64_t now,
                        struct condition_row *row);

/*
 * The same of one that was not written. `row->code` is what stands in its way: `oscillating` stays,
 * however long it takes, until somebody sees to it. If it is in order again, somebody did: a day
 * later it starts anew.
 */
void leave_count_left(const struct item *item, int64_t now, struct condition_row *row);
