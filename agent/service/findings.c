#include "agent/service/findings.h"

#include <stdlib.h>
#include <string.h>

#include "agent/service/backoff.h"
#include "agent/service/log.h"
#include "base/timestamp.h"

enum { LOGGED = 1000 }; /* transitions of one pass, each on its line */

struct findings *findings_ref(const struct findings *f) {
	struct findings *mine = (struct findings *)(uintptr_t)f;

	mine->refs++;
	return mine;
}

struct findings *findings_unref(const struct findings *f) {
	struct findings *mine = (struct findings *)(uintptr_t)f;

	if (!mine || --mine->refs)
		return NULL;
	arena_free(mine->a);
	return NULL;
}

struct findings *findings_new(void) {
	struct arena *a = arena_new();
	struct findings *f = ARENA_NEW(a, struct findings);

	f->a = a;
	f->refs = 1;
	return f;
}

struct making {
	struct findings *f;
	const struct findings_source *s;
	struct memory *memory; /* that follows */
	struct arena *scratch;
	size_t logged;
};

static void count_code(struct arena *a, struct code_counts *counts, const char *code) {
	size_t i = 0;

	while (i < counts->n && strcmp(counts->v[i].code, code) != 0)
		i++;
	if (i == counts->n) {
		struct code_count fresh = { arena_strdup(a, code), 0 };
		ARENA_PUSH(a, counts, fresh);
	}
	counts->v[i].n++;
}

static void count_codes(struct findings *f, const struct item *item) {
	for (size_t i = 0; i < item->reasons.n; i++)
		count_code(f->a, &f->reasons, item->reasons.v[i].code);
	for (size_t i = 0; i < item->holds.n; i++)
		count_code(f->a, &f->holds, item->holds.v[i]);
}

static const char *hold_message(struct arena *a, const struct item *item) {
	const char *code = item->holds.v[0];

	for (size_t i = 0; i < item->warnings.n; i++)
		if (strcmp(item->warnings.v[i].code, code) == 0)
			return item->warnings.v[i].message;
	return arena_printf(a, "a person decides: `mbxctl apply`, or its consent in `allow`");
}

/* What stands in its way, most telling first: a code, and what it says. NULL: nothing. */
static const char *in_the_way(struct making *m, const struct item *item, const char **ret_message) {
	const char *code = NULL;

	*ret_message = item->message;
	if (item->action == ACTION_SUSPENDED) {
		*ret_message = item->suspended;
		return "suspended";
	}
	if (item->reasons.n) {
		*ret_message = item->reasons.v[0].message;
		return item->reasons.v[0].code;
	}
	if (item_writes(item) && item->holds.n) {
		*ret_message = hold_message(m->scratch, item);
		return item->holds.v[0];
	}
	if (item->outcome == OUTCOME_NOT_ATTEMPTED && m->s->enforce &&
	    leave_item(m->s->leave, item, &code))
		return code;
	if (item->outcome == OUTCOME_NONE || item->outcome == OUTCOME_APPLIED)
		return NULL;
	return outcome_names[item->outcome];
}

static bool failed(const struct item *item) {
	return item->outcome == OUTCOME_FAILED || item->outcome == OUTCOME_STALE ||
	       item->outcome == OUTCOME_UNCERTAIN;
}

/* Left, or nobody tried: over a limit, or while the agent only looks. */
static bool still_to_be_written(const struct item *item) {
	return item->outcome == OUTCOME_NOT_ATTEMPTED ||
	       (item->outcome == OUTCOME_NONE && item_writes(item));
}

/* What failed and waits for its next try is the same matter all the time. */
static bool same_matter(const char *code, const char *other) {
	static const enum outcome failures[] = { OUTCOME_FAILED, OUTCOME_STALE, OUTCOME_UNCERTAIN };
	const char *waits = strcmp(code, LEFT_BACKING_OFF) == 0    ? other
	                    : strcmp(other, LEFT_BACKING_OFF) == 0 ? code
	                                                           : "";

	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		if (strcmp(waits, outcome_names[failures[i]]) == 0)
			return true;
	return strcmp(code, other) == 0;
}

