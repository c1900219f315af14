#include "agent/manifests.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "agent/command.h"
#include "agent/file.h"
#include "base/hash.h"
#include "base/text.h"

bool manifests_is_name(const char *name) {
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const void *a, const void *b) {
	const struct manifest_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static void trouble(struct diags *diags, const char *path, const char *what, const char *why) {
	struct place at = { path, 0, 0 };

	diag_add(diags, at, "manifest-unreadable", NULL, 0, "%s%s", what, why);
}

static void add(struct arena *a, struct manifest_files *files, const char *path,
                const struct stat *st) {
	int64_t modified = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	struct manifest_file file = { path, st->st_dev, st->st_ino, modified };

	ARENA_PUSH(a, files, file);
}

/* Why something below a folder cannot be read, or NULL. */
static const char *fault(const FTSENT *e) {
	switch (e->fts_info) {
	case FTS_DNR:
	case FTS_ERR:
		return strerror(e->fts_errno);
	case FTS_DC:
		return "the link leads back to a folder that it lies in: take it away";
	case FTS_NS:
		if (e->fts_errno != ENOENT) /* not gone meanwhile: it is no matter of its name */
			return strerror(e->fts_errno);
		return manifests_is_name(e->fts_name) ? "the link leads to nothing" : NULL;
	case FTS_SLNONE:
		return manifests_is_name(e->fts_name) ? "the link leads to nothing" : NULL;
	case FTS_DEFAULT:
		return manifests_is_name(e->fts_name) ? "this is no regular file" : NULL;
	default:
		return NULL;
	}
}

/* Links are followed, as git-sync and Kubernetes publish by them; a circle of links is told. */
static void walk(struct arena *a, const char *folder, struct manifest_files *files,
                 struct diags *diags) {
	char *roots[] = { arena_strdup(a, folder), NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	size_t before = files->n, problems = diags->n;

	for (FTSENT *e = tree ? fts_read(tree) : NULL; e; e = fts_read(tree)) {
		bool hidden = e->fts_level > 0 && e->fts_name[0] == '.';
		if (hidden && e->fts_info == FTS_D)
			fts_set(tree, e, FTS_SKIP);
		if (hidden)
			continue;
		const char *why = fault(e);
		if (why)
			trouble(diags, arena_strdup(a, e->fts_path), why, "");
		else if (e->fts_info == FTS_SLNONE)
			ARENA_PUSH(a, &files->dangling, arena_strdup(a, e->fts_path));
		else if (e->fts_info == FTS_F && manifests_is_name(e->fts_name))
			add(a, files, arena_strdup(a, e->fts_path), e->fts_statp);
	}
	if (tree)
		fts_close(tree);
	if (files->n > before)
		qsort(files->v + before, files->n - before, sizeof(*files->v), by_name);
	else if (diags->n == problems)
		trouble(diags, folder, "no manifest (*.yaml, *.yml) is in this folder", "");
}

/* The folder's entry that was most likely meant by a path that leads to nothing. */
static const char *meant_by(struct arena *a, const char *path) {
	const char *slash = strrchr(path, '/'), *nearest = NULL;
	size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
	DIR *d = opendir(folder ? arena_copy(a, path, folder) : ".");
	struct texts names = { 0 };

	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		const char *name = arena_strdup(a, e->d_name);
		if (*name != '.')
			ARENA_PUSH(a, &names, name);
	}
	if (d)
		closedir(d);
	if (names.n) {
		const char *end = NULL;
		ARENA_PUSH(a, &names, end);
		nearest = text_nearest(path + folder, names.v);
	}
	return nearest ? arena_printf(a, ", did you mean %.*s%s?", (int)folder, path, nearest) : "";
}

char *manifests_label(struct arena *a, const char *path) {
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return arena_copy(a, path, n);
}

static void find(struct arena *a, const char *path, struct manifest_files *files,
                 struct diags *diags) {
	struct stat st = { 0 };
	const char *copy = manifests_label(a, path);

	if (strcmp(path, "-") == 0)
		add(a, files, path, &st);
	else if (stat(copy, &st) != 0)
		trouble(diags, copy, errno == ENOENT ? "there is no such file or folder" : "",
		        errno == ENOENT ? meant_by(a, copy) : strerror(errno));
	else if (strlen(copy) > 4 && strcasecmp(copy + strlen(copy) - 4, ".csv") == 0)
		trouble(diags, copy, "this is no manifest: take an inventory in with ",
		        "`mbxctl store import`");
	else if (S_ISDIR(st.st_mode))
		walk(a, copy, files, diags);
	else
		add(a, files, copy, &st);
}

/* The file's name without folder and extension. */
static const char *name_of(struct arena *a, const char *path) {
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	return arena_copy(a, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

/* The message stands behind the path already. */
static const char *without_path(struct arena *a, const char *text, const char *path) {
	size_t n = strlen(path);

	if (strncmp(text, path, n) != 0 || text[n] != ' ')
		return arena_strdup(a, text);
	return arena_printf(a, "the file%s", text + n);
}

/* What else people have at hand, and what it is good for; NULL: it may well be a manifest. */
static const char *other_file(const char *bytes, size_t len) {
	static const struct {
		const char *begins, *advice;
	} others[] = {
		{ "{\"format\":\"mbxctl.saved/",
		  "a saved plan: carry it out with `mbxctl apply --plan "
		  "FILE`" },
		{ "{\n  \"format\": \"mbxctl.",
		  "what -o json prints; to carry out a plan later, save it "
		  "with `mbxctl plan --save FILE`" },
		{ "SQLite format 3", "a store: name it with --store sqlite:FILE" },
		{ "version: 1\n", "a directory: name it with --directory ldif:FILE" },
		{ "dn: ", "a directory: name it with --directory ldif:FILE" },
	};

	while (len && (*bytes == '#' || *bytes == '\n')) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end + 1 - bytes) : len;
		bytes += n;
		len -= n;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (len >= strlen(others[i].begins) &&
		    memcmp(bytes, others[i].begins, strlen(others[i].begins)) == 0)
			return others[i].advice;
	return NULL;
}

static const char *label_of(const char *path) {
	return strcmp(path, "-") == 0 ? "<stdin>" : path;
}

bool manifests_load(struct arena *a, const char *path, char **ret, size_t *ret_len,
                    const char **ret_why) {
	struct error err;

	if (file_read(path, MANIFEST_BYTES_MAX, ret, ret_len, &err) == OK)
		return true;
	*ret_why = without_path(a, err.text, path);
	return false;
}

void manifests_decode(struct arena *a, const char *path, const char *bytes, size_t len,
                      struct connections *ret, struct diags *diags) {
	const char *other = other_file(bytes, len);

	if (other)
		trouble(diags, label_of(path), "this is no manifest but ", other);
	else
		manifest_decode(a, label_of(path), name_of(a, path), bytes, len, ret, diags);
}

struct known {
	struct {
		dev_t device;
		ino_t inode;
	} key;
	UT_hash_handle hh;
};

/* The same file by two paths is one wish, not two; so is standard input. */
static bool seen(struct arena *a, struct known **table, const struct manifest_file *file) {
	struct known *fresh = ARENA_NEW(a, struct known), *found;

	fresh->key.device = file->device;
	fresh->key.inode = file->inode;
	HASH_FIND(hh, *table, &fresh->key, sizeof(fresh->key), found);
	if (!found)
		HASH_ADD(hh, *table, key, sizeof(fresh->key), fresh);
	return found;
}

static void leave_out_twins(struct manifest_files *files) {
	struct arena *scratch = arena_new();
	struct known *known = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < files->n; i++)
		if (!seen(scratch, &known, files->v + i))
			files->v[kept++] = files->v[i];
	files->n = kept;
	HASH_CLEAR(hh, known);
	arena_free(scratch);
}

void manifests_find(struct arena *a, const char *const *paths, struct manifest_files *ret,
                    struct diags *diags) {
	size_t n_paths = 0;

	for (; paths[n_paths]; n_paths++) {
		size_t before = ret->n;
		find(a, paths[n_paths], ret, diags);
		if (ret->n == before)
			ARENA_PUSH(a, &ret->barren, manifests_label(a, paths[n_paths]));
	}
	/* Within one folder every path is another file. */
	if (n_paths > 1)
		leave_out_twins(ret);
}

void manifests_read(struct arena *a, const char *const *paths, const struct config *config,
                    struct connections *ret, size_t *ret_files, struct diags *diags) {
	struct manifest_files files = { 0 };

	manifests_find(a, paths, &files, diags);
	*ret_files = files.n;
	for (size_t i = 0; i < files.n; i++) {
		const char *path = files.v[i].path, *why;
		char *bytes;
		size_t len;
		if (manifests_load(a, path, &bytes, &len, &why)) {
			manifests_decode(a, path, bytes, len, ret, diags);
			free(bytes);
		} else {
			trouble(diags, label_of(path), why, "");
		}
	}
	manifest_check(ret, config, diags);
}
