/* What an undo records: row, audit, and the suspension of what was undone. */
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
#define DB        "DB1 | 30d | imported 2026-11-01T00:00:00Z\n"
#define ANN       DB "  Ann | 11111111 | /o=X | "
#define BOB       "\n  Bob | 22222222 | /o=Y | disabled " DATE "\n"
#define CONNECTED "connected | kept " DATE " | owner 99999999"

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

/* ---- undone ---- */

static struct change *swapped(struct arena *a, const struct item *item) {
	struct change *v = ARENA_ARRAY(a, struct change, item->changes.n);

	for (size_t i = 0; i < item->changes.n; i++) {
		v[i] = item->changes.v[i];
		v[i].before = item->changes.v[i].after;
		v[i].n_before = item->changes.v[i].n_after;
		v[i].after = item->changes.v[i].before;
		v[i].n_after = item->changes.v[i].n_before;
	}
	return v;
}

/* The item that takes back what `item` did; what the connection asked for it does not say. */
static struct item *undo_of(struct fixture *f, const struct item *item, int64_t date) {
	struct connection *c = ARENA_NEW(f->arena, struct connection);
	struct item *undo = ARENA_NEW(f->arena, struct item);

	*c = (struct connection){ .manifest = item->connection->manifest,
		                  .name = item->connection->name,
		                  .mailbox = "not asked",
		                  .archive = item->connection->archive };
	*undo = *item;
	undo->connection = c;
	undo->action = item->action == ACTION_CONNECT ? ACTION_DISCONNECT : ACTION_UPDATE;
	undo->changes.v = swapped(f->arena, item);
	undo->disconnected = date;
	undo->wish = "";
	return undo;
}

static int64_t begin_undo(struct fixture *f, int64_t undoes) {
	struct run run = { .started = NOW + DAY,
		           .mode = "undo",
		           .undoes = undoes,
		           .revision = "",
		           .digest = "d" };
	struct error err = { 0 };
	int64_t id = 0;

	must(inventory_run_begin(f->inv, &run, &id, &err), &err);
	return id;
}

static void undo(struct fixture *f, int64_t undoes, const struct item *item) {
	struct error err = { 0 };
	int64_t run = begin_undo(f, undoes);

	must(inventory_intend(f->inv, run, &item, 1, &err), &err);
	must(inventory_record(f->inv, run, NOW + DAY, &item, 1, &err), &err);
}

static const char *unfixture_done_text(struct fixture *f, const char *mailbox, const char *user) {
	struct world *w = world_new(f->arena);
	struct error err = { 0 };
	struct guid guid;

	must(inventory_load(f->inv, w, &err), &err);
	inventory_end(f->inv);
	assert_true(guid_parse(mailbox, &guid));
	const struct undone_row *u = world_undone(w, guid, user);
	const char *text =
	        !u ? "none"
	           : arena_printf(f->arena, "run %" PRId64 "%s%s | %s | %s | %s", u->run,
	                          u->connect ? " connect" : "", u->reconnect ? " reconnect" : "",
	                          u->mailbox_text, u->user_text ? u->user_text : "-", u->wish);
	world_free(w);
	return text;
}

#define APPLIED "SELECT manifest || ' ' || name || ' ' || wish || ' ' || mailbox_text FROM applied"

static void test_undo(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	(void)fixture_apply(&f, ann, NOW);
	undo(&f, 1, undo_of(&f, ann, 1790856000));
	assert_string_equal(fixture_list(&f), ANN "disabled " DATE BOB);
	assert_string_equal(fixture_sql(&f, "SELECT count(*) FROM mailbox WHERE kept IS NOT NULL "
	                                    "OR connected_run IS NOT NULL OR owner IS NOT NULL"),
	                    "0\n");
	assert_string_equal(unfixture_done_text(&f, G1, G9), "run 1 connect | Ann | " G9 " | w1");
	assert_string_equal(unfixture_done_text(&f, G1, G8), "none");
	/* The applied row stays. */
	assert_string_equal(fixture_sql(&f, APPLIED), "hq ann w1 Ann\n");
	const char *history = fixture_history(&f);
	assert_non_null(strstr(history, "run 2 undo: applied 1, "));
	assert_non_null(strstr(history, "| goes on | undoes run 1\n"));
	assert_non_null(strstr(history, "change 6 of run 2: hq Ann | 11111111 | 99999999 "
	                                "CN=Ann,OU=Staff,DC=contoso,DC=com | store state "
	                                "[\"connected\"] -> [\"disabled\"] | applied\n"));
	assert_null(strstr(history, "intent"));
	fixture_done(&f);
}

