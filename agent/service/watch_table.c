#include "agent/service/watch_table.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/manifests.h"

/* As many links as the kernel follows on one way. */
enum { LINKS_MAX = 40 };

enum {
	/* Of a folder: what comes and goes, and what may be entered. */
	WAY = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF |
	      IN_MOVE_SELF | IN_ONLYDIR,
	/* Of one with manifests. */
	FILES = WAY | IN_MODIFY | IN_CLOSE_WRITE,
};

struct watch_name {
	const char *key;
	UT_hash_handle hh;
};

struct watch_path {
	const char *path;
	int wd;
	const char *name; /* of a file: what it is called in that folder; NULL: it is the folder */
	UT_hash_handle hh;
};

/* ---- the table ---- */

struct watch_folder *watch_table_folder(const struct watch_table *t, int wd) {
	struct watch_folder *found;

	HASH_FIND_INT(t->folders, &wd, found);
	return found;
}

const char *watch_key(int wd, const char *name, char ret[static WATCH_KEY]) {
	snprintf(ret, WATCH_KEY, "%d/%s", wd, name);
	return ret;
}

bool watch_table_has(const struct watch_table *t, const char *key) {
	struct watch_name *found;

	HASH_FIND_STR(t->names, key, found);
	return found;
}

static void add_name(struct watch_table *t, int wd, const char *name) {
	char key[WATCH_KEY];
	struct watch_name *fresh = ARENA_NEW(t->a, struct watch_name);

	if (watch_table_has(t, watch_key(wd, name, key)))
		return;
	fresh->key = arena_strdup(t->a, key);
	HASH_ADD_KEYPTR(hh, t->names, fresh->key, strlen(key), fresh);
}

static struct watch_path *path_at(const struct watch_table *t, const char *path, size_t len) {
	struct watch_path *found;

	HASH_FIND(hh, t->paths, path, len, found);
	return found;
}

static void add_path(struct watch_table *t, const char *path, int wd, const char *name) {
	struct watch_path *fresh = ARENA_NEW(t->a, struct watch_path);

	if (path_at(t, path, strlen(path)))
		return;
	fresh->path = arena_strdup(t->a, path);
	fresh->wd = wd;
	fresh->name = name ? arena_strdup(t->a, name) : NULL;
	HASH_ADD_KEYPTR(hh, t->paths, fresh->path, strlen(path), fresh);
}

