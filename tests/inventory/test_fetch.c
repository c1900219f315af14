/* What the world is told: the tables, and the answers to keys, found one by one or by a scan. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/timestamp.h"
#include "fixture.h"
#include "tests/test.h"

#define H  "DisplayName,MailboxGuid,LegacyDN,Database\n"
#define G1 "11111111-0000-4000-8000-000000000001"
#define G2 "22222222-0000-4000-8000-000000000002"
#define G3 "33333333-0000-4000-8000-000000000003"
#define G9 "99999999-0000-4000-8000-000000000009"

/* Ann twice in two databases, an archive with its primary's legacyExchangeDN, two of one name. */
static const char rows[] = H "Ann," G1 ",/o=X/cn=ann,DB1\nAnn," G1 ",/o=X/cn=ann,DB2\n"
                             "\xc3\x89mile," G2 ",/o=X/cn=ann,DB1\nann," G3 ",/o=X/cn=other,DB1\n";

static const struct {
	enum key_kind kind;
	const char *text, *expected;
} asked[] = {
	{ KEY_ROW_GUID, G1, "DB1/Ann DB2/Ann" },
	{ KEY_ROW_GUID, G3, "DB1/ann" },
	{ KEY_ROW_GUID, G9, "none" },
	{ KEY_ROW_NAME, "ann", "DB1/Ann DB2/Ann DB1/ann" },
	{ KEY_ROW_NAME, "\xc3\xa9mile", "DB1/\xc3\x89mile" },
	{ KEY_ROW_NAME, "/o=x/cn=ann", "none" },
	{ KEY_ROW_NAME, G1, "none" },
	{ KEY_ROW_LEGACY_DN, "/o=x/cn=ann", "DB1/Ann DB2/Ann DB1/\xc3\x89mile" },
	{ KEY_ROW_LEGACY_DN, "ann", "none" },
	{ KEY_USER_UPN, "ann", "not asked" },
	{ KEY_OWNER, G1, "not asked" },
};

static const char *answer_text(struct arena *a, const struct world *w, enum key_kind kind,
                               const char *text) {
	struct answer answer = world_ask(w, kind, text);
	const char *out = answer.n ? "" : "none";

	if (answer.state != ANSWER_COMPLETE)
		return "not asked";
	for (size_t i = 0; i < answer.n; i++)
		out = arena_printf(a, "%s%s%s/%s", out, i ? " " : "",
		                   answer.rows[i]->database->name, answer.rows[i]->display_name);
	return out;
}

/* The rows, and so many others that nobody asks for. */
static void fill(struct fixture *f, int others) {
	struct buf csv = { 0 };

	buf_puts(&csv, rows);
	for (int i = 0; i < others; i++)
		buf_printf(&csv, "other %d,44444444-0000-4000-8000-%012d,/o=X/cn=%d,DB3\n", i, i,
		           i);
	const char *said = fixture_import(f, "f", csv.data, csv.len, NOW);
	assert_string_equal(said, arena_printf(f->arena, "+%d ~0 =0 -0\n", others + 4));
	buf_done(&csv);
}

static void load(struct fixture *f, struct world *w) {
	struct error err = { 0 };

	if (inventory_load(f->inv, w, &err) != OK)
		fail_msg("%s", err.text);
}

static void check_answers(int others) {
	struct error err = { 0 };
	struct fixture f;
	struct keys keys;
	int failures = 0;

	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	fill(&f, others);
	fixture_open(&f, INVENTORY_READ);
	struct world *w = world_new(f.arena);
	keys_init(&keys, f.arena);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		keys_add(&keys, asked[i].kind, asked[i].text);
	load(&f, w);
	assert_int_equal(inventory_fetch(f.inv, &keys, w, &err), OK);
	inventory_end(f.inv);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		failures += differs(asked[i].text,
		                    answer_text(f.arena, w, asked[i].kind, asked[i].text),
		                    asked[i].expected);
	keys_done(&keys);
	world_free(w);
	fixture_done(&f);
	assert_int_equal(failures, 0);
}

/* Eleven keys are more than a tenth of 4 rows, and less than one of 1004. */
static void test_by_scan(void **state) {
	(void)state;
	check_answers(0);
}

static void test_by_key(void **state) {
	(void)state;
	check_answers(1000);
}

