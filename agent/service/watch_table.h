/*
 * watch_table -- which folders are watched for some paths, and for which names in them.
 *
 * Made anew, whole, each time that the paths are walked, while the one before still serves; the
 * kernel gives a folder that is watched already the number (wd) that it has. Part of watch.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"

struct watch_folder {
	int wd;
	bool everything; /* any name may be a manifest or a folder of them */
	UT_hash_handle hh;
};

struct watch_name;
struct watch_path;

struct watch_table {
	struct arena *a;
	int fd; /* of inotify; the table adds watches, and takes none away */
	struct watch_folder *folders;
	struct watch_name *names; /* those that matter in a folder, by key */
	struct watch_path *paths; /* of folders, and of files that links lead to */
	bool failed;              /* some could not be watched; *err says why */
	struct error *err;
};

/* Walks all paths and watches what there is. Touches the disk. */
struct watch_table *watch_table_new(int fd, const char *const *paths, struct error *err);
struct watch_table *watch_table_free(struct watch_table *t); /* NULL is fine; returns NULL */

/* NULL: not watched. */
struct watch_folder *watch_table_folder(const struct watch_table *t, int wd);

/* How a name in a watched folder is called in tables: the folder's number and the name. */
enum { WATCH_KEY = 272 };
const char *watch_key(int wd, const char *name, char ret[static WATCH_KEY]);

/* Does a name lie on a way, or does a link lead to it? */
bool watch_table_has(const struct watch_table *t, const char *key);

/* Where events of this file are told, links on its way followed; NULL: nowhere. */
const char *watch_table_locate(const struct watch_table *t, const char *path,
                               char ret[static WATCH_KEY]);
