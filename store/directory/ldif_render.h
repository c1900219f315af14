/*
 * ldif_render -- one edited entry as lines of LDIF.
 *
 * In an edited entry a line goes where its value goes; new lines stand behind the last one of
 * their attribute, else at the end. Every other byte stays.
 */
#pragma once

#include "base/buf.h"
#include "store/directory/ldif_edit.h"
#include "store/directory/ldif_name.h"

/*
 * `text` is the entry in the file, `newline` the file's own line break. What is made on the way
 * is left in `a`.
 */
void ldif_render(const struct ldif_edit *e, const char *text, size_t len, const char *newline,
                 struct ldif_names *names, struct arena *a, struct buf *out);

/* "\r\n" or "\n", as the first line ends; NULL where no line ends. */
const char *ldif_newline(const char *text, size_t len);
