/*
 * undo -- what takes back what a run did to one connection.
 *
 * Each attribute that the run wrote goes back to what it was, where it still has the value that
 * the run wrote; the others are left alone and listed. Pure, like every plan; carried out like
 * every plan, after looking again.
 */
#pragma once

#include "reconcile/plan.h"

/* What the audit says that a run did to one connection. */
struct done {
	const char *manifest, *name, *mailbox_text, *user_text;
	int64_t run;
	struct guid mailbox;
	bool archive;
	const char *user, *dn; /* entry.identity, and the DN it had */
	const struct change *changes;
	size_t n;
	bool connected; /* it was a connect */
	bool row;       /* it set the mailbox's row to `connected` */
};

/* `struct connection` for messages and for the audit: the name that it had. */
struct connection undo_connection_of(struct arena *a, const struct done *done);

/*
 * Decides one. An undone connect is ACTION_DISCONNECT; an undone update ACTION_UPDATE; NONE where
 * nothing is left to take back; what cannot be read is UNKNOWN. `c` is undo_connection_of()'s.
 * `earlier` is the item that takes the same user's archive back, which goes first; NULL: none.
 */
void plan_undo(struct arena *a, const struct connection *c, const struct done *done,
               const struct world *w, int64_t now, const struct item *earlier, struct keys *needs,
               struct item *ret);
