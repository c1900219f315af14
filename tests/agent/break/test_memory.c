/*
 * agent/service/memory: what is remembered, and how it joins with what the store has.
 *
 * A row is written `hq/Ann code=user-not-found@5 x2>9 u1@3 mail`: what stands in its way and since
 * when; two failures, the next try; undone once, when, and what. Rows have `|` between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/service/memory.h"
#include "base/buf.h"
#include "base/timestamp.h"
#include "tests/test.h"

static int64_t number_behind(const char *text, char mark, int64_t otherwise) {
	const char *at = strchr(text, mark);

	return at ? strtoll(at + 1, NULL, 10) : otherwise;
}

/* One word of a row. */
static void read_word(struct arena *a, char *word, struct condition_row *row) {
	if (strncmp(word, "code=", 5) == 0) {
		row->since = number_behind(word, '@', TIMESTAMP_NONE);
		row->code = arena_copy(a, word + 5, strcspn(word + 5, "@"));
	} else if (*word == 'x') {
		row->failures = strtoll(word + 1, NULL, 10);
		row->next_try = number_behind(word, '>', TIMESTAMP_NONE);
	} else if (*word == 'u') {
		row->undone = strtoll(word + 1, NULL, 10);
		row->undone_at = number_behind(word, '@', TIMESTAMP_NONE);
	} else {
		row->undone_what = arena_strdup(a, word);
	}
}

static struct condition_row read_row(struct arena *a, char *text) {
	struct condition_row row = { .next_try = TIMESTAMP_NONE,
		                     .undone_at = TIMESTAMP_NONE,
		                     .undone_what = "",
		                     .code = "",
		                     .since = TIMESTAMP_NONE };
	char *rest, *key = strtok_r(text, " ", &rest), *slash = strchr(key, '/');

	row.manifest = arena_copy(a, key, (size_t)(slash - key));
	row.name = arena_strdup(a, slash + 1);
	for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		read_word(a, word, &row);
	return row;
}

static size_t read_rows(struct arena *a, const char *text, struct condition_row *rows) {
	char *rest;
	size_t n = 0;

	for (char *one = strtok_r(arena_strdup(a, text), "|", &rest); one;
	     one = strtok_r(NULL, "|", &rest))
		rows[n++] = read_row(a, one);
	return n;
}

static void put_row(const struct condition_row *row, struct buf *out) {
	buf_printf(out, "%s%s/%s", out->len ? "|" : "", row->manifest, row->name);
	if (*row->code)
		buf_printf(out, " code=%s@%d", row->code, (int)row->since);
	if (row->failures)
		buf_printf(out, " x%d>%d", (int)row->failures, (int)row->next_try);
	if (row->undone)
		buf_printf(out, " u%d@%d %s", (int)row->undone, (int)row->undone_at,
		           row->undone_what);
}

static char *rows_of(struct arena *a, const struct memory *m) {
	struct buf out = { 0 };

	for (const struct condition_row *r = memory_next(m, NULL); r; r = memory_next(m, r))
		put_row(r, &out);
	char *text = arena_strdup(a, out.len ? out.data : "");
	buf_done(&out);
	return text;
}

static struct memory *memory_with(struct arena *a, const char *text) {
	struct memory *m = memory_new();
	struct condition_row rows[8];
	size_t n = read_rows(a, text, rows);

	for (size_t i = 0; i < n; i++)
		memory_put(m, rows + i);
	return m;
}