/* Nothing began later than now, wherever the clock stood meanwhile. */
static int64_t since(const struct condition_row *old, const char *code, int64_t now) {
	return same_matter(old->code, code) && old->since <= now ? old->since : now;
}

static struct condition_row next_row(struct making *m, const struct item *item,
                                     const struct condition_row *old, const char *code) {
	struct arena *a = memory_arena(m->memory);
	struct condition_row row = *old;

	row.manifest = arena_strdup(a, item->connection->manifest);
	row.name = arena_strdup(a, item->connection->name);
	row.undone_what = arena_strdup(a, old->undone_what);
	row.code = arena_strdup(a, code ? code : "");
	row.since = code ? since(old, code, m->f->ended) : TIMESTAMP_NONE;
	if (item->outcome == OUTCOME_APPLIED)
		leave_count_undone(a, item, m->f->ended, &row);
	else
		leave_count_left(item, m->f->ended, &row);
	if (failed(item)) {
		row.failures = old->failures + 1;
		row.next_try = m->f->ended +
		               (backoff_ms(row.failures, BACKOFF_CONNECTION_MAX, m->s->random) +
		                999) / 1000;
	} else if (!still_to_be_written(item)) {
		row.failures = 0;
		row.next_try = TIMESTAMP_NONE;
	} else if (row.next_try <= m->f->ended) {
		/* Its time has come, and something else is in the way: that has its own time. */
		row.next_try = TIMESTAMP_NONE;
	}
	return row;
}

static void log_transition(struct making *m, const struct item *item,
                           const struct condition_row *old, const struct condition_row *row,
                           const char *message) {
	const struct connection *c = item->connection;
	bool applied = item->outcome == OUTCOME_APPLIED;

	if ((!applied && same_matter(old->code, row->code)) || m->logged++ >= LOGGED)
		return;
	if (applied)
		LOG(LEVEL_INFO, "connection-applied", F_TEXT("manifest", c->manifest),
		    F_TEXT("name", c->name), F_TEXT("action", action_names[item->action]),
		    F_TEXT("cause", item->cause == CAUSE_DRIFT ? "drift" : "intent"),
		    F_TEXT("user", item->user ? item->user->dn : NULL), F_INT("run", m->f->run));
	else if (*row->code)
		LOG(LEVEL_WARNING, "connection-attention", F_TEXT("manifest", c->manifest),
		    F_TEXT("name", c->name), F_TEXT("file", c->at.file), F_INT("line", c->at.line),
		    F_TEXT("code", row->code), F_TEXT("message", message));
	else
		LOG(LEVEL_INFO, "connection-clear", F_TEXT("manifest", c->manifest),
		    F_TEXT("name", c->name), F_TEXT("was", old->code), F_TIME("since", old->since));
}

static void add_attention(struct making *m, const struct item *item,
                          const struct condition_row *row, const char *message) {
	struct findings *f = m->f;
	const struct connection *c = item->connection;
	struct attention at = { .manifest = c->manifest,
		                .name = c->name,
		                .at = c->at,
		                .action = item->action,
		                .outcome = item->outcome,
		                .code = row->code,
		                .message = message ? message : "",
		                .since = row->since,
		                .next_try = row->next_try,
		                .purge = item->purge };

	ARENA_PUSH(m->scratch, &f->attention, at);
}

static void add_deadline(struct making *m, const struct item *item) {
	struct deadline d = { .manifest = item->connection->manifest,
		              .name = item->connection->name,
		              .mailbox = item->row ? item->row->display_name : "",
		              .database = item->database ? item->database : "",
		              .action = item->action,
		              .purge = item->purge };

	ARENA_PUSH(m->scratch, &m->f->deadlines, d);
}

