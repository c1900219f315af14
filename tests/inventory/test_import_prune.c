/* --prune: what has vanished goes, but for what somebody still needs. */
#include <string.h>

#include "fixture.h"
#include "tests/test.h"

#define H    "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate\n"
#define G1   "11111111-0000-4000-8000-000000000001"
#define G2   "22222222-0000-4000-8000-000000000002"
#define G3   "33333333-0000-4000-8000-000000000003"
#define G9   "99999999-0000-4000-8000-000000000009"
#define ANN  "Ann," G1 ",,DB1,2026-10-01T12:00:00Z\n"
#define BOB  "Bob," G2 ",,DB1,2026-10-01T12:00:00Z\n"
#define CARL "Carl," G3 ",,DB2,\n"
#define NAMES                                                                                      \
	"SELECT display_name || iif(vanished IS NULL, '', ' vanished') FROM mailbox ORDER BY id"

static const char *prune(struct fixture *f, const char *file) {
	const struct import_options options = { .now = NOW + 2 * DAY, .prune = true };

	return fixture_import_as(f, "f", file, strlen(file), &options);
}

static void begin(struct fixture *f) {
	fixture_make(f);
	fixture_open(f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(f, "f", H ANN BOB CARL, strlen(H ANN BOB CARL), NOW),
	                    "+3 ~0 =0 -0\n");
}

static void test_pruned(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	/* Without it the vanished stay, however often. */
	assert_string_equal(fixture_import(&f, "f", H ANN, strlen(H ANN), NOW), "+0 ~0 =1 -1\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Ann\nBob vanished\nCarl\n");
	assert_string_equal(prune(&f, H ANN), "+0 ~0 =1 -0 x1\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Ann\nCarl\n");
	fixture_done(&f);
}

static void test_vanished_just_now(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -1 x1\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Bob\nCarl\n");
	fixture_done(&f);
}

static void test_other_databases(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	assert_string_equal(fixture_import(&f, "f", H ANN, strlen(H ANN), NOW), "+0 ~0 =1 -1\n");
	assert_string_equal(prune(&f, H CARL), "+0 ~0 =1 -0\n");
	/* Nor does a file of databases cover any. */
	assert_string_equal(prune(&f, "Name,Guid,Server\nDB1," G9 ",EX01\n"),
	                    "databases +0 ~1 =0 -0\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Ann\nBob vanished\nCarl\n");
	fixture_done(&f);
}

static void test_unconfirmed(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	(void)fixture_apply(&f, fixture_connect(&f, G1, G9), NOW);
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -0\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Ann\nBob\nCarl\n");
	fixture_done(&f);
}

static void test_open_intent(void **state) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "d" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	begin(&f);
	const struct item *ann = fixture_connect(&f, G1, G9);
	assert_int_equal(inventory_run_begin(f.inv, &run, &id, &err), OK);
	assert_int_equal(inventory_intend(f.inv, id, &ann, 1, &err), OK);
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -1\n");
	assert_string_equal(fixture_sql(&f, NAMES), "Ann vanished\nBob\nCarl\n");
	/* Another row of the same mailbox is meant just as well. */
	(void)fixture_sql(&f, "UPDATE intent SET mailbox_row = NULL");
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -0\n");
	(void)fixture_sql(&f, "UPDATE intent SET mailbox = '" G9 "', mailbox_row = 1");
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -0\n");
	(void)fixture_sql(&f, "DELETE FROM intent");
	assert_string_equal(prune(&f, H BOB), "+0 ~0 =1 -0 x1\n");
	fixture_done(&f);
}

/* A file that is not taken removes nothing. */
static void test_refused(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	assert_true(*prune(&f, H BOB "Ann,x,,DB1,\n") == 'f');
	assert_string_equal(fixture_sql(&f, NAMES), "Ann\nBob\nCarl\n");
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pruned),          cmocka_unit_test(test_vanished_just_now),
		cmocka_unit_test(test_other_databases), cmocka_unit_test(test_unconfirmed),
		cmocka_unit_test(test_open_intent),     cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