/* Confirmed by the server: the purge begins anew, with the undo. */
static void test_undo_dates(void **state) {
	static const char confirmed[] = "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate\n"
	                                "Ann," G1 ",/o=X,DB1,\nBob," G2 ",/o=Y,DB1," DATE "\n";
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	(void)fixture_apply(&f, ann, NOW);
	(void)fixture_import(&f, "f", confirmed, strlen(confirmed), NOW);
	undo(&f, 1, undo_of(&f, ann, NOW + DAY));
	assert_string_equal(fixture_list(&f), ANN "disabled 2026-11-02T00:00:00Z" BOB);
	fixture_done(&f);
}

/* The row is as it is where the undo does not change it. */
static void test_undo_of_the_directory_alone(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	(void)fixture_apply(&f, ann, NOW);
	struct item *back = undo_of(&f, ann, INT64_MIN);
	back->changes.n = 2;
	undo(&f, 1, back);
	assert_string_equal(fixture_list(&f), ANN CONNECTED BOB);
	assert_string_equal(unfixture_done_text(&f, G1, G9), "run 1 connect | Ann | " G9 " | w1");
	fixture_done(&f);
}

static void test_undo_of_an_update(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	ann->action = ACTION_UPDATE;
	ann->changes.n = 2;
	connection_of(ann)->allow = CONSENT_RECONNECT | CONSENT_ADOPT;
	connection_of(ann)->user = NULL;
	(void)fixture_apply(&f, ann, NOW);
	undo(&f, 1, undo_of(&f, ann, INT64_MIN));
	assert_string_equal(fixture_list(&f), ANN "disabled " DATE BOB);
	assert_string_equal(unfixture_done_text(&f, G1, G9), "run 1 reconnect | Ann | - | w1");
	assert_string_equal(fixture_sql(&f, APPLIED), "hq ann w1 Ann\n");
	fixture_done(&f);
}

/* What the suspension remembers is of the run that was undone, not of a later one. */
static void test_undo_of_an_earlier_run(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *first = fixture_connect(&f, G1, G9), *later = fixture_connect(&f, G1, G9);
	(void)fixture_apply(&f, first, NOW);
	later->action = ACTION_UPDATE;
	later->wish = "w2";
	connection_of(later)->mailbox = G1;
	(void)fixture_apply(&f, later, NOW);
	undo(&f, 1, undo_of(&f, first, NOW));
	assert_string_equal(unfixture_done_text(&f, G1, G9), "run 1 connect | Ann | " G9 " | w1");
	fixture_done(&f);
}

/* Nothing of an undo is pinned, whatever its items found. */
static void test_undo_of_nothing(void **state) {
	struct fixture f;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	(void)fixture_apply(&f, ann, NOW);
	struct item *back = undo_of(&f, ann, INT64_MIN);
	back->action = ACTION_NONE;
	back->outcome = OUTCOME_NONE;
	undo(&f, 1, back);
	assert_string_equal(unfixture_done_text(&f, G1, G9), "none");
	assert_string_equal(fixture_sql(&f, APPLIED), "hq ann w1 Ann\n");
	fixture_done(&f);
}

