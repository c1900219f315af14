/*
 * memory -- how each connection fares from pass to pass: since when it is blocked, how often its
 * write failed, how often others undid it.
 *
 * One memory is made by one pass from the one before and never changes afterwards. What it says
 * of a connection is a row as the store keeps it (store/inventory/memory.h); a connection of which
 * there is nothing to say has none.
 */
#pragma once

#include "store/inventory/memory.h"

struct memory;

/* An empty one; memory_free() NULL is fine, returns NULL. */
struct memory *memory_new(void);
struct memory *memory_free(struct memory *m);
struct arena *memory_arena(struct memory *m);

/* The row's texts must live in its arena. One that says nothing is not kept. */
void memory_put(struct memory *m, const struct condition_row *row);

/* An empty row where there is none; borrowed. */
struct condition_row memory_of(const struct memory *m, struct arena *scratch, const char *manifest,
                               const char *name);
bool memory_says(const struct condition_row *row); /* anything at all? */
bool memory_same(const struct condition_row *a, const struct condition_row *b);

/*
 * What the store has is what counts for failures and what others undid (a person's apply makes them
 * empty there); what stands in the way, and since when, the memory knows better, unless it is new.
 */
struct memory *memory_join(const struct memory *m, const struct condition_row *stored, size_t n);

/* Every row, in no order. */
const struct condition_row *memory_next(const struct memory *m, const struct condition_row *row);
size_t memory_count(const struct memory *m);
/* Seconds until the earliest next try among them, none where it is due or the clock was set back
 * meanwhile; INT64_MAX where there is no such row. */
int64_t memory_wait(const struct memory *m, int64_t now);