const char *watch_table_locate(const struct watch_table *t, const char *path,
                               char ret[static WATCH_KEY]) {
	const struct watch_path *p = path_at(t, path, strlen(path));
	const char *slash = strrchr(path, '/');

	if (p)
		return p->name ? watch_key(p->wd, p->name, ret) : NULL;
	p = slash ? path_at(t, path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
	return p ? watch_key(p->wd, slash + 1, ret) : NULL;
}

/* ---- watching ---- */

/* What is gone again is no failure: the folder above tells that it is. */
static void note_failure(struct watch_table *t, const char *folder) {
	bool gone = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

	if (gone || t->failed)
		return;
	t->failed = true;
	error_set(t->err, ERR_IO, "cannot watch %s: %s", folder,
	          errno == ENOSPC ? "there are too many watches on this machine: raise "
	                            "fs.inotify.max_user_watches"
	                          : strerror(errno));
}

/* The number of the folder, -1 where it cannot be watched. */
static int watch_folder(struct watch_table *t, const char *folder, unsigned mask) {
	/* One inode may be met several times: what was wanted of it before must stay. */
	int wd = inotify_add_watch(t->fd, folder, mask | IN_MASK_ADD);

	if (wd < 0) {
		note_failure(t, folder);
		return -1;
	}
	if (!watch_table_folder(t, wd)) {
		struct watch_folder *fresh = ARENA_NEW(t->a, struct watch_folder);
		fresh->wd = wd;
		HASH_ADD_INT(t->folders, wd, fresh);
	}
	return wd;
}

/* ---- ways: from the root to a path, component by component ---- */

/* Where a way has come to: a folder without links in its path (but perhaps ..), and the rest. */
struct way {
	const char *folder;
	char *rest;
	int links;
};

/* Takes the next component off the rest; NULL: the way is at its end. */
static char *next(struct way *way) {
	char *name = way->rest + strspn(way->rest, "/");
	size_t n = strcspn(name, "/");

	if (!n)
		return NULL;
	way->rest = name + n + (name[n] == '/');
	name[n] = '\0';
	return name;
}

static char *joined(struct arena *a, const char *folder, const char *name) {
	return arena_printf(a, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
}

static bool follow(struct watch_table *t, struct way *way, const char *link) {
	char target[PATH_MAX];
	ssize_t n = readlink(link, target, sizeof(target) - 1);

	if (n < 0 || ++way->links > LINKS_MAX)
		return false;
	target[n] = '\0';
	if (*target == '/')
		way->folder = "/";
	way->rest = arena_printf(t->a, "%s/%s", target, way->rest);
	return true;
}

/* At the end of a way: a file, or a name that leads to nothing yet and may become one. */
static void end_way(struct watch_table *t, const struct way *way, const char *name,
                    const char *label) {
	int wd = watch_folder(t, way->folder, FILES);

	if (wd >= 0)
		add_path(t, label, wd, name);
}

/*
 * Watches each folder on the way for the name of the next. A file at its end is watched where it
 * lies, and found again by `label`.
 */
static void walk_way(struct watch_table *t, const char *absolute, const char *label) {
	struct way way = { "/", arena_strdup(t->a, absolute), 0 };
	struct stat st;
	char *name;

	while ((name = next(&way))) {
		int wd = watch_folder(t, way.folder, WAY);
		const char *path = joined(t->a, way.folder, name);
		if (wd >= 0)
			add_name(t, wd, name);
		bool there = lstat(path, &st) == 0;
		if (there && S_ISDIR(st.st_mode)) {
			way.folder = path;
		} else if (!there || !S_ISLNK(st.st_mode)) {
			if (!way.rest[strspn(way.rest, "/")])
				end_way(t, &way, name, label);
			return;
		} else if (!follow(t, &way, path)) {
			return;
		}
	}
}

/* ---- below a path ---- */

static char *absolute(struct arena *a, const char *path) {
	char here[PATH_MAX];

	if (*path == '/' || !getcwd(here, sizeof(here)))
		return arena_strdup(a, path);
	return arena_printf(a, "%s/%s", here, path);
}

static bool is_link(const char *path) {
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* The same names as manifests_find() goes to. */
static void walk_entry(struct watch_table *t, FTS *tree, FTSENT *e) {
	bool folder = e->fts_info == FTS_D || e->fts_info == FTS_DNR;

	if (e->fts_level > 0 && e->fts_name[0] == '.') {
		if (folder)
			fts_set(tree, e, FTS_SKIP);
		return;
	}
	if (e->fts_info == FTS_DP)
		return;
	if (e->fts_level > 0 && is_link(e->fts_path))
		walk_way(t, absolute(t->a, e->fts_path), e->fts_path);
	if (!folder)
		return;
	int wd = watch_folder(t, e->fts_path, FILES);
	if (wd < 0)
		return;
	watch_table_folder(t, wd)->everything = true;
	add_path(t, e->fts_path, wd, NULL);
}

static void walk(struct watch_table *t, const char *path) {
	char *roots[] = { manifests_label(t->a, path), NULL };
	FTS *tree;

	walk_way(t, absolute(t->a, roots[0]), roots[0]);
	tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	/* A folder's own watch is there before its names are read. */
	for (FTSENT *e = tree ? fts_read(tree) : NULL; e; e = fts_read(tree))
		walk_entry(t, tree, e);
	if (tree)
		fts_close(tree);
}

struct watch_table *watch_table_new(int fd, const char *const *paths, struct error *err) {
	struct arena *a = arena_new();
	struct watch_table *t = ARENA_NEW(a, struct watch_table);

	*t = (struct watch_table){ .a = a, .fd = fd, .err = err };
	for (; *paths; paths++)
		walk(t, *paths);
	return t;
}

struct watch_table *watch_table_free(struct watch_table *t) {
	if (!t)
		return NULL;
	HASH_CLEAR(hh, t->folders);
	HASH_CLEAR(hh, t->names);
	HASH_CLEAR(hh, t->paths);
	arena_free(t->a);
	return NULL;
}
