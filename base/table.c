#include "base/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct table_ref {
	unsigned hash;
	char *text; /* NULL: free */
};

/* Where the text stands, else the free place where it belongs; NULL stands nowhere. */
static struct table_ref *probe(const struct table *t, const char *text, unsigned hash) {
	size_t i = hash & (t->cap - 1);

	while (t->v[i].text && (t->v[i].hash != hash || !text || strcmp(t->v[i].text, text) != 0))
		i = (i + 1) & (t->cap - 1);
	return t->v + i;
}

static void widen(struct table *t) {
	enum { FIRST = 32 };
	struct table wide = { .n = t->n, .cap = t->cap ? t->cap * 2 : FIRST };

	wide.v = calloc(wide.cap, sizeof(*wide.v));
	if (!wide.v)
		abort();
	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].text)
			*probe(&wide, NULL, t->v[i].hash) = t->v[i];
	free(t->v);
	*t = wide;
}

char *table_put(struct arena *a, struct table *t, size_t head, const char *text, bool *ret_new) {
	size_t len = strlen(text);
	unsigned hash = hash_bytes(text, len);

	if (t->n >= t->cap / 4 * 3)
		widen(t);
	struct table_ref *ref = probe(t, text, hash);
	*ret_new = !ref->text;
	if (*ret_new) {
		*ref = (struct table_ref){ hash, (char *)arena_alloc(a, 1, head + len + 1) + head };
		memcpy(ref->text, text, len);
		t->n++;
	}
	return ref->text;
}

char *table_find(const struct table *t, const char *text) {
	return t->n ? probe(t, text, hash_bytes(text, strlen(text)))->text : NULL;
}

void table_clear(struct table *t) {
	free(t->v);
	*t = (struct table){ 0 };
}
