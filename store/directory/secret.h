/*
 * secret -- a password, or a key, in a file that nobody else may read.
 *
 * Whoever has it keeps it for one bind and wipes it. Reading one also sees to it that this process
 * leaves no core behind.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

/* ERR_INVALID: it is there and others may read or write it, or it is no regular file. */
int secret_check_file(const char *path, const char *what, struct error *err) MUST_USE;

/* ERR_INVALID also where its first line is empty. */
int secret_check(const char *path, const char *what, struct error *err) MUST_USE;

/* The first line, without its break; ended by a NUL. ERR_IO, ERR_INVALID. */
int secret_read(const char *path, const char *what, char **ret, size_t *ret_len,
                struct error *err) MUST_USE;
void secret_wipe(char *secret, size_t len); /* NULL is fine */

/* Before a secret is read by somebody else, a library: nobody may look into this process. */
void secret_leave_no_core(void);