static void test_row(void **state) {
	static const char csv[] =
	        "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,IsArchiveMailbox,"
	        "OwnerADGuid,MailboxTypeDetail,IsMoveDestination\n"
	        "Ann," G1 ",/o=X,DB1,2026-10-01T00:00:00Z,True," G9 ",SharedMailbox,True\n";
	struct error err = { 0 };
	struct fixture f;
	struct keys keys;
	struct guid owner;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	(void)fixture_import(&f, "f", csv, strlen(csv), NOW);
	struct world *w = world_new(f.arena);
	keys_init(&keys, f.arena);
	keys_add(&keys, KEY_ROW_NAME, "ann");
	load(&f, w);
	assert_int_equal(inventory_fetch(f.inv, &keys, w, &err), OK);
	struct answer answer = world_ask(w, KEY_ROW_NAME, "ann");
	assert_int_equal(answer.n, 1);
	const struct mailbox_row *m = answer.rows[0];
	size_t n;
	assert_ptr_equal(m->database, world_databases(w, &n));
	assert_int_equal(n, 1);
	assert_int_equal(m->database->imported, NOW);
	assert_int_equal(m->database->retention, 30 * DAY);
	assert_string_equal(m->database->folded, "db1");
	assert_string_equal(m->legacy_dn, "/o=X");
	assert_true(m->archive && m->move_destination);
	assert_int_equal(m->state, MAILBOX_DISABLED);
	assert_int_equal(m->disconnected, NOW - 31 * DAY);
	assert_true(m->kept == TIMESTAMP_NONE && m->vanished == TIMESTAMP_NONE);
	assert_int_equal(m->last_seen, NOW);
	assert_true(guid_parse(G9, &owner) && guid_equal(owner, m->owner));
	assert_string_equal(m->type_detail, "SharedMailbox");
	keys_done(&keys);
	world_free(w);
	fixture_done(&f);
}

static void test_tables(void **state) {
	struct fixture f;
	struct error err = { 0 };
	int64_t run;
	struct guid ann, emile;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	fill(&f, 0);
	(void)fixture_apply(&f, fixture_connect(&f, G3, G9), NOW);
	const struct item *open = fixture_connect(&f, G2, G9);
	struct run begun = { .started = NOW, .mode = "apply", .revision = "", .digest = "" };
	assert_int_equal(inventory_run_begin(f.inv, &begun, &run, &err), OK);
	assert_int_equal(inventory_intend(f.inv, run, &open, 1, &err), OK);
	struct world *w = world_new(f.arena);
	load(&f, w);
	assert_true(guid_parse(G3, &ann));
	assert_true(guid_parse(G2, &emile));
	assert_int_equal(world_applied_count(w), 1);
	const struct applied_row *row = world_applied(w, "HQ", "ANN");
	assert_non_null(row);
	assert_string_equal(row->wish, "w1");
	assert_string_equal(row->user, G9);
	assert_string_equal(row->mailbox_text, "ann");
	assert_string_equal(row->user_text, G9);
	assert_true(guid_equal(row->mailbox, ann));
	assert_true(world_was_applied(w, ann, G9));
	assert_false(world_was_applied(w, emile, G9));
	assert_true(world_is_open(w, emile, G9));
	assert_false(world_is_open(w, ann, G9));
	world_free(w);
	fixture_done(&f);
}

/* Between load and end nothing is written under the reader; afterwards it is. */
static void test_snapshot(void **state) {
	struct fixture f;
	sqlite3 *db;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	fill(&f, 0);
	fixture_open(&f, INVENTORY_READ);
	struct world *w = world_new(f.arena);
	load(&f, w);
	assert_int_equal(sqlite3_open(f.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM mailbox", NULL, NULL, NULL), SQLITE_BUSY);
	inventory_end(f.inv);
	assert_int_equal(sqlite3_exec(db, "DELETE FROM mailbox", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	world_free(w);
	fixture_done(&f);
}

/* A pass that writes is done with reading. */
static void test_write_ends_reading(void **state) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	struct world *w = world_new(f.arena);
	load(&f, w);
	if (inventory_run_begin(f.inv, &run, &id, &err) != OK)
		fail_msg("%s", err.text);
	world_free(w);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_scan),  cmocka_unit_test(test_by_key),
		cmocka_unit_test(test_row),      cmocka_unit_test(test_tables),
		cmocka_unit_test(test_snapshot), cmocka_unit_test(test_write_ends_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
