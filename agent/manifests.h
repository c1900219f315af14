/*
 * manifests -- from the paths that a user gave to connections: finds the files, reads, decodes.
 *
 * A path is a file, `-` for standard input, or a folder: every *.yaml and *.yml below it, hidden
 * names skipped, sorted. A path without a manifest is an error, never an empty wish. Blocking.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "spec/manifest.h"

/*
 * Everything that is wrong goes to `diags`, which stay empty where all is well. `config` may be
 * one without a file. Results live in `a`.
 */
void manifests_read(struct arena *a, const char *const *paths, const struct config *config,
                    struct connections *ret, size_t *ret_files, struct diags *diags);

/* ---- the same in steps, for the agent, which looks again and again ---- */

/* What a path leads to; of standard input nothing is known but the path. */
struct manifest_file {
	const char *path;
	dev_t device;
	ino_t inode;
	int64_t modified; /* nanoseconds since 1970 */
};

struct manifest_files {
	struct manifest_file *v;
	size_t n, cap;
	/* The paths given that led to no file at all, as messages call them; and, within folders,
	 * links to nothing that may have been folders. */
	struct {
		const char **v;
		size_t n, cap;
	} barren, dangling;
};

/* Opens no file. A file that two paths lead to is there once. */
void manifests_find(struct arena *a, const char *const *paths, struct manifest_files *ret,
                    struct diags *diags);

/* The bytes of a file, freed by the caller; false: the reason is a sentence behind its path. */
bool manifests_load(struct arena *a, const char *path, char **ret, size_t *ret_len,
                    const char **ret_why);

/* Decodes what stood in the file `path`, as manifest_decode() does. */
void manifests_decode(struct arena *a, const char *path, const char *bytes, size_t len,
                      struct connections *ret, struct diags *diags);

/* Is a file of this name taken from a folder? */
bool manifests_is_name(const char *name);

/* A path as messages call it, `mailboxes` for `mailboxes/`, and as its files' paths begin. */
char *manifests_label(struct arena *a, const char *path);
