/* The chain of the audit, and the migration of older stores. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "store/inventory/schema.h"
#include "tests/test.h"

#define G1  "11111111-0000-4000-8000-000000000001"
#define G9  "99999999-0000-4000-8000-000000000009"
#define CSV "DisplayName,MailboxGuid,LegacyDN,Database\nAnn," G1 ",/o=X,DB1\n"

/* Two runs, three rows each. */
static void make_audit(struct fixture *f) {
	fixture_make(f);
	fixture_open(f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(f, "f", CSV, strlen(CSV), NOW), "+1 ~0 =0 -0\n");
	(void)fixture_apply(f, fixture_connect(f, G1, G9), NOW);
	(void)fixture_apply(f, fixture_connect(f, G1, G9), NOW + DAY);
}

static void expect_verdict(struct fixture *f, int64_t rows, int64_t bad) {
	struct error err = { 0 };
	int64_t got_rows = -1, got_bad = -1;

	assert_int_equal(inventory_verify(f->inv, &got_rows, &got_bad, &err), OK);
	assert_int_equal(got_rows, rows);
	assert_int_equal(got_bad, bad);
}

static void test_untouched(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	expect_verdict(&f, 0, 0);
	fixture_done(&f);
	make_audit(&f);
	expect_verdict(&f, 6, 0);
	fixture_open(&f, INVENTORY_READ);
	expect_verdict(&f, 6, 0);
	fixture_done(&f);
}

/* docs/store.md says how to reckon it with sha256sum; a change of the format would show here. */
static void test_first_link(void **state) {
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_string_equal(fixture_sql(&f, "SELECT chain FROM change WHERE id = 1"),
	                    "87c14a537c1722de0853c6a45c7dd70eef50e4b4f9ef99cc6e889b0674918579\n");
	assert_string_equal(fixture_sql(&f, "SELECT chain FROM change WHERE id = 2"),
	                    "644c1b44c468a4d50d795cb94d1de6bb0a8033fc633de4f250c9647f2a672697\n");
	fixture_done(&f);
}

static void test_altered(void **state) {
	static const struct {
		const char *sql;
		int64_t rows, bad;
	} cases[] = {
		{ "UPDATE change SET run = 2 WHERE id = 2", 2, 2 },
		{ "UPDATE change SET at = at + 1 WHERE id = 2", 2, 2 },
		{ "UPDATE change SET manifest = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET name = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET mailbox = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET user = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET user_dn = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET target = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET attribute = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET before = '[]' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET after = '[]' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET result = 'failed' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET message = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET chain = replace(hex(zeroblob(32)), '0', 'a') WHERE id = 2", 2,
		  2 },
		{ "DELETE FROM change WHERE id = 2", 2, 3 },
		{ "DELETE FROM change WHERE id = 1", 1, 2 },
		{ "UPDATE change SET id = 100 WHERE id = 2", 2, 3 },
	};
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct fixture f;
		int64_t rows, bad;
		make_audit(&f);
		(void)fixture_sql(&f, cases[i].sql);
		assert_int_equal(inventory_verify(f.inv, &rows, &bad, &err), OK);
		if (rows != cases[i].rows || bad != cases[i].bad) {
			print_error("%s: row %d of %d\n", cases[i].sql, (int)bad, (int)rows);
			failures++;
		}
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* ---- stores of another time ---- */

/* Another process may have made it between our look and our lock. */
static void test_made_once(void **state) {
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_int_equal(schema_create(f.inv, &err), OK);
	expect_verdict(&f, 6, 0);
	fixture_done(&f);
}

static const char *const steps[] = {
	NULL,
	"ALTER TABLE mark ADD COLUMN note TEXT NOT NULL DEFAULT ''; CREATE TABLE more (x TEXT) "
	"STRICT",
	"INSERT INTO mark (server, invocation, position) VALUES ('dc1', 'i', 'p')",
	"INSERT INTO no_such_table VALUES (1)",
};

static void test_migrated(void **state) {
	static const char *const good[] = {
		NULL,
		"ALTER TABLE mark ADD COLUMN note TEXT NOT NULL DEFAULT ''",
		"INSERT INTO mark (server, invocation, position) VALUES ('dc1', 'i', 'p')",
	};
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_int_equal(schema_migrate(f.inv, 1, 3, good, &err), OK);
	assert_string_equal(fixture_sql(&f, "PRAGMA user_version; SELECT server FROM mark"),
	                    "3\ndc1\n");
	/* The copy is a store of the old format, with all that was in it. */
	(void)strcat(f.path, ".v1");
	fixture_open(&f, INVENTORY_READ);
	expect_verdict(&f, 6, 0);
	fixture_done(&f);
}

static void test_migration_that_fails(void **state) {
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_int_equal(schema_migrate(f.inv, 1, 4, steps, &err), ERR_IO);
	assert_non_null(strstr(err.text, "no such table"));
	assert_string_equal(fixture_sql(&f, "PRAGMA user_version; SELECT count(*) FROM mark; "
	                                    "SELECT count(*) FROM pragma_table_info('mark')"),
	                    "1\n0\n3\n");
	/* A second attempt makes a second copy. */
	assert_int_equal(schema_migrate(f.inv, 1, 4, steps, &err), ERR_IO);
	assert_int_equal(access(arena_printf(f.arena, "%s.v1.2", f.path), F_OK), 0);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_first_link),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_migrated),
		cmocka_unit_test(test_migration_that_fails),
		cmocka_unit_test(test_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
