/*
 * ldif_file -- a file read whole, and known again later. Knows nothing of LDIF.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

enum { LDIF_DIGEST = 32 };

/* What tells whether a file is still the one that was read. */
struct ldif_stamp {
	struct stat stat;
	uint8_t digest[LDIF_DIGEST]; /* SHA-256 of its bytes */
};

struct ldif_bytes {
	char *data; /* ended by a NUL that is not counted */
	size_t len;
	struct ldif_stamp stamp;
};

/*
 * Reads a regular file of at most 2 GiB. ERR_IO: out of reach, or changed while it was read;
 * ERR_INVALID: no regular file, or too large. Without `digest` the stamp has none.
 */
int ldif_load(const char *path, bool digest, struct ldif_bytes *ret, struct error *err) MUST_USE;
void ldif_bytes_done(struct ldif_bytes *b);

/* The stamp of a file as it is now, without keeping its bytes. */
int ldif_stamp_now(const char *path, struct ldif_stamp *ret, struct error *err) MUST_USE;

/* The same file with the same bytes? */
bool ldif_same(const struct ldif_stamp *x, const struct ldif_stamp *y);
