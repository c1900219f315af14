/*
 * zone -- what a clock on the wall says in a time zone of the IANA database, as a moment.
 *
 * By libc, whose zone is the whole process's: between zone_enter() and zone_leave() no other
 * thread may ask for local time or change the environment.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct zone {
	bool entered; /* else it is UTC, and nothing was changed */
	char *before; /* TZ as it was; NULL: unset */
};

bool zone_is_known(const char *name); /* "Europe/Berlin", "UTC" */

/* NULL is UTC. False: there is no such zone. Declared with CLEANUP(zone_leave). */
bool zone_enter(struct zone *z, const char *name);
void zone_leave(struct zone *z);

/*
 * `wall` is the moment at which UTC's clock shows the same. Of a time that comes twice in the
 * autumn the earlier moment is meant: whatever is purged then is purged no later than we say. One
 * that the spring skips is reckoned as if the clock had not been put forward yet.
 */
int64_t zone_moment(const struct zone *z, int64_t wall);
