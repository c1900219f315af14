/* agent/service/findings: sums, order, caps, and what is logged of a pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/service/findings.h"
#include "base/timestamp.h"
#include "tests/test.h"

#define BASE INT64_C(1795000000)

/* A plan of many connections, c0 ... */
struct many {
	struct arena *a;
	struct connection *connections;
	struct item *items;
	struct plan plan;
	struct leave leave;
	struct findings *f;
	struct memory *before, *after;
};

static void many_begin(struct many *m, size_t n) {
	struct arena *a = arena_new();

	*m = (struct many){ .a = a, .before = memory_new() };
	m->connections = ARENA_ARRAY(a, struct connection, n);
	m->items = ARENA_ARRAY(a, struct item, n);
	for (size_t i = 0; i < n; i++) {
		m->connections[i] = (struct connection){ .manifest = "hq",
			                                 .name = arena_printf(a, "c%zu", i),
			                                 .at = { "hq.yaml", 1, 1 } };
		m->items[i] = (struct item){ .connection = m->connections + i,
			                     .action = ACTION_NONE,
			                     .disconnected = TIMESTAMP_NONE,
			                     .purge = TIMESTAMP_NONE };
	}
	m->plan = (struct plan){ .items = m->items, .n = n, .digest = "sha256:0" };
	m->f = findings_new();
	m->f->ended = BASE;
}

static struct memory *make(struct many *m, bool enforce) {
	m->leave = (struct leave){ .a = m->a, .memory = m->before, .now = BASE };
	struct findings_source s = {
		.plan = &m->plan, .memory = m->before, .leave = &m->leave, .enforce = enforce
	};

	return findings_make(m->f, &s);
}

/* What it logged, as events and names: "connection-attention c0\n" ... */
static char *make_and_listen(struct many *m, bool enforce) {
	int mine = dup(STDERR_FILENO), log = memfd_create("log", MFD_CLOEXEC);

	assert_true(mine >= 0 && log >= 0 && dup2(log, STDERR_FILENO) >= 0);
	m->after = make(m, enforce);
	assert_true(dup2(mine, STDERR_FILENO) >= 0);
	close(mine);
	off_t n = lseek(log, 0, SEEK_END);
	char *text = arena_alloc(m->a, (size_t)n + 1, 1);
	assert_int_equal(pread(log, text, (size_t)n, 0), n);
	close(log);
	return text;
}

static void many_end(struct many *m) {
	memory_free(m->before);
	memory_free(m->after);
	findings_unref(m->f);
	arena_free(m->a);
}

static size_t lines_with(const char *text, const char *what) {
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void block(struct many *m, size_t i, const char *code) {
	struct note note = { .code = code, .message = "it cannot be" };

	m->items[i].action = ACTION_BLOCKED;
	ARENA_PUSH(m->a, &m->items[i].reasons, note);
}

static void write_as(struct many *m, size_t i, enum outcome outcome) {
	static struct change change = { .id = ATTR_MAIL };

	m->items[i].action = ACTION_UPDATE;
	m->items[i].cause = CAUSE_INTENT;
	m->items[i].outcome = outcome;
	ARENA_PUSH(m->a, &m->items[i].changes, change);
}

static void remember(struct many *m, size_t i, const char *code, int64_t since) {
	struct condition_row row = { .manifest = "hq",
		                     .name = m->connections[i].name,
		                     .undone_what = "",
		                     .undone_at = TIMESTAMP_NONE,
		                     .next_try = TIMESTAMP_NONE,
		                     .code = code,
		                     .since = since };

	memory_put(m->before, &row);
}

static void sums(void **state) {
	static const enum outcome outcomes[] = { OUTCOME_APPLIED,   OUTCOME_APPLIED,
		                                 OUTCOME_FAILED,    OUTCOME_STALE,
		                                 OUTCOME_UNCERTAIN, OUTCOME_NOT_ATTEMPTED };
	struct many m;

	(void)state;
	many_begin(&m, 10);
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++)
		write_as(&m, i, outcomes[i]);
	block(&m, 6, "user-not-found");
	block(&m, 6, "alias-taken");
	block(&m, 7, "alias-taken");
	write_as(&m, 8, OUTCOME_HELD);
	ARENA_PUSH(m.a, &m.items[8].holds, "adopting");
	m.plan.counts[ACTION_UPDATE] = 7;
	m.plan.complete = true;
	(void)make_and_listen(&m, true);
	assert_int_equal(m.f->total, 10);
	assert_int_equal(m.f->counts[ACTION_UPDATE], 7);
	assert_true(m.f->complete);
	assert_false(m.f->over_limit);
	assert_string_equal(m.f->digest, "sha256:0");
	assert_int_equal(m.f->outcomes[OUTCOME_APPLIED], 2);
	assert_int_equal(m.f->outcomes[OUTCOME_FAILED], 1);
	assert_int_equal(m.f->outcomes[OUTCOME_HELD], 1);
	assert_int_equal(m.f->outcomes[OUTCOME_NONE], 3);
	assert_int_equal(m.f->reasons.n, 2);
	assert_string_equal(m.f->reasons.v[0].code, "user-not-found");
	assert_int_equal(m.f->reasons.v[0].n, 1);
	assert_int_equal(m.f->reasons.v[1].n, 2);
	assert_int_equal(m.f->holds.n, 1);
	/* Failed, stale, uncertain, not attempted, two blocked, one held. */
	assert_int_equal(m.f->attention_total, 7);
	assert_int_equal(memory_count(m.after), 7);
	many_end(&m);
}

