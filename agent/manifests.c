#include "agent/manifests.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/file.h"

struct names {
	const char **v;
	size_t n, cap;
};

static bool is_manifest(const char *name) {
	const char *dot = strrchr(name, '.');

	return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int by_name(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void trouble(struct diags *diags, const char *path, const char *format, const char *why) {
	struct place at = { path, 0, 0 };

	diag_add(diags, at, "manifest-unreadable", NULL, 0, "%s%s", format, why);
}

/* Links are followed, as git-sync and Kubernetes publish by them; a circle of links is told. */
static void walk(struct arena *a, const char *folder, struct names *names, struct diags *diags) {
	char *roots[] = { arena_strdup(a, folder), NULL };
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	size_t before = names->n;

	for (FTSENT *e = tree ? fts_read(tree) : NULL; e; e = fts_read(tree)) {
		bool hidden = e->fts_level > 0 && e->fts_name[0] == '.';
		if (hidden && e->fts_info == FTS_D)
			fts_set(tree, e, FTS_SKIP);
		if (hidden)
			continue;
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR)
			trouble(diags, arena_strdup(a, e->fts_path),
			        "cannot read the folder: ", strerror(e->fts_errno));
		if (e->fts_info == FTS_F && is_manifest(e->fts_name))
			ARENA_PUSH(a, names, arena_strdup(a, e->fts_path));
		if ((e->fts_info == FTS_SLNONE || e->fts_info == FTS_NS) &&
		    is_manifest(e->fts_name))
			trouble(diags, arena_strdup(a, e->fts_path), "the link leads to nothing",
			        "");
	}
	if (tree)
		fts_close(tree);
	if (names->n == before)
		trouble(diags, folder, "no manifest (*.yaml, *.yml) is in this folder", "");
	else
		qsort(names->v + before, names->n - before, sizeof(*names->v), by_name);
}

static void find(struct arena *a, const char *path, struct names *names, struct diags *diags) {
	struct stat st;
	char *copy = arena_strdup(a, path);

	/* `mailboxes/` and `mailboxes` are called the same in messages. */
	for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
		copy[n - 1] = '\0';
	if (strcmp(path, "-") == 0)
		ARENA_PUSH(a, names, path);
	else if (stat(copy, &st) != 0)
		trouble(diags, copy, errno == ENOENT ? "there is no such file or folder" : "",
		        errno == ENOENT ? "" : strerror(errno));
	else if (S_ISDIR(st.st_mode))
		walk(a, copy, names, diags);
	else
		ARENA_PUSH(a, names, copy);
}

/* The file's name without folder and extension. */
static const char *name_of(struct arena *a, const char *path) {
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	return arena_copy(a, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static void read_one(struct arena *a, const char *path, struct connections *ret,
                     struct diags *diags) {
	struct error err;
	char *bytes;
	size_t len;

	if (file_read(path, MANIFEST_BYTES_MAX, &bytes, &len, &err) < 0) {
		trouble(diags, path, err.text, "");
		return;
	}
	manifest_decode(a, strcmp(path, "-") == 0 ? "<stdin>" : path, name_of(a, path), bytes, len,
	                ret, diags);
	free(bytes);
}

/* The same file by two paths is one wish, not two. */
static bool seen(const struct names *names, size_t i) {
	struct stat one, other;

	if (stat(names->v[i], &one) != 0)
		return false;
	for (size_t k = 0; k < i; k++)
		if (stat(names->v[k], &other) == 0 && one.st_dev == other.st_dev &&
		    one.st_ino == other.st_ino)
			return true;
	return false;
}

void manifests_read(struct arena *a, const char *const *paths, const struct config *config,
                    struct connections *ret, size_t *ret_files, struct diags *diags) {
	struct names names = { 0 };
	size_t n_paths = 0;

	for (; paths[n_paths]; n_paths++)
		find(a, paths[n_paths], &names, diags);
	*ret_files = 0;
	for (size_t i = 0; i < names.n; i++) {
		/* Within one folder every path is another file. */
		if (n_paths > 1 && seen(&names, i))
			continue;
		read_one(a, names.v[i], ret, diags);
		(*ret_files)++;
	}
	manifest_check(ret, config, diags);
}
