/* What a run did, as the audit has it; and connections that were told as released. */
#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "tests/test.h"

#define G1   "11111111-0000-4000-8000-000000000001"
#define G2   "22222222-0000-4000-8000-000000000002"
#define G8   "88888888-0000-4000-8000-000000000008"
#define G9   "99999999-0000-4000-8000-000000000009"
#define DATE "2026-10-01T12:00:00Z"
#define CSV                                                                                        \
	"DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate\n"                               \
	"Ann," G1 ",/o=X,DB1," DATE "\nBob," G2 ",/o=Y,DB1," DATE "\n"

static void must(int r, const struct error *err) {
	if (r != OK)
		fail_msg("%s", err->text);
}

static void begin(struct fixture *f) {
	fixture_make(f);
	fixture_open(f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(f, "f", CSV, strlen(CSV), NOW), "+2 ~0 =0 -0\n");
}

static struct connection *connection_of(const struct item *item) {
	return (struct connection *)(uintptr_t)item->connection;
}

#define DIRECTORY(guid)                                                                            \
	" | msExchMailboxGuid +" guid " (16) | mailNickname -old\"alias +j.evans (7)"
#define STATE " | state -disabled +connected (9)\n"

static void test_done(void **state) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "d" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9), *bob = fixture_connect(&f, G2, G8);
	const struct item *const items[] = { bob, ann };
	connection_of(bob)->user = NULL;
	connection_of(bob)->name = "Bob \"the\" Builder";
	connection_of(ann)->archive = true;
	bob->action = ACTION_UPDATE;
	bob->changes.n = 2; /* of the directory alone: he had it already */
	must(inventory_run_begin(f.inv, &run, &id, &err), &err);
	must(inventory_record(f.inv, id, NOW, items, 2, &err), &err);
	assert_string_equal(fixture_done_text(&f, 1),
	                    "run 1 hq Bob \"the\" Builder | 22222222, Bob | - "
	                    "CN=Bob,OU=Staff,DC=contoso,DC=com" DIRECTORY(
	                            G2) "\n"
	                                "run 1 hq Ann archive connected row | 11111111, Ann | " G9
	                                " CN=Ann,OU=Staff,DC=contoso,DC=com" DIRECTORY(G1) STATE);
	fixture_done(&f);
}

/* An update that sets the row connects nobody: its user had the mailbox already. */
static void test_done_connected(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	ann->action = ACTION_UPDATE;
	ann->changes.v += 2;
	ann->changes.n = 1;
	(void)fixture_apply(&f, ann, NOW);
	assert_string_equal(fixture_done_text(&f, 1), "run 1 hq Ann row | 11111111, Ann | " G9
	                                              " CN=Ann,OU=Staff,DC=contoso,DC=com" STATE);
	/* A connect whose row had that state already: `allow: [storeLags]`. */
	struct item *bob = fixture_connect(&f, G2, G8);
	bob->changes.n = 2;
	(void)fixture_apply(&f, bob, NOW);
	assert_non_null(strstr(fixture_done_text(&f, 2), "hq Bob connected |"));
	fixture_done(&f);
}

static void test_nothing_done(void **state) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "d" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	const struct item *const items[] = { ann };
	must(inventory_run_begin(f.inv, &run, &id, &err), &err);
	ann->outcome = OUTCOME_FAILED;
	must(inventory_record(f.inv, id, NOW, items, 1, &err), &err);
	assert_string_equal(fixture_done_text(&f, 1),
	                    "error: run 1 wrote nothing: there is nothing to undo");
	assert_string_equal(fixture_done_text(&f, 2),
	                    "error: there is no run 2; `mbxctl history` lists them");
	assert_string_equal(fixture_done_text(&f, 0),
	                    "error: there is no run 0; `mbxctl history` lists them");
	assert_string_equal(fixture_done_text(&f, -1),
	                    "error: there is no run -1; `mbxctl history` lists them");
	(void)fixture_apply(&f, fixture_connect(&f, G1, G9), NOW);
	(void)fixture_sql(&f, "UPDATE change SET before = '[1]' WHERE run = 2");
	assert_string_equal(fixture_done_text(&f, 2),
	                    arena_printf(f.arena,
	                                 "error: the store %s: the values that run 2 remembers "
	                                 "cannot be read",
	                                 f.path));
	fixture_done(&f);
}

/* ---- released ---- */

static const char *applied_text(struct fixture *f) {
	struct world *w = world_new(f->arena);
	struct error err = { 0 };
	struct buf out = { 0 };
	size_t n;

	must(inventory_load(f->inv, w, &err), &err);
	inventory_end(f->inv);
	const struct applied_row *rows = world_applied_rows(w, &n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s/%s%s\n", rows[i].manifest, rows[i].name,
		           rows[i].told ? " told" : "");
	const char *text = arena_copy(f->arena, out.data, out.len);
	buf_done(&out);
	world_free(w);
	return text;
}

static void tell(struct fixture *f, const char *manifest, const char *name, int64_t now) {
	const struct released released[] = { { manifest, name } };
	struct error err = { 0 };

	must(inventory_mark_told(f->inv, released, 1, now, &err), &err);
}

static void test_told(void **state) {
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9), *bob = fixture_connect(&f, G2, G8);
	connection_of(ann)->manifest = connection_of(bob)->manifest = "H\xc3\x9cgel";
	connection_of(ann)->name = "Ann STRASSE";
	(void)fixture_apply(&f, ann, NOW);
	(void)fixture_apply(&f, bob, NOW);
	assert_string_equal(applied_text(&f), "H\xc3\x9cgel/Ann STRASSE\nH\xc3\x9cgel/Bob\n");
	tell(&f, "h\xc3\xbcgel",
	     "ann stra\xc3\x9f"
	     "e",
	     NOW);
	assert_string_equal(applied_text(&f), "H\xc3\x9cgel/Ann STRASSE told\nH\xc3\x9cgel/Bob\n");
	/* A second time, none at all, and one that was never applied: not a byte is written. */
	const char *before = fixture_files(&f);
	tell(&f, "H\xc3\x9cgel", "Ann STRASSE", NOW + DAY);
	tell(&f, "H\xc3\x9cgel", "Carl", NOW + DAY);
	must(inventory_mark_told(f.inv, NULL, 0, NOW + DAY, &err), &err);
	assert_string_equal(fixture_files(&f), before);
	fixture_done(&f);
}

static void test_untold(void **state) {
	static const struct {
		enum action action;
		enum outcome outcome;
	} cases[] = { { ACTION_CONNECT, OUTCOME_APPLIED }, { ACTION_NONE, OUTCOME_NONE } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		begin(&f);
		struct item *ann = fixture_connect(&f, G1, G9);
		(void)fixture_apply(&f, ann, NOW);
		tell(&f, "hq", "Ann", NOW);
		assert_string_equal(applied_text(&f), "hq/Ann told\n");
		connection_of(ann)->name = "ANN"; /* and as it is written now */
		ann->action = cases[i].action;
		ann->outcome = cases[i].outcome;
		(void)fixture_apply(&f, ann, NOW);
		assert_string_equal(applied_text(&f), "hq/ANN\n");
		tell(&f, "hq", "Ann", NOW);
		assert_string_equal(applied_text(&f), "hq/ANN told\n");
		fixture_done(&f);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_done),         cmocka_unit_test(test_done_connected),
		cmocka_unit_test(test_nothing_done), cmocka_unit_test(test_told),
		cmocka_unit_test(test_untold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
