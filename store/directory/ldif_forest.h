/*
 * ldif_forest -- whether a file holds something of every domain of its forest.
 *
 * An export of one domain says nothing about the others: who is not found in it may well be there.
 */
#pragma once

#include "store/directory/ldif_read.h"

/* Leaves in `gaps` the domains that the file's crossRefs name and of which it holds no entry. */
void ldif_forest(struct ldif_snapshot *s);
