/*
 * away -- servers beside the config's own that did not answer, and when each is asked again.
 *
 * Silence costs a pass its timeout. For the one pass of a command that is all there is to it; the
 * agent makes pass after pass, and what one of them waited for in vain the next ones do not ask
 * again before its time has come: the longer it is away, the more seldom, once a minute at last.
 * One of these belongs to a pass while it runs, on whatever thread, and is the next one's
 * beginning. Names are those of reconcile/elsewhere.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct absence {
	const char *name;
	const char *message;     /* of the last failure */
	int64_t failures, since; /* in a row; when the first of them was */
	uint64_t next_try;       /* by uv_hrtime(); 0: any time */
	/* by the pass that it belongs to: */
	bool wanted, failed, answered;
};

struct away {
	struct arena *a;
	uint32_t random; /* that spreads the tries */
	struct absence *v;
	size_t n, cap;
};

/* Nobody is away where `from` is NULL. `at_once`: each may be asked at any time. */
struct away *away_copy(const struct away *from, bool at_once, uint32_t random);
struct away *away_free(struct away *w); /* NULL is fine; returns NULL */

/* Why it is not to be asked yet; NULL: it is. It is wanted from now on. */
const char *away_why(struct away *w, const char *name, uint64_t now);

/* What came of it. `now` as above, `clock` in seconds since 1970. */
void away_failed(struct away *w, const char *name, const char *message, uint64_t now,
                 int64_t clock);
void away_answered(struct away *w, const char *name);

/* Forgets those that are back, and after a plan that lacked nobody's wishes (`whole`) those that
 * nobody wants any more. */
void away_forget(struct away *w, bool whole);

/* Milliseconds until the first of them is to be asked; INT64_MAX: nobody is away. */
int64_t away_wait_ms(const struct away *w, uint64_t now);