static void test_lifted(void **state) {
	static const struct {
		const char *name, *user;
		enum action action;
		enum outcome outcome;
		const char *expected;
	} cases[] = {
		{ "applied again", G9, ACTION_CONNECT, OUTCOME_APPLIED, "none" },
		{ "found in sync", G9, ACTION_NONE, OUTCOME_NONE, "none" },
		{ "failed", G9, ACTION_CONNECT, OUTCOME_FAILED,
		  "run 1 connect | Ann | " G9 " | w1" },
		{ "still suspended", G9, ACTION_SUSPENDED, OUTCOME_NONE,
		  "run 1 connect | Ann | " G9 " | w1" },
		{ "another user's", G8, ACTION_CONNECT, OUTCOME_APPLIED,
		  "run 1 connect | Ann | " G9 " | w1" },
	};
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		begin(&f);
		struct item *ann = fixture_connect(&f, G1, G9);
		(void)fixture_apply(&f, ann, NOW);
		undo(&f, 1, undo_of(&f, ann, NOW));
		struct item *again = fixture_connect(&f, G1, cases[i].user);
		again->action = cases[i].action;
		again->outcome = cases[i].outcome;
		(void)fixture_apply(&f, again, NOW);
		failures +=
		        differs(cases[i].name, unfixture_done_text(&f, G1, G9), cases[i].expected);
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* ---- an undo that was killed ---- */

static void test_recovery(void **state) {
	static const struct {
		const char *name;
		enum intent_end how;
		const char *row, *undone, *history;
	} cases[] = {
		{ "done", INTENT_DONE, "disabled " DATE, "run 1 connect | Ann | " G9 " | w1",
		  "change 6 of run 2: " },
		{ "dropped", INTENT_DROPPED, CONNECTED, "none", "run 2 undo: applied 0, " },
		{ "failed", INTENT_FAILED, CONNECTED, "none", "| failed: somebody else wrote\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct fixture f;
		begin(&f);
		struct item *ann = fixture_connect(&f, G1, G9);
		(void)fixture_apply(&f, ann, NOW);
		const struct item *back = undo_of(&f, ann, 1790856000);
		must(inventory_intend(f.inv, begin_undo(&f, 1), &back, 1, &err), &err);
		fixture_open(&f, INVENTORY_WRITE);
		must(inventory_close_intent(f.inv, 1, cases[i].how, NOW + 2 * DAY,
		                            "somebody else wrote", &err),
		     &err);
		int failures = differs(cases[i].name, fixture_list(&f),
		                       arena_printf(f.arena, ANN "%s" BOB, cases[i].row));
		failures +=
		        differs(cases[i].name, unfixture_done_text(&f, G1, G9), cases[i].undone);
		failures += differs(cases[i].name, fixture_sql(&f, APPLIED), "hq ann w1 Ann\n");
		assert_non_null(strstr(fixture_history(&f), cases[i].history));
		assert_int_equal(failures, 0);
		fixture_done(&f);
	}
}

/* What a recovered connect needs for its own undo was in the intent. */
static void test_undo_of_a_recovered_run(void **state) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "d" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	begin(&f);
	struct item *ann = fixture_connect(&f, G1, G9);
	const struct item *intended = ann;
	connection_of(ann)->allow = CONSENT_RECONNECT;
	connection_of(ann)->archive = true;
	must(inventory_run_begin(f.inv, &run, &id, &err), &err);
	must(inventory_intend(f.inv, id, &intended, 1, &err), &err);
	must(inventory_close_intent(f.inv, 1, INTENT_DONE, NOW, NULL, &err), &err);
	assert_string_equal(fixture_done_text(&f, 1),
	                    "run 1 hq Ann archive connected row | 11111111, Ann | " G9
	                    " CN=Ann,OU=Staff,DC=contoso,DC=com" DIRECTORY(G1) STATE);
	undo(&f, 1, undo_of(&f, ann, NOW));
	assert_string_equal(unfixture_done_text(&f, G1, G9),
	                    "run 1 connect reconnect | Ann | " G9 " | w1");
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_undo_dates),
		cmocka_unit_test(test_undo_of_the_directory_alone),
		cmocka_unit_test(test_undo_of_an_update),
		cmocka_unit_test(test_undo_of_an_earlier_run),
		cmocka_unit_test(test_undo_of_nothing),
		cmocka_unit_test(test_lifted),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_undo_of_a_recovered_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
