/*
 * file -- whole files in and out.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * The whole content, freed by the caller. Only regular files are read (and `-`, standard input);
 * more than `max` bytes are ERR_INVALID, anything else that goes wrong ERR_IO.
 */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len,
              struct error *err) MUST_USE;

/* `path` as seen from the folder of the file `from` (which may be NULL). */
const char *file_beside(struct arena *a, const char *from, const char *path);
