#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spec/check.h"
#include "spec/source.h"

struct named {
	const char *manifest, *name; /* folded */
	const struct connection *c;
	size_t order;
};

static int by_name(const void *pa, const void *pb) {
	const struct named *a = pa, *b = pb;
	int order = a->manifest == b->manifest ? 0 : strcmp(a->manifest, b->manifest);

	if (!order)
		order = strcmp(a->name, b->name);
	if (order)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool same_name(const struct named *a, const struct named *b) {
	return strcmp(a->manifest, b->manifest) == 0 && strcmp(a->name, b->name) == 0;
}

static size_t gather(struct arena *scratch, const struct connections *all, struct named *names) {
	const char *manifest = NULL, *folded = NULL;
	size_t n = all->n + all->faulty.n;

	for (size_t i = 0; i < n; i++) {
		const struct connection *c = i < all->n ? all->v + i : all->faulty.v + (i - all->n);
		if (c->manifest != manifest) {
			manifest = c->manifest;
			folded = text_fold(scratch, manifest);
		}
		names[i] = (struct named){ folded, text_fold(scratch, c->name), c, i };
	}
	return n;
}

static void tell_twice(const struct connection *c, const struct connection *other,
                       struct diags *diags) {
	struct arena *a = diags->arena;
	size_t before = diags->n;

	source_problem(c->source, diags, c->name_at, "name-twice",
	               "the manifest \"%s\" has two connections named \"%s\", the other at "
	               "%s:%d: give one of them another name",
	               source_quoted(a, c->manifest, strlen(c->manifest)),
	               source_quoted(a, c->name, strlen(c->name)), other->at.file,
	               other->name_at.line);
	if (diags->n > before)
		diags->v[before].other = other->at.file;
}

void manifest_check_names(const struct connections *all, struct diags *diags) {
	struct arena *scratch = arena_new();
	struct named *names = ARENA_ARRAY(scratch, struct named, all->n + all->faulty.n);
	size_t n = gather(scratch, all, names);

	qsort(names, n, sizeof(*names), by_name);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && same_name(names + from, names + to); to++)
			tell_twice(names[to].c, names[from].c, diags);
		if (to > from + 1)
			tell_twice(names[from].c, names[from + 1].c, diags);
	}
	arena_free(scratch);
}
