/*
 * table -- texts that can be found again, with what belongs to them.
 *
 * For the many: ten of them for every connection of a plan. What uthash keeps of each would take
 * more room than they do, and finding one more cache misses; this one is open addressing over a
 * hash and a pointer. `{0}` is an empty one. Nothing is taken out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct table {
	struct table_ref *v;
	size_t n, cap; /* a power of two; a quarter is free */
};

/*
 * The table's own copy of the text, with zeroed room for `head` bytes in front of it; made in the
 * arena if it is new (*ret_new). It never moves. `head` is a multiple of what the room's type is
 * aligned to, and the same for all of a table.
 */
char *table_put(struct arena *a, struct table *t, size_t head, const char *text, bool *ret_new);

/* NULL: it is not there. */
char *table_find(const struct table *t, const char *text);

void table_clear(struct table *t); /* the texts stay the arena's */
