/* Runs, intents, what is recorded, and what a crash leaves. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

#define DISABLED(name, guid, dn) "  " name " | " guid " | " dn " | disabled " DATE "\n"
#define CONNECTED(name, guid, dn, owner)                                                           \
	"  " name " | " guid " | " dn " | connected | kept " DATE " | owner " owner "\n"
#define DB "DB1 | 30d | imported 2026-11-01T00:00:00Z\n"

#define ANN_DN         "CN=Ann,OU=Staff,DC=contoso,DC=com"
#define BOB_DN         "CN=Bob,OU=Staff,DC=contoso,DC=com"
#define RUN(n, counts) "run " n " apply: " counts "\n"
#define NONE           "applied 0, failed 0, stale 0, uncertain 0, held 0, not attempted 0"
#define ONE            "applied 1, failed 0, stale 0, uncertain 0, held 0, not attempted 0"
#define GOES_ON        " | goes on"
#define RECOVERED      " | recovered at 2026-11-02T00:00:00Z"
#define CHANGE(id, run, who, change)                                                               \
	"change " id " of run " run ": hq " who " | " change " | applied\n"
#define ANN_ROWS(id1, id2, id3, run)                                                               \
	CHANGE(id1, run, "Ann | 11111111 | 99999999 " ANN_DN,                                      \
	       "directory msExchMailboxGuid [] -> [\"" G1 "\"]")                                   \
	CHANGE(id2, run, "Ann | 11111111 | 99999999 " ANN_DN,                                      \
	       "directory mailNickname [\"old\\\"alias\"] -> [\"j.evans\"]")                       \
	CHANGE(id3, run, "Ann | 11111111 | 99999999 " ANN_DN,                                      \
	       "store state [\"disabled\"] -> [\"connected\"]")
#define ANN_INTENT                                                                                 \
	"intent 1 of run 1: hq Ann | 11111111 | 99999999 " ANN_DN " | msExchMailboxGuid +" G1      \
	" | mailNickname -old\"alias +j.evans\n"

/* ---- scenes ---- */

struct scene {
	struct fixture f;
	struct item *ann, *bob;
	int64_t run;
};

static void must(int r, const struct error *err) {
	if (r != OK)
		fail_msg("%s", err->text);
}

static void scene_begin(struct scene *s) {
	fixture_make(&s->f);
	fixture_open(&s->f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(&s->f, "f", CSV, strlen(CSV), NOW), "+2 ~0 =0 -0\n");
	s->ann = fixture_connect(&s->f, G1, G9);
	s->bob = fixture_connect(&s->f, G2, G8);
}

static void begin_run(struct scene *s) {
	struct run run = { .started = NOW, .mode = "apply", .revision = "abc", .digest = "d" };
	struct error err = { 0 };

	must(inventory_run_begin(s->f.inv, &run, &s->run, &err), &err);
}

static void intend(struct scene *s, const struct item *item) {
	struct error err = { 0 };

	must(inventory_intend(s->f.inv, s->run, &item, 1, &err), &err);
}

static void record(struct scene *s, struct item *item, enum outcome outcome, const char *message) {
	const struct item *const items[] = { item };
	struct error err = { 0 };

	item->outcome = outcome;
	item->message = message;
	must(inventory_record(s->f.inv, s->run, NOW, items, 1, &err), &err);
}

static void expect(struct scene *s, const char *name, const char *history, const char *list) {
	int failures = differs(name, fixture_history(&s->f), history);

	failures += differs(name, fixture_list(&s->f), list);
	assert_int_equal(failures, 0);
}

/* ---- recording ---- */

