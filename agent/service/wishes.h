/*
 * wishes -- the manifests in force: of each file its last good version.
 *
 * A file that cannot be read or has an error keeps its last good version in force, for its own
 * connections alone, and is told. A path that leads to no manifest at all keeps all it had: an
 * empty checkout is a broken one. A file that is gone from a folder that holds others is gone, and
 * its connections with it. Files are taken only as they stood in two looks a while apart, all of
 * them together, so that a half-written one, or half a `git pull`, is never planned from.
 *
 * Knows no loop and no clock: agent/service/reader.c looks at the right moments.
 */
#pragma once

#include "agent/service/look.h"
#include "agent/service/picture.h"
#include "spec/manifest.h"
#include "store/inventory/memory.h"

/* A set of connections, for as long as a pass needs it; counted. */
struct wishes {
	struct arena *a;
	int refs; /* of the loop alone */
	struct connections connections;
	size_t files;
	const char *revision;  /* of the git checkout of the first path in one; NULL */
	struct broken *broken; /* by place */
	size_t n_broken;
	struct manifest_row *good; /* of every file in force, sorted by path */
	size_t n_good;
};

/*
 * What is in force from now on, given the last good versions: those of the store, or of the wishes
 * before. Blocking and long. Never NULL; without any connection where nothing is good.
 *
 * All files are judged as they were looked at. One with a problem falls back to its last good
 * version, and is left out where it has none; so does, of two files that do not go together (one
 * name twice), the one that changed, or both where both did. Where neither did, the one whose path
 * is later is left out. This goes on until nothing is wrong. `broken` says why.
 */
struct wishes *wishes_new(const struct look *l, const struct config *config,
                          const struct manifest_row *good, size_t n_good);

/* The same files in force, and the same problems? */
bool wishes_same(const struct wishes *a, const struct wishes *b);

struct wishes *wishes_ref(struct wishes *w);
struct wishes *wishes_unref(struct wishes *w); /* NULL is fine; returns NULL */
