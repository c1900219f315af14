/*
 * beside -- the primary mailboxes that are connected or updated in the same plan as an archive.
 *
 * An archive is decided on the user's entry as the primary's write leaves it, so all primaries are
 * decided first. Borrowed items; it lives as long as they do.
 */
#pragma once

#include "reconcile/plan.h"

struct beside;

/* Of those items that write: the primaries, or the archives (which an undo takes back first). */
struct beside *beside_new(const struct item *items, size_t n, bool archives);
struct beside *beside_free(struct beside *b); /* NULL is fine; returns NULL */

/* The item that writes this user's, or NULL. */
const struct item *beside_user(const struct beside *b, const char *identity);

/* Users who get a primary whose row has this legacyExchangeDN: one item each. */
const struct item *const *beside_legacy_dn(const struct beside *b, const char *folded,
                                           size_t *ret_n);