static void test_outcomes(void **state) {
	static const struct {
		const char *name;
		enum outcome outcome;
		const char *message, *history, *list;
	} cases[] = {
		{ "applied", OUTCOME_APPLIED, NULL,
		  RUN("1", ONE GOES_ON) ANN_ROWS("1", "2", "3", "1"),
		  DB CONNECTED("Ann", "11111111", "/o=X", "99999999")
		          DISABLED("Bob", "22222222", "/o=Y") },
		{ "failed", OUTCOME_FAILED, "the server said no",
		  RUN("1", "applied 0, failed 1, stale 0, uncertain 0, held 0, not attempted "
		           "0" GOES_ON) "change 1 of run 1: hq Ann | 11111111 | 99999999 " ANN_DN
		                        " |   [] -> [] | failed: the server said no\n",
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
		{ "stale", OUTCOME_STALE, "moved",
		  RUN("1", "applied 0, failed 0, stale 1, uncertain 0, held 0, not attempted "
		           "0" GOES_ON),
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
		{ "uncertain", OUTCOME_UNCERTAIN, NULL,
		  RUN("1", "applied 0, failed 0, stale 0, uncertain 1, held 0, not attempted "
		           "0" GOES_ON) ANN_INTENT,
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
		{ "not attempted", OUTCOME_NOT_ATTEMPTED, NULL,
		  RUN("1", "applied 0, failed 0, stale 0, uncertain 0, held 0, not attempted "
		           "1" GOES_ON),
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scene s;
		scene_begin(&s);
		begin_run(&s);
		intend(&s, s.ann);
		record(&s, s.ann, cases[i].outcome, cases[i].message);
		expect(&s, cases[i].name, cases[i].history, cases[i].list);
		fixture_done(&s.f);
	}
}

static void test_intent_is_open(void **state) {
	struct scene s;

	(void)state;
	scene_begin(&s);
	begin_run(&s);
	intend(&s, s.ann);
	expect(&s, "intended", RUN("1", NONE GOES_ON) ANN_INTENT,
	       DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y"));
	/* What becomes of another item, or of it in another run, does not close it. */
	record(&s, s.bob, OUTCOME_STALE, NULL);
	begin_run(&s);
	record(&s, s.ann, OUTCOME_STALE, NULL);
	assert_non_null(strstr(fixture_history(&s.f), ANN_INTENT));
	fixture_done(&s.f);
}

static void test_run_end(void **state) {
	struct run end = { .id = 1,
		           .ended = NOW + 60,
		           .applied = 1,
		           .failed = 2,
		           .stale = 3,
		           .uncertain = 4,
		           .held = 5,
		           .not_attempted = 6,
		           .outcome = "partial" };
	struct error err = { 0 };
	struct scene s;

	(void)state;
	scene_begin(&s);
	begin_run(&s);
	assert_int_equal(inventory_run_end(s.f.inv, &end, &err), OK);
	expect(&s, "ended",
	       RUN("1", "applied 1, failed 2, stale 3, uncertain 4, held 5, not attempted 6 | "
	                "partial at 2026-11-01T00:01:00Z"),
	       DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y"));
	end.id = 2;
	assert_int_equal(inventory_run_end(s.f.inv, &end, &err), ERR_CONFLICT);
	fixture_done(&s.f);
}

#define APPLIED                                                                                    \
	"SELECT manifest || ' ' || name || ' ' || wish || ' ' || mailbox || ' ' || user || ' ' "   \
	"|| mailbox_text || ' ' || coalesce(user_text, 'none') FROM applied"

static void test_pins(void **state) {
	struct scene s;

	(void)state;
	scene_begin(&s);
	struct connection *c = (struct connection *)(uintptr_t)s.ann->connection;
	c->manifest = "H\xc3\x9cgel";
	c->user = NULL;
	begin_run(&s);
	s.ann->action = ACTION_NONE;
	record(&s, s.ann, OUTCOME_NONE, NULL);
	assert_string_equal(fixture_sql(&s.f, APPLIED),
	                    "h\xc3\xbcgel ann w1 " G1 " " G9 " Ann none\n");
	const char *before = fixture_files(&s.f);
	record(&s, s.ann, OUTCOME_NONE, NULL);
	assert_string_equal(fixture_files(&s.f), before);
	c->user = G9;
	record(&s, s.ann, OUTCOME_NONE, NULL);
	assert_string_equal(fixture_sql(&s.f, APPLIED),
	                    "h\xc3\xbcgel ann w1 " G1 " " G9 " Ann " G9 "\n");
	s.ann->wish = "w2";
	record(&s, s.ann, OUTCOME_NONE, NULL);
	assert_string_equal(fixture_sql(&s.f, APPLIED),
	                    "h\xc3\xbcgel ann w2 " G1 " " G9 " Ann " G9 "\n");
	/* What is blocked was not found in sync. */
	s.bob->action = ACTION_BLOCKED;
	record(&s, s.bob, OUTCOME_NONE, NULL);
	assert_string_equal(fixture_sql(&s.f, "SELECT count(*) FROM applied"), "1\n");
	fixture_done(&s.f);
}

/* An update that changes the directory alone leaves the row as it is. */
static void test_update(void **state) {
	struct scene s;

	(void)state;
	scene_begin(&s);
	begin_run(&s);
	s.ann->action = ACTION_UPDATE;
	s.ann->changes.n = 2;
	intend(&s, s.ann);
	record(&s, s.ann, OUTCOME_APPLIED, NULL);
	assert_string_equal(fixture_list(&s.f), DB DISABLED("Ann", "11111111", "/o=X")
	                                                DISABLED("Bob", "22222222", "/o=Y"));
	assert_string_equal(fixture_sql(&s.f, APPLIED), "hq ann w1 " G1 " " G9 " Ann " G9 "\n");
	fixture_done(&s.f);
}

/* ---- after a crash ---- */

/* A run that intends both, records Bob's, and is killed. */
static void crash(struct scene *s) {
	pid_t pid = fork();

	if (pid == 0) {
		/* Not the parent's handle: SQLite does not survive a fork. */
		s->f.inv = NULL;
		fixture_open(&s->f, INVENTORY_WRITE);
		begin_run(s);
		intend(s, s->ann);
		intend(s, s->bob);
		record(s, s->bob, OUTCOME_STALE, NULL);
		(void)kill(getpid(), SIGKILL);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void test_recovery(void **state) {
	static const struct {
		const char *name;
		enum intent_end how;
		const char *history, *list;
	} cases[] = {
		{ "done", INTENT_DONE,
		  RUN("1", "applied 1, failed 0, stale 1, uncertain 0, held 0, not attempted "
		           "0" RECOVERED) CHANGE("1", "1", "Ann | 11111111 | 99999999 " ANN_DN,
		                                 "directory msExchMailboxGuid [] -> [\"" G1 "\"]")
		          CHANGE("2", "1", "Ann | 11111111 | 99999999 " ANN_DN,
		                 "directory mailNickname [\"old\\\"alias\"] -> "
		                 "[\"j.evans\"]")
		                  CHANGE("3", "1", "Ann | 11111111 | 99999999 " ANN_DN,
		                         "store state [\"disabled\"] -> "
		                         "[\"connected\"]"),
		  DB CONNECTED("Ann", "11111111", "/o=X", "99999999")
		          DISABLED("Bob", "22222222", "/o=Y") },
		{ "dropped", INTENT_DROPPED,
		  RUN("1", "applied 0, failed 0, stale 1, uncertain 0, held 0, not attempted "
		           "1" RECOVERED),
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
		{ "failed", INTENT_FAILED,
		  RUN("1", "applied 0, failed 1, stale 1, uncertain 0, held 0, not attempted "
		           "0" RECOVERED) "change 1 of run 1: hq Ann | 11111111 | 99999999 " ANN_DN
		                          " |   [] -> [] | failed: somebody else wrote\n",
		  DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y") },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct error err = { 0 };
		struct scene s;
		scene_begin(&s);
		fixture_close(&s.f);
		crash(&s);
		fixture_open(&s.f, INVENTORY_WRITE);
		expect(&s, "left by the crash",
		       RUN("1", "applied 0, failed 0, stale 1, uncertain 0, held 0, not attempted "
		                "0" GOES_ON) ANN_INTENT,
		       DB DISABLED("Ann", "11111111", "/o=X") DISABLED("Bob", "22222222", "/o=Y"));
		must(inventory_close_intent(
		             s.f.inv, 1, cases[i].how, NOW + DAY,
		             cases[i].how == INTENT_FAILED ? "somebody else wrote" : NULL, &err),
		     &err);
		expect(&s, cases[i].name, cases[i].history, cases[i].list);
		assert_string_equal(
		        fixture_sql(&s.f, APPLIED),
		        cases[i].how == INTENT_DONE ? "hq ann w1 " G1 " " G9 " Ann " G9 "\n" : "");
		assert_int_equal(inventory_close_intent(s.f.inv, 1, INTENT_DONE, NOW, NULL, &err),
		                 ERR_CONFLICT);
		fixture_done(&s.f);
	}
}

/* The run goes on until its last intent is closed; one that ended keeps how. */
static void test_recovery_of_several(void **state) {
	struct error err = { 0 };
	struct scene s;

	(void)state;
	scene_begin(&s);
	begin_run(&s);
	intend(&s, s.ann);
	intend(&s, s.bob);
	must(inventory_close_intent(s.f.inv, 1, INTENT_DROPPED, NOW + DAY, NULL, &err), &err);
	assert_non_null(strstr(fixture_history(&s.f), GOES_ON));
	must(inventory_close_intent(s.f.inv, 2, INTENT_DROPPED, NOW + DAY, NULL, &err), &err);
	assert_string_equal(fixture_history(&s.f),
	                    RUN("1", "applied 0, failed 0, stale 0, uncertain 0, held 0, not "
	                             "attempted 2" RECOVERED));
	fixture_done(&s.f);
}

static void test_recovery_of_uncertain(void **state) {
	struct run end = { .id = 1, .ended = NOW + 60, .uncertain = 1, .outcome = "partial" };
	struct error err = { 0 };
	struct scene s;

	(void)state;
	scene_begin(&s);
	begin_run(&s);
	intend(&s, s.ann);
	record(&s, s.ann, OUTCOME_UNCERTAIN, NULL);
	must(inventory_run_end(s.f.inv, &end, &err), &err);
	must(inventory_close_intent(s.f.inv, 1, INTENT_DONE, NOW + DAY, NULL, &err), &err);
	assert_string_equal(fixture_history(&s.f),
	                    RUN("1", ONE " | partial at "
	                                 "2026-11-01T00:01:00Z") ANN_ROWS("1", "2", "3", "1"));
	fixture_done(&s.f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_intent_is_open),
		cmocka_unit_test(test_run_end),
		cmocka_unit_test(test_pins),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_recovery_of_several),
		cmocka_unit_test(test_recovery_of_uncertain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
