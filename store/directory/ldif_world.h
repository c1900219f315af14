/*
 * ldif_world -- an entry of the file as one of the world.
 */
#pragma once

#include "reconcile/world.h"
#include "store/directory/ldif_read.h"

/* The world's own object for it: a copy in its arena, made at the first call. */
const struct entry *ldif_world_entry(const struct ldif_snapshot *s, const struct ldif_record *r,
                                     struct world *w);
