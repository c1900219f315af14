/*
 * turns -- in which order the items of a pass are carried out.
 *
 * The first to be purged first, those without a purge date last, ties as the manifests have them.
 * Of a user's primary and archive the one that the other builds on goes before it; the other then
 * takes its own turn, or the next one if that has passed. Knows nothing of how one is carried out.
 */
#pragma once

#include "reconcile/plan.h"

/* Sorts; the items must stand in the order of the manifests in memory, whatever the list's is. */
void turns_sort(struct item **items, size_t n);
