/*
 * choose -- which items of a plan are carried out.
 */
#pragma once

#include "agent/pass.h"

/* Why an item is left this time, though nothing holds it; NULL: it is not. */
typedef const char *choose_leave(void *context, const struct item *item);

/*
 * Sets p->chosen and, of what would write and is left, the outcome: `held`, or `not-attempted` with
 * what `leave` (may be NULL) says. What builds on another item of the same user goes with it or not
 * at all. Returns how many are chosen.
 */
size_t choose_items(struct pass *p, bool held_too, choose_leave *leave, void *context);
