/*
 * agent/service/{leave,findings,memory}: how one connection fares from pass to pass.
 *
 * A pass is written as seconds, words and the attributes that its plan writes: `60 fail drift
 * mail` is a pass a minute after the first; what it found is drift, and its write fails. `state`
 * is the store's row. Words that are no cause are what else the plan may find (`none`, `held`,
 * `suspended`, a reason), or how the agent is (`asleep`: suspended; `shut`: outside its windows;
 * `over` a limit; `lonely`: its other half is not written; `observe`). Between passes: `restart`,
 * and `apply`, a person's. The answer to each: what became of it, or what stands in its way, with
 * `@` since when; `x2 >4`: it failed twice and is tried again at the fourth second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/choose.h"
#include "agent/service/findings.h"
#include "base/buf.h"
#include "base/timestamp.h"
#include "tests/test.h"

#define BASE INT64_C(1795000000)

struct row {
	const char *name, *passes, *expect;
};

struct life {
	struct memory *memory;        /* the agent's */
	struct arena *a;              /* of `stored` */
	struct condition_row *stored; /* what the store has */
	size_t n;
	struct buf told;
};

/* One pass as it is written. */
struct told {
	int64_t now;
	enum outcome attempt; /* what an attempt comes to */
	bool enforce, over, lonely;
	const char *code;
};

static bool attribute_of(const char *name, enum attribute *ret) {
	for (int i = 0; i < ATTR_COUNT; i++)
		if (strcmp(attributes[i].name, name) == 0) {
			*ret = (enum attribute)i;
			return true;
		}
	return false;
}

static void block(struct arena *a, struct item *item, const char *code) {
	struct note note = { .code = arena_strdup(a, code), .message = "it cannot be" };

	item->action = ACTION_BLOCKED;
	ARENA_PUSH(a, &item->reasons, note);
}

static void add_word(struct arena *a, const char *word, struct item *item, struct told *t) {
	struct change change = { .store = strcmp(word, "state") == 0, .column = "state" };
	static const char *const hold = "adopting";

	if (strcmp(word, "drift") == 0 || strcmp(word, "intent") == 0) {
		item->action = ACTION_UPDATE;
		item->cause = *word == 'd' ? CAUSE_DRIFT : CAUSE_INTENT;
	} else if (change.store || attribute_of(word, &change.id)) {
		ARENA_PUSH(a, &item->changes, change);
	} else if (strcmp(word, "held") == 0) {
		ARENA_PUSH(a, &item->holds, hold);
	} else if (strcmp(word, "suspended") == 0) {
		item->action = ACTION_SUSPENDED;
		item->suspended = "on request";
	} else if (strcmp(word, "fail") == 0) {
		t->attempt = OUTCOME_FAILED;
	} else if (strcmp(word, "stale") == 0) {
		t->attempt = OUTCOME_STALE;
	} else if (strcmp(word, "uncertain") == 0) {
		t->attempt = OUTCOME_UNCERTAIN;
	} else if (strcmp(word, "asleep") == 0) {
		t->code = LEFT_SUSPENDED;
	} else if (strcmp(word, "shut") == 0) {
		t->code = LEFT_WINDOW;
	} else if (strcmp(word, "over") == 0) {
		t->over = true;
	} else if (strcmp(word, "lonely") == 0) {
		t->lonely = item->after_partner = true;
	} else if (strcmp(word, "observe") == 0) {
		t->enforce = false;
	} else if (strcmp(word, "none") != 0) {
		block(a, item, word);
	}
}

static const char *leave_it(void *context, const struct item *item) {
	return leave_item(context, item, NULL);
}

/* As the agent chooses, and as a run ends. */
static void carry_out(struct arena *a, struct plan *plan, const struct told *t, struct leave *l) {
	bool chosen[1] = { false };
	struct pass p = { .a = a, .plan = *plan, .chosen = chosen };

	if (!t->enforce || t->over)
		return;
	choose_items(&p, false, leave_it, l);
	if (chosen[0])
		plan->items->outcome = t->attempt;
}

