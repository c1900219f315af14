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
	                    "eacda8b950b18531d1a74794e90054c5be66a5a24510e631ab356ae4f7516d07\n");
	assert_string_equal(fixture_sql(&f, "SELECT chain FROM change WHERE id = 2"),
	                    "ac9792c5342f2486e86059bdb14d0f3afe511aef69abb39eaf4d09a38153bcdf\n");
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
		{ "UPDATE change SET connection = 'x' WHERE id = 2", 2, 2 },
		{ "UPDATE change SET connection = replace(connection, 'Ann', 'Bob') WHERE id = 1",
		  1, 1 },
		{ "UPDATE change SET connection = NULL WHERE id = 1", 1, 1 },
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

/* What is new in later formats taken away again. */
#define TO_1                                                                                       \
	"ALTER TABLE condition DROP COLUMN undone_at; ALTER TABLE condition DROP COLUMN "          \
	"undone_what;"                                                                             \
	"ALTER TABLE condition DROP COLUMN code; ALTER TABLE condition DROP COLUMN since;"         \
	"DROP TABLE undone; DROP INDEX change_connection;"                                         \
	"ALTER TABLE run DROP COLUMN undoes; ALTER TABLE change DROP COLUMN connection;"           \
	"ALTER TABLE intent DROP COLUMN action; ALTER TABLE intent DROP COLUMN reconnect;"         \
	"ALTER TABLE intent DROP COLUMN disconnected; ALTER TABLE intent DROP COLUMN server;"      \
	"ALTER TABLE applied DROP COLUMN manifest_written;"                                        \
	"ALTER TABLE applied DROP COLUMN name_written; PRAGMA user_version = 1"

static void test_format_1(void **state) {
	struct error err = { 0 };
	struct fixture f;
	struct done *done;
	size_t n;

	(void)state;
	make_audit(&f);
	const struct item *ann = fixture_connect(&f, G1, G9);
	assert_int_equal(inventory_intend(f.inv, 2, &ann, 1, &err), OK);
	fixture_close(&f);
	(void)fixture_sql(&f, TO_1);
	/* As format 1 linked its first row: `printf '\n%s' "$row" | sha256sum`, see docs/store.md.
	 */
	(void)fixture_sql(&f, "UPDATE change SET chain = "
	                      "'87c14a537c1722de0853c6a45c7dd70eef50e4b4f9ef99cc6e889b0674918579' "
	                      "WHERE id = 1; DELETE FROM change WHERE id > 1");
	fixture_open(&f, INVENTORY_WRITE);
	expect_verdict(&f, 1, 0);
	assert_int_equal(access(arena_printf(f.arena, "%s.v1", f.path), F_OK), 0);
	assert_string_equal(fixture_sql(&f, "PRAGMA user_version;"
	                                    "SELECT manifest_written || ' ' || name_written FROM "
	                                    "applied; SELECT action || reconnect FROM intent"),
	                    "4\nhq ann\nconnect1\n");
	/* Its runs are not undone: what their connections asked for is not known. */
	assert_int_equal(inventory_done(f.inv, f.arena, 1, &done, &n, &err), ERR_INVALID);
	assert_string_equal(err.text, "run 1 is of an older mbxctl, which did not keep all that an "
	                              "undo needs; `mbxctl history 1` says what it wrote");
	/* What it writes from now on is linked to what was there. */
	(void)fixture_apply(&f, fixture_connect(&f, G1, G9), NOW + DAY);
	expect_verdict(&f, 4, 0);
	fixture_done(&f);
}

/* Made new, and brought up to date: the same tables. */
static void test_same_tables(void **state) {
	static const char columns[] =
	        "SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" FROM "
	        "sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'";
	struct fixture f;

	(void)state;
	make_audit(&f);
	const char *new = fixture_sql(&f, columns);
	fixture_close(&f);
	(void)fixture_sql(&f, TO_1);
	fixture_open(&f, INVENTORY_WRITE);
	assert_string_equal(fixture_sql(&f, columns), new);
	fixture_done(&f);
}

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
	NULL,
	NULL,
	NULL,
	"ALTER TABLE mark ADD COLUMN note TEXT NOT NULL DEFAULT ''; CREATE TABLE more (x TEXT) "
	"STRICT",
	"INSERT INTO mark (server, invocation, position) VALUES ('dc1', 'i', 'p')",
	"INSERT INTO no_such_table VALUES (1)",
};

static void test_migrated(void **state) {
	static const char *const good[] = {
		NULL,
		NULL,
		NULL,
		NULL,
		"ALTER TABLE mark ADD COLUMN note TEXT NOT NULL DEFAULT ''",
		"INSERT INTO mark (server, invocation, position) VALUES ('dc1', 'i', 'p')",
	};
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_int_equal(schema_migrate(f.inv, 4, 6, good, &err), OK);
	assert_string_equal(fixture_sql(&f, "PRAGMA user_version; SELECT server FROM mark"),
	                    "6\ndc1\n");
	/* The copy is a store of the old format, with all that was in it. */
	(void)strcat(f.path, ".v4");
	fixture_open(&f, INVENTORY_READ);
	expect_verdict(&f, 6, 0);
	fixture_done(&f);
}

static void test_migration_that_fails(void **state) {
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	make_audit(&f);
	assert_int_equal(schema_migrate(f.inv, 4, 7, steps, &err), ERR_IO);
	assert_non_null(strstr(err.text, "no such table"));
	assert_string_equal(fixture_sql(&f, "PRAGMA user_version; SELECT count(*) FROM mark; "
	                                    "SELECT count(*) FROM pragma_table_info('mark')"),
	                    "4\n0\n3\n");
	/* A second attempt makes a second copy. */
	assert_int_equal(schema_migrate(f.inv, 4, 7, steps, &err), ERR_IO);
	assert_int_equal(access(arena_printf(f.arena, "%s.v4.2", f.path), F_OK), 0);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_first_link),
		cmocka_unit_test(test_altered),
		cmocka_unit_test(test_format_1),
		cmocka_unit_test(test_same_tables),
		cmocka_unit_test(test_migrated),
		cmocka_unit_test(test_migration_that_fails),
		cmocka_unit_test(test_made_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
