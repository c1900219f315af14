/*
 * export -- a connected mailbox as the connection that would have nothing to do.
 */
#pragma once

#include "reconcile/render_manifest.h"
#include "reconcile/world.h"

/* What must have been looked up before export_row() of these rows. */
void export_keys(struct keys *keys, const struct mailbox_row *rows, size_t n);

/*
 * False where the row is not the mailbox of one user of the five types, or an older trace of one
 * that was moved. What a manifest could not say without changing something is left out, with a
 * remark.
 */
bool export_row(struct arena *a, const struct mailbox_row *row, const struct world *w,
                struct manifest_entry *ret);

/* How a manifest names the user: UPN, DN, or GUID, the first that it can say. */
const char *export_user_text(struct arena *a, const struct entry *user);

/* Does nobody in the directory hold this mailbox? False also where that is not known. */
bool export_unowned(const struct mailbox_row *row, const struct world *w);
bool export_unknown(const struct mailbox_row *row, const struct world *w);
