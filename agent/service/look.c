#include "agent/service/look.h"

#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "agent/manifests.h"
#include "agent/revision.h"
#include "base/hash.h"

static void take_digest(struct looked *f) {
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, f->len, (const uint8_t *)f->bytes);
	sha256_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		f->sha256[2 * i] = digits[digest[i] >> 4];
		f->sha256[2 * i + 1] = digits[digest[i] & 15];
	}
}

static void add(struct look *l, const struct manifest_file *file) {
	const char *path = file->path;
	struct looked f = { .path = path, .modified = file->modified };

	if (strcmp(path, "-") == 0)
		f.fault = "standard input is read once only: name a file or a folder";
	else if (manifests_load(l->a, path, &f.bytes, &f.len, &f.fault))
		take_digest(&f);
	ARENA_PUSH(l->a, l, f);
}

static int by_text(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct look *look_take(const char *const *paths) {
	struct look *l = calloc(1, sizeof(*l));
	struct manifest_files files = { 0 };
	const char *end = NULL;

	if (!l)
		abort();
	l->a = arena_new();
	l->diags.arena = l->a;
	/* First, so that a commit that comes in between shows in the next look. */
	l->revision = revision_of_paths(l->a, paths);
	manifests_find(l->a, paths, &files, &l->diags);
	for (size_t i = 0; i < files.n; i++)
		add(l, files.v + i);
	ARENA_PUSH(l->a, &files.barren, end);
	if (files.dangling.n)
		qsort(files.dangling.v, files.dangling.n, sizeof(*files.dangling.v), by_text);
	ARENA_PUSH(l->a, &files.dangling, end);
	l->barren = files.barren.v;
	l->dangling = files.dangling.v;
	diags_sort(&l->diags);
	return l;
}

void look_shrink(struct look *l) {
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].bytes);
		l->v[i].bytes = NULL;
	}
}

struct look *look_free(struct look *l) {
	if (!l)
		return NULL;
	look_shrink(l);
	arena_free(l->a);
	free(l);
	return NULL;
}

static bool same_text(const char *a, const char *b) {
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether it is trusted does not matter: that is no property of the file. */
static bool same_file(const struct looked *a, const struct looked *b) {
	return strcmp(a->path, b->path) == 0 && strcmp(a->sha256, b->sha256) == 0 &&
	       (*a->sha256 || same_text(a->fault, b->fault));
}

static bool same_diag(const struct diag *a, const struct diag *b) {
	return strcmp(a->at.file, b->at.file) == 0 && strcmp(a->message, b->message) == 0;
}

static bool same_texts(const char *const *a, const char *const *b) {
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

bool look_same(const struct look *a, const struct look *b) {
	if (a->n != b->n || a->diags.n != b->diags.n || !same_text(a->revision, b->revision))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!same_file(a->v + i, b->v + i))
			return false;
	for (size_t i = 0; i < a->diags.n; i++)
		if (!same_diag(a->diags.v + i, b->diags.v + i))
			return false;
	return same_texts(a->dangling, b->dangling);
}

struct known {
	const struct looked *file;
	UT_hash_handle hh;
};

const char *const *look_changed(const struct look *l, const struct look *earlier) {
	struct known *table = NULL, *found;
	struct known *all = ARENA_ARRAY(l->a, struct known, earlier->n);
	const char **changed = ARENA_ARRAY(l->a, const char *, l->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < earlier->n; i++) {
		const char *path = earlier->v[i].path;
		all[i].file = earlier->v + i;
		HASH_ADD_KEYPTR(hh, table, path, strlen(path), all + i);
	}
	for (size_t i = 0; i < l->n; i++) {
		HASH_FIND_STR(table, l->v[i].path, found);
		if (!found || !same_file(l->v + i, found->file))
			changed[n++] = l->v[i].path;
	}
	HASH_CLEAR(hh, table);
	return changed;
}

void look_distrust(struct look *l, const char *path, const char *why) {
	struct looked *f = NULL, unknown = { .path = arena_strdup(l->a, path) };

	for (size_t i = 0; i < l->n && !f; i++)
		if (strcmp(l->v[i].path, path) == 0)
			f = l->v + i;
	if (!f) {
		ARENA_PUSH(l->a, l, unknown);
		f = l->v + l->n - 1;
	}
	if (f->fault)
		return;
	free(f->bytes);
	f->bytes = NULL;
	f->fault = arena_strdup(l->a, why);
}
