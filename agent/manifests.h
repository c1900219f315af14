/*
 * manifests -- from the paths that a user gave to connections: finds the files, reads, decodes.
 *
 * A path is a file, `-` for standard input, or a folder: every *.yaml and *.yml below it, hidden
 * names skipped, sorted. A path without a manifest is an error, never an empty wish. Blocking.
 */
#pragma once

#include "spec/manifest.h"

/*
 * Everything that is wrong goes to `diags`, which stay empty where all is well. `config` may be
 * one without a file. Results live in `a`.
 */
void manifests_read(struct arena *a, const char *const *paths, const struct config *config,
                    struct connections *ret, size_t *ret_files, struct diags *diags);
