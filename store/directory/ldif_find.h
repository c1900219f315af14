/*
 * ldif_find -- the answers to keys, from one sweep over the entries.
 */
#pragma once

#include "reconcile/world.h"
#include "store/directory/ldif_read.h"

/* Users are sought below `base`, configuration objects below `configuration`; NULL: everywhere. */
struct ldif_scope {
	const char *base, *configuration; /* normal */
};

void ldif_find(const struct ldif_snapshot *s, const struct ldif_scope *scope,
               const struct keys *keys, struct world *w);
