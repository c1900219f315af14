/*
 * recover -- what a write that was begun and never closed has come to.
 *
 * The directory was to be written first and the store after it; a crash leaves an open intent.
 * Pure: it looks at the entry as it is now and says how the intent is to be closed.
 */
#pragma once

#include "reconcile/plan.h"

enum recovery {
	RECOVERY_LEAVE, /* it could not be read: the intent stays open */
	RECOVERY_DONE,  /* the write arrived; the store has to follow */
	RECOVERY_DROP,  /* it never arrived; the connection is planned as usual */
	RECOVERY_FAILED /* neither the one nor the other */
};

/*
 * `entry`: the user's entry, NULL where it is gone. `changes`: those of the directory that were
 * begun. Attributes that somebody changed since the write do not undo it: an entry that carries
 * the mailbox's GUID by this write is ours. *ret_why says why it failed.
 */
enum recovery recover(const struct entry *entry, const struct change *changes, size_t n,
                      struct arena *a, const char **ret_why);

/*
 * What only one object may hold, of what a write put there: the mailbox's GUID, the alias, the
 * addresses, the legacyExchangeDN and the master account. No Modify can guard it; it is searched
 * for afterwards, on the server that was written (elsewhere.h; NULL: the config's own).
 */
void second_holder_keys(const struct change *changes, size_t n, const char *server,
                        struct keys *needs);

/*
 * Another object that holds one of them, for messages: `address ... belongs to ...`; else NULL.
 * *ret_code (NULL is fine) is that of the reason which a plan would give. What could not be looked
 * up says so in *ret_unknown (NULL is fine); nobody is named then.
 */
const char *second_holder(const struct entry *entry, const struct change *changes, size_t n,
                          const struct world *w, const char *server, struct arena *a,
                          const char **ret_code, const char **ret_unknown);

/* The changes that take others back: exactly what they wrote, on condition that it is there. */
struct change *reversed(struct arena *a, const struct change *changes, size_t n);

/* One sentence on how a decision made anew differs from the one that was shown. */
const char *stale_message(struct arena *a, const struct item *shown, const struct item *anew);
