/*
 * after -- an entry as a write will leave it: what filters and archives are decided on.
 *
 * Private to reconcile/.
 */
#pragma once

#include "reconcile/filter.h"
#include "reconcile/plan.h"

/* A copy of the entry with the directory's changes of `item` made. */
const struct entry *after_item(struct arena *a, const struct entry *e, const struct item *item);

/* An entry as a filter sees it; attributes in `hidden` (ended by ATTR_COUNT) count as absent. */
struct after_subject {
	const struct entry *entry;
	const enum attribute *hidden;
	struct arena *a;
};
enum verdict after_matches(const struct after_subject *s, const struct filter *f);
