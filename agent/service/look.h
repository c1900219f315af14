/*
 * look -- what stands at the paths of the manifests at one moment: every file, with its bytes.
 *
 * Decides nothing. What is in force is reckoned from a look by agent/service/wishes.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"

enum { SHA256_TEXT = 65 };

struct looked {
	const char *path;
	char *bytes; /* NULL: it could not be read */
	size_t len;
	char sha256[SHA256_TEXT]; /* "" likewise */
	int64_t modified;         /* nanoseconds since 1970, as the file system says */
	const char *fault;        /* why it is not to be used: a sentence behind its path; NULL */
};

struct look {
	struct arena *a;
	struct looked *v; /* in the order in which a plan takes them */
	size_t n, cap;
	struct diags diags; /* folders that cannot be read, links to nothing, ... */
	/* NULL-ended: those of the paths that lead to no file; links to what may have been folders.
	 */
	const char *const *barren, *const *dangling;
	const char *revision; /* of the git checkout of the first path in one; NULL */
};

struct look *look_take(const char *const *paths); /* reads all files; blocking */
struct look *look_free(struct look *l);           /* NULL is fine; returns NULL */

/* Forgets the bytes, and is good for being compared alone. */
void look_shrink(struct look *l);

/* Do both show the same files, with the same bytes, the same problems and the same revision? */
bool look_same(const struct look *a, const struct look *b);

/* The paths of its files that differ from the other look, or are not in it; NULL-ended. */
const char *const *look_changed(const struct look *l, const struct look *earlier);

/*
 * Forgets a file's bytes: it counts as unreadable, because it is just being written, also where it
 * is just not there. Its digest stays: one that is as its last good version has nothing wrong.
 */
void look_distrust(struct look *l, const char *path, const char *why);