static void keep(struct life *life) {
	const struct condition_row *r = NULL;
	size_t n = 0;

	arena_free(life->a);
	life->a = arena_new();
	life->stored = ARENA_ARRAY(life->a, struct condition_row, memory_count(life->memory) + 1);
	while ((r = memory_next(life->memory, r))) {
		life->stored[n] = *r;
		life->stored[n].manifest = arena_strdup(life->a, r->manifest);
		life->stored[n].name = arena_strdup(life->a, r->name);
		life->stored[n].undone_what = arena_strdup(life->a, r->undone_what);
		life->stored[n].code = arena_strdup(life->a, r->code);
		n++;
	}
	life->n = n;
}

static void tell(struct life *life, const struct item *item, const struct findings *f) {
	struct condition_row row = memory_of(life->memory, f->a, "hq", "Ann");

	buf_printf(&life->told, "%s", life->told.len ? "; " : "");
	if (*row.code)
		buf_printf(&life->told, "%s@%d", row.code, (int)(row.since - BASE));
	else
		buf_printf(&life->told, "%s", item->outcome ? outcome_names[item->outcome] : "-");
	if (row.failures)
		buf_printf(&life->told, " x%d", (int)row.failures);
	if (row.next_try != TIMESTAMP_NONE)
		buf_printf(&life->told, " >%d", (int)(row.next_try - BASE));
	assert_int_equal(f->attention_total, *row.code ? 1 : 0);
	assert_int_equal(f->outcomes[item->outcome], 1);
}

/* What it logs is another test's. */
static struct memory *make_quietly(struct findings *f, const struct findings_source *source) {
	int mine = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(mine >= 0 && dup2(nowhere, STDERR_FILENO) >= 0);
	struct memory *m = findings_make(f, source);
	assert_true(dup2(mine, STDERR_FILENO) >= 0);
	close(mine);
	close(nowhere);
	return m;
}

