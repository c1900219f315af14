/*
 * render_manifest -- a manifest as a person would write it: what suggest and export print.
 *
 * It reads back as what was given: texts are quoted where YAML would take them for something
 * else, and comments stay comments. A text with a line break in it cannot stand in a manifest at
 * all; reconcile/export.h finds another for those.
 */
#pragma once

#include "base/buf.h"
#include "spec/connection.h"

struct remarks {
	const char **v;
	size_t n, cap;
};

/* One connection and what is said about it: above it, and at its end. */
struct manifest_entry {
	struct connection connection;
	struct remarks above, below;
};

/* `about`: comment lines at the top, ended by NULL. */
void render_manifest(const char *name, const char *const *about, const struct manifest_entry *list,
                     size_t n, struct buf *out);