static void what_the_plan_says(void **state) {
	struct released gone[] = { { "hq", "Ann" } };
	struct many m;

	(void)state;
	many_begin(&m, 1);
	m.plan.over_limit = true;
	m.plan.released.v = gone;
	m.plan.released.n = 1;
	(void)make_and_listen(&m, true);
	assert_false(m.f->complete);
	assert_true(m.f->over_limit);
	assert_int_equal(m.f->released.n, 1);
	assert_string_equal(m.f->released.v[0].name, "Ann");
	many_end(&m);
}

static void longest_first(void **state) {
	struct many m;

	(void)state;
	many_begin(&m, 5);
	for (size_t i = 0; i < 4; i++)
		block(&m, i, "alias-taken");
	remember(&m, 1, "alias-taken", BASE - 50);
	remember(&m, 2, "user-not-found", BASE - 70);
	remember(&m, 3, "alias-taken", BASE - 60);
	(void)make_and_listen(&m, true);
	assert_int_equal(m.f->attention.n, 4);
	assert_string_equal(m.f->attention.v[0].name, "c3");
	assert_int_equal(m.f->attention.v[0].since, BASE - 60);
	assert_string_equal(m.f->attention.v[1].name, "c1");
	assert_string_equal(m.f->attention.v[2].name, "c0");
	assert_string_equal(m.f->attention.v[3].name, "c2");
	assert_int_equal(m.f->attention.v[3].since, BASE);
	many_end(&m);
}

static void nearest_purge_first(void **state) {
	struct mailbox_row row = { .display_name = "Ann" };
	struct many m;

	(void)state;
	many_begin(&m, 6);
	for (size_t i = 0; i < 6; i++) {
		m.items[i].purge = BASE + 1000 - (int64_t)i;
		m.items[i].row = &row;
		m.items[i].database = "DB1";
	}
	m.items[1].owned = true;
	m.items[2].purge = TIMESTAMP_NONE;
	write_as(&m, 3, OUTCOME_APPLIED);
	m.items[5].row = NULL;
	m.items[5].database = NULL;
	(void)make_and_listen(&m, true);
	assert_int_equal(m.f->deadlines.n, 3);
	assert_int_equal(m.f->deadlines_total, 3);
	assert_string_equal(m.f->deadlines.v[0].name, "c5");
	assert_string_equal(m.f->deadlines.v[0].mailbox, "");
	assert_string_equal(m.f->deadlines.v[1].name, "c4");
	assert_string_equal(m.f->deadlines.v[1].mailbox, "Ann");
	assert_string_equal(m.f->deadlines.v[1].database, "DB1");
	assert_string_equal(m.f->deadlines.v[2].name, "c0");
	many_end(&m);
}

static void no_more_than_fits(void **state) {
	enum { N = 1200 };
	struct many m;

	(void)state;
	many_begin(&m, N);
	for (size_t i = 0; i < N; i++) {
		block(&m, i, "alias-taken");
		m.items[i].purge = BASE + N - (int64_t)i;
		remember(&m, i, i < N / 2 ? "" : "alias-taken", BASE - (int64_t)i);
	}
	const char *log = make_and_listen(&m, true);
	assert_int_equal(m.f->attention_total, N);
	assert_int_equal(m.f->attention.n, ATTENTION_SHOWN);
	assert_string_equal(m.f->attention.v[0].name, "c1199");
	assert_int_equal(m.f->deadlines_total, N);
	assert_int_equal(m.f->deadlines.n, DEADLINES_SHOWN);
	assert_string_equal(m.f->deadlines.v[0].name, "c1199");
	assert_int_equal(memory_count(m.after), N);
	assert_int_equal(lines_with(log, "connection-attention"), N / 2);
	many_end(&m);
}

static void a_flood_of_transitions_is_cut(void **state) {
	enum { N = 1005 };
	struct many m;

	(void)state;
	many_begin(&m, N);
	for (size_t i = 0; i < N; i++)
		block(&m, i, "alias-taken");
	const char *log = make_and_listen(&m, true);
	assert_int_equal(lines_with(log, "connection-attention"), 1000);
	assert_int_equal(lines_with(log, "more-connections"), 1);
	assert_non_null(strstr(log, "not-logged=5"));
	many_end(&m);
}

static void transitions(void **state) {
	struct many m;

	(void)state;
	many_begin(&m, 8);
	block(&m, 0, "alias-taken");
	remember(&m, 0, "alias-taken", BASE - 60);
	block(&m, 1, "alias-taken");
	remember(&m, 1, "user-not-found", BASE - 60);
	remember(&m, 2, "user-not-found", BASE - 60);
	write_as(&m, 3, OUTCOME_APPLIED);
	write_as(&m, 4, OUTCOME_APPLIED);
	remember(&m, 4, "failed", BASE - 60);
	write_as(&m, 5, OUTCOME_FAILED);
	m.items[5].message = "no access";
	write_as(&m, 6, OUTCOME_FAILED);
	remember(&m, 6, "failed", BASE - 60);
	const char *log = make_and_listen(&m, true);
	assert_int_equal(lines_with(log, "event="), 5);
	assert_int_equal(lines_with(log, "event=connection-attention"), 2);
	assert_non_null(strstr(log, "name=c1 file=hq.yaml line=1 code=alias-taken"));
	assert_non_null(
	        strstr(log, "name=c5 file=hq.yaml line=1 code=failed message=\"no access\""));
	assert_int_equal(lines_with(log, "event=connection-clear"), 1);
	assert_non_null(strstr(log, "name=c2 was=user-not-found"));
	assert_int_equal(lines_with(log, "event=connection-applied"), 2);
	many_end(&m);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(what_the_plan_says),
		cmocka_unit_test(longest_first),
		cmocka_unit_test(nearest_purge_first),
		cmocka_unit_test(no_more_than_fits),
		cmocka_unit_test(a_flood_of_transitions_is_cut),
		cmocka_unit_test(transitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
