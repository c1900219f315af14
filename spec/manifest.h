/*
 * manifest -- YAML files of connections, read into plain data with every problem they have.
 *
 * Pure: the bytes come from the caller, nothing is opened. The format is that of the table in
 * spec/fields.h; what it means stands in README.md and in manifest(5).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "spec/config.h"
#include "spec/connection.h"

enum { MANIFEST_BYTES_MAX = 64 * 1024 * 1024, MANIFEST_DEPTH_MAX = 32 };

/*
 * Decodes one file (one or several documents), adding to `ret`. `label` is how the file is called
 * in messages; `name` the manifest's name where metadata.name does not say. Results live in `a`,
 * a copy of the bytes too, and so do the places of the problems: print them while `a` lives.
 * Connections of a document with errors are left out of ret->v and stand in ret->faulty.
 */
void manifest_decode(struct arena *a, const char *label, const char *name, const char *bytes,
                     size_t len, struct connections *ret, struct diags *diags);

/*
 * What only shows over all files: two connections of one manifest with one name (`name-twice`),
 * each told where the other stands; and, where there is a config (config->file is not NULL),
 * `credential-required`, `credential-unknown`, `host-differs`, and `host-invalid` for a host that
 * would become part of a URI and is none. Faulty connections are looked at too.
 */
void manifest_check(const struct connections *all, const struct config *config,
                    struct diags *diags);