static void joins(void **state) {
	static const struct {
		const char *name, *memory, *stored, *expect;
	} rows[] = {
		{ "nothing", "", "", "" },
		{ "after a start", "", "hq/Ann code=alias-taken@5 x2>9",
		  "hq/Ann code=alias-taken@5 x2>9" },
		{ "what stands in the way the memory knows better", "hq/Ann code=alias-taken@7",
		  "hq/Ann code=user-not-found@5 x2>9", "hq/Ann code=alias-taken@7 x2>9" },
		{ "failures the store does: a person applied it",
		  "hq/Ann code=failed@5 x2>9 u1@3 mail", "", "hq/Ann code=failed@5" },
		{ "... and nothing else was known of it", "hq/Ann x2>9", "", "" },
		{ "... or somebody else's run failed", "hq/Ann code=failed@5 x2>9", "hq/Ann x3>20",
		  "hq/Ann code=failed@5 x3>20" },
		{ "what others undid likewise", "hq/Ann u1@3 mail", "hq/Ann u2@8 mail",
		  "hq/Ann u2@8 mail" },
		{ "case is ignored", "HQ/ANN code=alias-taken@7", "hq/ann x2>9",
		  "hq/ann code=alias-taken@7 x2>9" },
		{ "manifests are told apart", "hq/Ann code=alias-taken@7", "eu/Ann x2>9",
		  "hq/Ann code=alias-taken@7|eu/Ann x2>9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena *a = arena_new();
		struct condition_row stored[8];
		size_t n = read_rows(a, rows[i].stored, stored);
		struct memory *m = memory_with(a, rows[i].memory);
		struct memory *joined = memory_join(m, stored, n);
		const char *got = rows_of(a, joined);
		if (strcmp(got, rows[i].expect) != 0)
			fail_msg("%s: %s, not %s", rows[i].name, got, rows[i].expect);
		memory_free(m);
		memory_free(joined);
		arena_free(a);
	}
}

static void wait(void **state) {
	static const struct {
		const char *memory;
		int64_t expect;
	} rows[] = {
		{ "", INT64_MAX },
		{ "hq/Ann code=alias-taken@7", INT64_MAX },
		{ "hq/Ann x4>9", 9 },
		{ "hq/Ann x4>9|hq/Bob x3>4|hq/Cid x5>12", 4 },
		{ "hq/Ann x1>-5|hq/Bob x3>4", 0 },
		{ "hq/Ann x1>2", 2 },
		/* Nobody waits so long after so few failures: the clock was set back. */
		{ "hq/Ann x1>3", 0 },
		{ "hq/Ann x20>990", 990 },
		{ "hq/Ann x20>991", 0 },
		{ "hq/Ann x2>86402|hq/Bob x3>4", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct arena *a = arena_new();
		struct memory *m = memory_with(a, rows[i].memory);
		if (memory_wait(m, 0) != rows[i].expect)
			fail_msg("%s: %d, not %d", rows[i].memory, (int)memory_wait(m, 0),
			         (int)rows[i].expect);
		memory_free(m);
		arena_free(a);
	}
}

static void holds_what_is_said(void **state) {
	struct arena *a = arena_new();
	struct memory *m = memory_with(a, "hq/Ann code=alias-taken@7|hq/Ann code=failed@8|hq/Bob");
	struct condition_row ann = memory_of(m, a, "HQ", "ann"), bob = memory_of(m, a, "hq", "Bob");

	(void)state;
	assert_int_equal(memory_count(m), 1);
	assert_string_equal(ann.code, "failed");
	assert_false(memory_says(&bob));
	assert_string_equal(bob.name, "Bob");
	assert_int_equal(bob.next_try, TIMESTAMP_NONE);
	memory_free(m);
	arena_free(a);
}

/* Each field counts: what differs is written into the store. */
static void same(void **state) {
	static const char *const rows[] = {
		"hq/Ann code=failed@5 x1>9 u1@3 mail", "hq/Ann code=stale@5 x1>9 u1@3 mail",
		"hq/Ann code=failed@6 x1>9 u1@3 mail", "hq/Ann code=failed@5 x2>9 u1@3 mail",
		"hq/Ann code=failed@5 x1>8 u1@3 mail", "hq/Ann code=failed@5 x1>9 u2@3 mail",
		"hq/Ann code=failed@5 x1>9 u1@4 mail", "hq/Ann code=failed@5 x1>9 u1@3 homeMDB",
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			struct condition_row x = read_row(a, arena_strdup(a, rows[i]));
			struct condition_row y = read_row(a, arena_strdup(a, rows[k]));
			if (memory_same(&x, &y) != (i == k))
				fail_msg("%s and %s", rows[i], rows[k]);
		}
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joins),
		cmocka_unit_test(wait),
		cmocka_unit_test(holds_what_is_said),
		cmocka_unit_test(same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
