#include "agent/service/memory.h"

#include <stdlib.h>
#include <string.h>

#include "agent/service/backoff.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/timestamp.h"

struct known {
	struct condition_row row;
	const char *key;
	UT_hash_handle hh;
};

struct memory {
	struct arena *a;
	struct known *table;
};

struct memory *memory_new(void) {
	struct arena *a = arena_new();
	struct memory *m = ARENA_NEW(a, struct memory);

	m->a = a;
	return m;
}

struct memory *memory_free(struct memory *m) {
	if (!m)
		return NULL;
	HASH_CLEAR(hh, m->table);
	arena_free(m->a);
	return NULL;
}

struct arena *memory_arena(struct memory *m) {
	return m->a;
}

static const char *key_of(struct arena *a, const char *manifest, const char *name) {
	return arena_printf(a, "%s\n%s", text_fold(a, manifest), text_fold(a, name));
}

bool memory_says(const struct condition_row *row) {
	return row->failures || row->undone || *row->code;
}

bool memory_same(const struct condition_row *a, const struct condition_row *b) {
	return a->failures == b->failures && a->next_try == b->next_try && a->undone == b->undone &&
	       a->undone_at == b->undone_at && strcmp(a->undone_what, b->undone_what) == 0 &&
	       strcmp(a->code, b->code) == 0 && a->since == b->since;
}

void memory_put(struct memory *m, const struct condition_row *row) {
	if (!memory_says(row))
		return;
	struct known *k = ARENA_NEW(m->a, struct known), *before;
	k->row = *row;
	k->key = key_of(m->a, row->manifest, row->name);
	HASH_REPLACE(hh, m->table, key[0], strlen(k->key), k, before);
}

struct condition_row memory_of(const struct memory *m, struct arena *scratch, const char *manifest,
                               const char *name) {
	struct arena_mark mark = arena_mark(scratch);
	const char *key = key_of(scratch, manifest, name);
	struct known *k;

	HASH_FIND(hh, m->table, key, strlen(key), k);
	arena_release(scratch, mark);
	return k ? k->row
	         : (struct condition_row){ .manifest = manifest,
		                           .name = name,
		                           .next_try = TIMESTAMP_NONE,
		                           .undone_at = TIMESTAMP_NONE,
		                           .undone_what = "",
		                           .code = "",
		                           .since = TIMESTAMP_NONE };
}

const struct condition_row *memory_next(const struct memory *m, const struct condition_row *row) {
	const struct known *k = row ? (const struct known *)row : NULL;

	k = k ? k->hh.next : m->table;
	return k ? &k->row : NULL;
}

size_t memory_count(const struct memory *m) {
	return HASH_COUNT(m->table);
}

int64_t memory_wait(const struct memory *m, int64_t now) {
	int64_t least = INT64_MAX;

	for (const struct condition_row *r = memory_next(m, NULL); r; r = memory_next(m, r)) {
		if (r->next_try == TIMESTAMP_NONE)
			continue;
		int64_t wait = r->next_try - now;
		if (wait < 0 || wait > backoff_longest(r->failures, BACKOFF_CONNECTION_MAX))
			wait = 0;
		least = wait < least ? wait : least;
	}
	return least;
}

static struct condition_row copied(struct arena *a, const struct condition_row *row) {
	struct condition_row copy = *row;

	copy.manifest = arena_strdup(a, row->manifest);
	copy.name = arena_strdup(a, row->name);
	copy.undone_what = arena_strdup(a, row->undone_what);
	copy.code = arena_strdup(a, row->code);
	return copy;
}

struct memory *memory_join(const struct memory *m, const struct condition_row *stored, size_t n) {
	struct memory *joined = memory_new();

	for (const struct condition_row *r = memory_next(m, NULL); r; r = memory_next(m, r)) {
		struct condition_row row = copied(joined->a, r);
		row.failures = row.undone = 0;
		row.next_try = row.undone_at = TIMESTAMP_NONE;
		row.undone_what = "";
		memory_put(joined, &row);
	}
	for (size_t i = 0; i < n; i++) {
		struct condition_row row = copied(joined->a, stored + i),
		                     had = memory_of(m, joined->a, row.manifest, row.name);
		if (memory_says(&had)) {
			row.code = arena_strdup(joined->a, had.code);
			row.since = had.since;
		}
		memory_put(joined, &row);
	}
	return joined;
}