static void take_note(struct making *m, const struct item *item) {
	struct findings *f = m->f;
	const struct connection *c = item->connection;
	struct condition_row old = memory_of(m->s->memory, m->scratch, c->manifest, c->name);
	const char *message, *code = in_the_way(m, item, &message);
	struct condition_row row = next_row(m, item, &old, code);

	f->outcomes[item->outcome]++;
	count_codes(f, item);
	memory_put(m->memory, &row);
	log_transition(m, item, &old, &row, message);
	if (code)
		add_attention(m, item, &row, message);
	if (item->purge != TIMESTAMP_NONE && !item->owned && item->outcome != OUTCOME_APPLIED)
		add_deadline(m, item);
}

/* ---- what is shown of it ---- */

static int by_since(const void *a, const void *b) {
	const struct attention *x = a, *y = b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_purge(const void *a, const void *b) {
	const struct deadline *x = a, *y = b;

	if (x->purge != y->purge)
		return x->purge < y->purge ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Only what is shown is kept: the plan that it points to goes. */
static void keep_attention(struct findings *f) {
	size_t n = f->attention.n < ATTENTION_SHOWN ? f->attention.n : ATTENTION_SHOWN;
	struct attention *kept = ARENA_ARRAY(f->a, struct attention, n + 1);

	f->attention_total = f->attention.n;
	if (f->attention.n)
		qsort(f->attention.v, f->attention.n, sizeof(*kept), by_since);
	for (size_t i = 0; i < n; i++) {
		kept[i] = f->attention.v[i];
		kept[i].manifest = arena_strdup(f->a, kept[i].manifest);
		kept[i].name = arena_strdup(f->a, kept[i].name);
		kept[i].at.file = arena_strdup(f->a, kept[i].at.file);
		kept[i].code = arena_strdup(f->a, kept[i].code);
		kept[i].message = arena_strdup(f->a, kept[i].message);
	}
	f->attention.v = kept;
	f->attention.n = f->attention.cap = n;
}

static void keep_deadlines(struct findings *f) {
	size_t n = f->deadlines.n < DEADLINES_SHOWN ? f->deadlines.n : DEADLINES_SHOWN;
	struct deadline *kept = ARENA_ARRAY(f->a, struct deadline, n + 1);

	f->deadlines_total = f->deadlines.n;
	if (f->deadlines.n)
		qsort(f->deadlines.v, f->deadlines.n, sizeof(*kept), by_purge);
	for (size_t i = 0; i < n; i++) {
		kept[i] = f->deadlines.v[i];
		kept[i].manifest = arena_strdup(f->a, kept[i].manifest);
		kept[i].name = arena_strdup(f->a, kept[i].name);
		kept[i].mailbox = arena_strdup(f->a, kept[i].mailbox);
		kept[i].database = arena_strdup(f->a, kept[i].database);
	}
	f->deadlines.v = kept;
	f->deadlines.n = f->deadlines.cap = n;
}

static void keep_released(struct findings *f, const struct plan *plan) {
	f->released.n = plan->released.n;
	f->released.v = ARENA_ARRAY(f->a, struct released, plan->released.n + 1);
	for (size_t i = 0; i < plan->released.n; i++) {
		f->released.v[i].manifest = arena_strdup(f->a, plan->released.v[i].manifest);
		f->released.v[i].name = arena_strdup(f->a, plan->released.v[i].name);
	}
}

static void begin(struct findings *f, const struct plan *plan) {
	f->digest = arena_strdup(f->a, plan->digest);
	f->total = plan->n;
	memcpy(f->counts, plan->counts, sizeof(f->counts));
	f->complete = plan->complete;
	f->over_limit = plan->over_limit;
}

struct memory *findings_make(struct findings *f, const struct findings_source *s) {
	struct making m = { .f = f, .s = s, .memory = memory_new(), .scratch = arena_new() };

	begin(f, s->plan);
	for (size_t i = 0; i < s->plan->n; i++)
		take_note(&m, s->plan->items + i);
	if (m.logged > LOGGED)
		LOG(LEVEL_WARNING, "more-connections",
		    F_INT("not-logged", (int64_t)(m.logged - LOGGED)));
	keep_attention(f);
	keep_deadlines(f);
	keep_released(f, s->plan);
	arena_free(m.scratch);
	return m.memory;
}
