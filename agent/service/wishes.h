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

#include "agent/service/picture.h"
#include "spec/manifest.h"

/* One look: what stands there now. */
struct look;
struct look *look_take(const char *const *paths); /* reads all files; blocking */
struct look *look_free(struct look *l);           /* NULL is fine; returns NULL */
/* Do both show the same files, with the same bytes? */
bool look_same(const struct look *a, const struct look *b);
/* The paths of its files that differ from the other look, or are not in it; NULL-ended, sorted. */
const char *const *look_changed(const struct look *l, const struct look *earlier);
/* Forgets a file: it counts as unreadable, because it is just being written. */
void look_distrust(struct look *l, const char *path, const char *why);

/* The last good version of one file, as the store keeps it. */
struct good {
	const char *path;
	const char *bytes;
	size_t len;
	char sha256[65];
};

/* A set of connections, for as long as a pass needs it; counted. */
struct wishes {
	struct arena *a;
	int refs; /* of the loop alone */
	struct connections connections;
	size_t files;
	const char *revision; /* of the git checkout of the first path in one; NULL */
	struct broken *broken;
	size_t n_broken;
	struct good *good; /* of every file in force, sorted by path */
	size_t n_good;
};

/*
 * What is in force from now on, given the last good versions. `good` may be those of the store, or
 * of the wishes before. Blocking and long. Never NULL; without any connection where nothing is
 * good.
 */
struct wishes *wishes_new(const struct look *l, const char *const *paths,
                          const struct config *config, const struct good *good, size_t n_good);
struct wishes *wishes_ref(struct wishes *w);
struct wishes *wishes_unref(struct wishes *w); /* NULL is fine; returns NULL */