static void one_pass(struct life *life, char *text) {
	static const struct connection c = { .manifest = "hq",
		                             .name = "Ann",
		                             .at = { "hq.yaml", 1, 1 } };
	struct arena *a = arena_new();
	struct item item = { .connection = &c,
		             .action = ACTION_NONE,
		             .purge = TIMESTAMP_NONE,
		             .disconnected = TIMESTAMP_NONE };
	struct told t = { .attempt = OUTCOME_APPLIED, .enforce = true };
	char *rest;

	t.now = BASE + strtol(strtok_r(text, " ", &rest), NULL, 10);
	for (char *word = strtok_r(NULL, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		add_word(a, word, &item, &t);
	struct plan plan = { .items = &item, .n = 1, .digest = "", .over_limit = t.over };
	struct memory *before = memory_join(life->memory, life->stored, life->n);
	struct leave l = {
		.a = a, .memory = before, .now = t.now, .code = t.code, .why = "not now"
	};
	struct findings *f = findings_new();
	struct findings_source source = {
		.plan = &plan, .memory = before, .leave = &l, .enforce = t.enforce
	};

	f->ended = t.now;
	carry_out(a, &plan, &t, &l);
	memory_free(life->memory);
	life->memory = make_quietly(f, &source);
	tell(life, &item, f);
	keep(life);
	memory_free(before);
	findings_unref(f);
	arena_free(a);
}

static void happen(struct life *life, char *text) {
	if (strcmp(text, "restart") == 0) {
		memory_free(life->memory);
		struct memory *none = memory_new();
		life->memory = memory_join(none, life->stored, life->n);
		memory_free(none);
	} else if (strcmp(text, "apply") == 0) {
		for (size_t i = 0; i < life->n; i++) {
			life->stored[i].failures = life->stored[i].undone = 0;
			life->stored[i].next_try = life->stored[i].undone_at = TIMESTAMP_NONE;
			life->stored[i].undone_what = "";
		}
	} else {
		one_pass(life, text);
	}
}

static void check(const struct row *rows, size_t n) {
	for (const struct row *r = rows; r < rows + n; r++) {
		struct life life = { .memory = memory_new() };
		char *copy = strdup(r->passes), *rest;
		for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
			happen(&life, one + strspn(one, " "));
		if (strcmp(life.told.data, r->expect) != 0)
			fail_msg("%s (%s):\n  got      %s\n  expected %s", r->name, r->passes,
			         life.told.data, r->expect);
		free(copy);
		buf_done(&life.told);
		memory_free(life.memory);
		arena_free(life.a);
	}
}

static void oscillation(void **state) {
	static const struct row rows[] = {
		{ "the third time it is left",
		  "0 drift mail; 60 drift mail; 120 drift mail; 180 drift mail",
		  "applied; applied; oscillating@120; oscillating@120" },
		{ "in sync between them changes nothing",
		  "0 drift mail; 1 none; 60 drift mail; 61 none; 120 drift mail",
		  "applied; -; applied; -; oscillating@120" },
		{ "over a restart",
		  "0 drift mail; restart; 60 drift mail; restart; 120 drift mail; restart; 130 "
		  "drift mail",
		  "applied; applied; oscillating@120; oscillating@120" },
		{ "a new wish is none",
		  "0 intent mail; 60 drift mail; 120 drift mail; 180 drift mail",
		  "applied; applied; applied; oscillating@180" },
		{ "a new wish between them starts anew",
		  "0 drift mail; 60 drift mail; 120 intent mail; 180 drift mail; 240 drift mail; "
		  "300 drift mail",
		  "applied; applied; applied; applied; applied; oscillating@300" },
		{ "an edit ends it",
		  "0 drift mail; 60 drift mail; 120 drift mail; 180 intent mail; 240 drift mail",
		  "applied; applied; oscillating@120; applied; applied" },
		{ "a person's apply ends it",
		  "0 drift mail; 60 drift mail; 120 drift mail; apply; 130 drift mail; 140 drift "
		  "mail; 150 drift mail",
		  "applied; applied; oscillating@120; applied; applied; oscillating@150" },
		{ "another attribute is another matter",
		  "0 drift mail; 60 drift mail; 120 drift homeMDB; 180 drift mail",
		  "applied; applied; applied; applied" },
		{ "of several what was it each time counts",
		  "0 drift mail homeMDB; 60 drift homeMDB displayName; 120 drift displayName; 180 "
		  "drift homeMDB",
		  "applied; applied; applied; applied" },
		{ "... and names it",
		  "0 drift mail homeMDB; 60 drift homeMDB displayName; 120 drift homeMDB mail",
		  "applied; applied; oscillating@120" },
		{ "a name that another begins with is another",
		  "0 drift mailNickname; 60 drift mailNickname; 120 drift mail",
		  "applied; applied; applied" },
		{ "a day and more between two",
		  "0 drift mail; 60 drift mail; 86461 drift mail; 86521 drift mail",
		  "applied; applied; applied; applied" },
		{ "a day sharp counts", "0 drift mail; 60 drift mail; 86460 drift mail",
		  "applied; applied; oscillating@86460" },
		{ "it is left until somebody sees to it, not for a day",
		  "0 drift mail; 60 drift mail; 120 drift mail; 100000 drift mail; 900000 drift "
		  "mail",
		  "applied; applied; oscillating@120; oscillating@120; oscillating@120" },
		{ "also while other things stand in the way",
		  "0 drift mail; 60 drift mail; 120 drift mail; 130 asleep drift mail; 100000 "
		  "drift mail",
		  "applied; applied; oscillating@120; agent-suspended@130; oscillating@100000" },
		{ "who gave in may do it once more, not on the same day",
		  "0 drift mail; 60 drift mail; 120 drift mail; 100000 none; 100060 drift mail; "
		  "200000 none; "
		  "300000 drift mail",
		  "applied; applied; oscillating@120; -; oscillating@100060; -; applied" },
		{ "the clock was set back by a day",
		  "0 drift mail; 60 drift mail; -86300 drift mail",
		  "applied; applied; oscillating@-86300" },
		{ "the clock was set forward by a day",
		  "0 drift mail; 60 drift mail; 86580 drift mail", "applied; applied; applied" },
		{ "the row in the store is nobody's writing",
		  "0 drift state; 60 drift state; 120 drift state", "applied; applied; applied" },
		{ "nor does it make forget",
		  "0 drift mail; 60 drift mail; 90 drift state; 120 drift mail",
		  "applied; applied; applied; oscillating@120" },
		{ "what failed was not undone",
		  "0 drift mail; 60 fail drift mail; 120 drift mail; 180 drift mail",
		  "applied; failed@60 x1 >61; applied; oscillating@180" },
		{ "observing counts nothing",
		  "0 observe drift mail; 60 observe drift mail; 120 observe drift mail",
		  "-; -; -" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void backing_off(void **state) {
	static const struct row rows[] = {
		{ "a second, two, four",
		  "0 fail intent mail; 1 fail intent mail; 3 fail intent mail; 7 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; failed@0 x3 >7; applied" },
		{ "before its time it is left",
		  "0 fail intent mail; 1 fail intent mail; 2 intent mail; 3 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; backing-off@0 x2 >3; applied" },
		{ "over a restart",
		  "0 fail intent mail; 1 fail intent mail; restart; 2 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; backing-off@0 x2 >3" },
		{ "stale is tried again, too", "0 stale intent mail", "stale@0 x1 >1" },
		{ "what is uncertain likewise", "0 uncertain intent mail; 1 intent mail",
		  "uncertain@0 x1 >1; applied" },
		{ "in order by itself", "0 fail intent mail; 1 none; 2 fail intent mail",
		  "failed@0 x1 >1; -; failed@2 x1 >3" },
		{ "blocked meanwhile", "0 fail intent mail; 1 user-not-found; 2 user-not-found",
		  "failed@0 x1 >1; user-not-found@1; user-not-found@1" },
		{ "a person's apply ends it",
		  "0 fail intent mail; 1 fail intent mail; apply; 2 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; applied" },
		{ "the clock was set back: not for ever", "0 fail intent mail; -86400 intent mail",
		  "failed@0 x1 >1; applied" },
		{ "set back a little: the time that it says",
		  "0 fail intent mail; -1 intent mail; 1 intent mail",
		  "failed@0 x1 >1; backing-off@-1 x1 >1; applied" },
		{ "set forward: at once", "0 fail intent mail; 86400 intent mail",
		  "failed@0 x1 >1; applied" },
		{ "over a limit nothing is forgotten",
		  "0 fail intent mail; 1 fail intent mail; 2 over intent mail; 2 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; - x2 >3; backing-off@2 x2 >3" },
		{ "observing nothing is forgotten",
		  "0 fail intent mail; 1 fail intent mail; 2 observe intent mail; 2 intent mail",
		  "failed@0 x1 >1; failed@0 x2 >3; - x2 >3; backing-off@2 x2 >3" },
		{ "its time has come, and it is not tried: that is no reason to hurry",
		  "0 fail intent mail; 5 lonely intent mail; 6 shut intent mail; 7 fail intent "
		  "mail",
		  "failed@0 x1 >1; not-attempted@5 x1; window-closed@6 x1; failed@7 x2 >9" },
		{ "nor where it is stalled",
		  "0 drift mail; 1 drift mail; 2 fail intent mail; 9 drift mail; 10 drift mail",
		  "applied; applied; failed@2 x1 >3; oscillating@9 x1; oscillating@9 x1" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void since(void **state) {
	static const struct row rows[] = {
		{ "kept while the code is the same",
		  "0 user-not-found; 60 user-not-found; 120 user-not-found",
		  "user-not-found@0; user-not-found@0; user-not-found@0" },
		{ "another code is another since",
		  "0 user-not-found; 60 alias-taken; 120 user-not-found",
		  "user-not-found@0; alias-taken@60; user-not-found@120" },
		{ "gone in between", "0 user-not-found; 60 none; 120 user-not-found",
		  "user-not-found@0; -; user-not-found@120" },
		{ "over a restart", "0 user-not-found; restart; 60 user-not-found",
		  "user-not-found@0; user-not-found@0" },
		{ "the first reason counts", "0 user-not-found alias-taken", "user-not-found@0" },
		{ "a hold", "0 held intent mail; 60 held intent mail", "adopting@0; adopting@0" },
		{ "a hold while observing", "0 observe held intent mail", "adopting@0" },
		{ "a hold that there is nothing to write of is none", "0 held none", "-" },
		{ "a hold over a limit", "0 over held intent mail", "adopting@0" },
		{ "suspended on request", "0 suspended; 60 suspended", "suspended@0; suspended@0" },
		{ "suspended and blocked", "0 user-not-found suspended", "suspended@0" },
		{ "the agent is suspended",
		  "0 asleep intent mail; 60 asleep intent mail; 70 intent mail",
		  "agent-suspended@0; agent-suspended@0; applied" },
		{ "the agent is suspended, and it is held", "0 asleep held intent mail",
		  "adopting@0" },
		{ "in sync it does not matter", "0 asleep none; 60 shut none", "-; -" },
		{ "outside its windows", "0 shut intent mail; 60 asleep intent mail",
		  "window-closed@0; agent-suspended@60" },
		{ "never later than now: the clock was set back",
		  "86400 user-not-found; 0 user-not-found; 60 user-not-found",
		  "user-not-found@86400; user-not-found@0; user-not-found@0" },
		{ "the clock was set forward",
		  "0 user-not-found; 86400 user-not-found; 60 user-not-found",
		  "user-not-found@0; user-not-found@0; user-not-found@0" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* What somebody reads has to say which attribute it is, how often, and what ends it. */
static void what_it_says(void **state) {
	struct arena *a = arena_new();
	struct memory *m = memory_new();
	const struct connection c = { .manifest = "hq", .name = "Ann" };
	struct condition_row row = { .manifest = "HQ",
		                     .name = "ANN",
		                     .undone = 2,
		                     .undone_at = BASE,
		                     .undone_what = "homeMDB mail",
		                     .code = "",
		                     .next_try = TIMESTAMP_NONE,
		                     .since = TIMESTAMP_NONE };
	struct change changes[] = { { .id = ATTR_MAIL }, { .id = ATTR_CN } };
	struct item item = { .connection = &c,
		             .action = ACTION_UPDATE,
		             .cause = CAUSE_DRIFT,
		             .changes = { changes, 2, 2 } };
	const char *code = NULL;

	(void)state;
	memory_put(m, &row);
	struct leave l = { .a = a, .memory = m, .now = BASE + 60 };
	assert_string_equal(leave_item(&l, &item, &code),
	                    "another writer has set mail back 3 times, before this on "
	                    "2026-11-18T11:06:40Z: find out who it is; `mbxctl apply` writes it "
	                    "once more, and an edited connection starts anew");
	assert_string_equal(code, LEFT_OSCILLATING);
	memory_free(m);
	m = memory_new();
	row.undone = 0;
	row.failures = 1;
	row.next_try = BASE + 61;
	memory_put(m, &row);
	l.memory = m;
	assert_string_equal(leave_item(&l, &item, &code),
	                    "it failed 1 time in a row; it is tried again at 2026-11-18T11:07:41Z");
	assert_string_equal(code, LEFT_BACKING_OFF);
	memory_free(m);
	arena_free(a);
}

/* What is remembered are attributes of the directory. */
static void what_is_remembered(void **state) {
	struct arena *a = arena_new();
	struct change changes[] = { { .id = ATTR_MAIL },
		                    { .store = true, .column = "state" },
		                    { .id = ATTR_HOME_MDB } };
	const struct item item = { .action = ACTION_UPDATE,
		                   .cause = CAUSE_DRIFT,
		                   .changes = { changes, 3, 3 } };
	struct condition_row row = { .undone_what = "", .undone_at = TIMESTAMP_NONE };

	(void)state;
	leave_count_undone(a, &item, BASE, &row);
	assert_int_equal(row.undone, 1);
	assert_int_equal(row.undone_at, BASE);
	assert_string_equal(row.undone_what, "mail homeMDB");
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oscillation),
		cmocka_unit_test(backing_off),
		cmocka_unit_test(since),
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(what_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
