/*
 * ldif_write -- the bytes of a file with some of its entries edited.
 *
 * Bytes that nobody changed are copied. In an edited entry a line goes where its value goes; new
 * lines stand behind the last one of their attribute, else at the end, in the file's own manner.
 */
#pragma once

#include "store/directory/ldif_draft.h"
#include "store/directory/ldif_edit.h"

/* `file`: the bytes that the edits' snapshot was read from. ERR_IO. */
int ldif_write(const struct ldif_edits *e, const struct ldif_bytes *file, struct ldif_draft *d,
               struct error *err) MUST_USE;
