/* One pass as the agent makes it; see struct pass_agent for who calls what where. */
#include <stdlib.h>
#include <string.h>

#include "agent/choose.h"
#include "agent/service/log.h"
#include "agent/service/service.h"
#include "agent/service/wishes.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "reconcile/render.h"

enum { SHOWN_WHOLE = 5000 }; /* connections of a document for those who wait */

const char *trigger_name(unsigned triggers) {
	static const char *const names[] = { "sync",  "reload", "manifests", "wake",
		                             "start", "window", "retry",     "interval" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (triggers & 1u << i)
			return names[i];
	return "interval";
}

static struct turn *turn_of(struct pass *p) {
	return p->agent->context;
}

/* ---- off the loop ---- */

/* On the store's thread: what it remembers of each connection. */
static void on_loaded(struct pass *p) {
	struct turn *t = turn_of(p);
	struct condition_row *rows = NULL;
	size_t n = 0;

	if (!t->enforce)
		return;
	if (inventory_conditions(p->inventory, p->a, &rows, &n, &p->error) < 0) {
		pass_fail(p, EXIT_UNREACHABLE);
		return;
	}
	t->memory = memory_join(t->leave.memory, rows, n);
	t->leave.memory = t->memory;
	struct memory *nothing = memory_new();
	t->stored = memory_join(nothing, rows, n);
	memory_free(nothing);
}

static const char *leave(void *context, const struct item *item) {
	return leave_item(context, item, NULL);
}

static void on_choose(struct pass *p) {
	struct turn *t = turn_of(p);

	t->leave.a = p->a;
	if (!t->enforce || p->plan.over_limit)
		return;
	choose_items(p, false, leave, &t->leave);
}

static bool any_failed(const struct findings *f) {
	return f->outcomes[OUTCOME_FAILED] + f->outcomes[OUTCOME_STALE] +
	               f->outcomes[OUTCOME_UNCERTAIN] + f->outcomes[OUTCOME_NOT_ATTEMPTED] >
	       0;
}

/* As apply would end. */
static int exit_code(const struct turn *t) {
	const struct findings *f = t->findings;

	if (f->over_limit && t->enforce)
		return EXIT_REFUSED;
	if (t->leave.code && !t->interrupted_for && f->outcomes[OUTCOME_NOT_ATTEMPTED])
		return EXIT_REFUSED;
	if (any_failed(f))
		return EXIT_PARTIAL;
	return f->counts[ACTION_BLOCKED] || f->counts[ACTION_UNKNOWN] || f->outcomes[OUTCOME_HELD]
	               ? EXIT_BLOCKED
	               : EXIT_DONE;
}

static void put_text(struct turn *t, const struct render_options *o) {
	struct pass *p = t->pass;
	struct buf text = { 0 };
	struct json j = { .out = &t->text, .compact = true };

	render_text(&p->plan, o, &text);
	if (p->run.id)
		render_ledger(&p->plan, o, &text);
	json_bytes(&j, text.data, text.len);
	buf_done(&text);
}

/* Of very many connections those in sync are left out, as in the text. */
static void put_document(struct turn *t, const struct render_options *o) {
	struct pass *p = t->pass;
	struct plan shown = p->plan;

	if (shown.n > SHOWN_WHOLE) {
		shown.items = ARENA_ARRAY(p->a, struct item, p->plan.n);
		shown.n = 0;
		for (size_t i = 0; i < p->plan.n; i++)
			if (p->plan.items[i].action != ACTION_NONE)
				shown.items[shown.n++] = p->plan.items[i];
	}
	if (shown.n > SHOWN_WHOLE)
		return;
	render_json(&shown, o, &t->document);
	/* In a text of JSON no line ends unescaped. */
	for (size_t i = 0; i < t->document.len; i++)
		if (t->document.data[i] == '\n')
			t->document.data[i] = ' ';
}

/* They may be long: the loop, which tells those who wait, has only to copy them. */
static void render(struct turn *t) {
	const struct session *s = t->pass->s;
	const char *sources[] = { "store", s->store_uri, "directory", s->directory_uri, NULL };
	struct render_options o = { .applied = t->enforce, .now = s->now, .sources = sources };

	if (t->text_wanted)
		put_text(t, &o);
	if (t->document_wanted)
		put_document(t, &o);
}

/* What differs from what the store has; what is gone from the plan says nothing any more. */
static size_t changed_rows(struct turn *t, struct condition_row **ret) {
	struct arena *a = t->pass->a;
	struct condition_row *rows = ARENA_ARRAY(
	        a, struct condition_row, memory_count(t->stored) + memory_count(t->next) + 1);
	const struct condition_row *r = NULL;
	size_t n = 0;

	while ((r = memory_next(t->next, r))) {
		struct condition_row before = memory_of(t->stored, a, r->manifest, r->name);
		if (!memory_same(&before, r))
			rows[n++] = *r;
	}
	while ((r = memory_next(t->stored, r))) {
		struct condition_row after = memory_of(t->next, a, r->manifest, r->name);
		if (!memory_says(&after))
			rows[n++] = after;
	}
	*ret = rows;
	return n;
}

/* Remembers in the store, where there is something new. Somebody else may have the lock: then it
 * is done another time. */
static void keep(struct turn *t) {
	struct pass *p = t->pass;
	struct condition_row *rows;
	size_t n = changed_rows(t, &rows);

	if (t->good_kept && !n)
		return;
	if (!p->lock)
		pass_take_lock(p);
	if (!p->lock || p->exit_code)
		return;
	if (inventory_set_conditions(p->inventory, rows, n, &p->error) < 0 ||
	    inventory_set_manifests(p->inventory, t->wishes->good, t->wishes->n_good, &p->error) <
	            0)
		LOG(LEVEL_ERROR, "store-not-written", F_TEXT("message", p->error.text));
	else
		t->good_kept = true;
}

static void last_runs(struct turn *t) {
	struct run *runs = NULL;
	size_t n = 0;

	/* It may just have been found that it cannot be opened for writing any more. */
	if (t->pass->inventory && inventory_runs(t->pass->inventory, t->findings->a, 0, RUNS_SHOWN,
	                                         &runs, &n, &t->pass->error) == OK) {
		t->findings->runs = runs;
		t->findings->n_runs = n;
	}
}

static void on_note(struct pass *p) {
	struct turn *t = turn_of(p);
	struct findings *f = t->findings;
	struct findings_source source = { .plan = &p->plan,
		                          .memory = t->leave.memory,
		                          .leave = &t->leave,
		                          .enforce = t->enforce,
		                          .random = t->random };

	if (t->interrupted_for && !t->leave.code) {
		t->leave.code = t->interrupted_for;
		t->leave.why = p->interrupted_by;
	}
	f->ended = (int64_t)time(NULL);
	f->run = p->run.id;
	if (p->plan.over_limit)
		f->message = arena_strdup(f->a, p->plan.limit_text);
	t->next = findings_make(f, &source);
	t->exit_code = exit_code(t);
	f->result = f->over_limit && t->enforce ? PASS_RESULT_REFUSED
	            : any_failed(f)             ? PASS_RESULT_PARTIAL
	                                        : PASS_RESULT_DONE;
	render(t);
	if (t->enforce)
		keep(t);
	last_runs(t);
}

/* ---- on the loop ---- */

static void on_spent(struct pass *p, enum pass_place where, double seconds) {
	struct counters *c = &turn_of(p)->service->counters;

	if (where == ON_DIRECTORY)
		histogram_add(&c->directory, seconds);
	else if (where == ON_STORE)
		histogram_add(&c->store, seconds);
}

static void on_done(struct pass *p) {
	struct turn *t = turn_of(p);
	struct findings *f = t->findings;

	f->seconds = (double)(uv_hrtime() - t->began) / 1e9;
	if (p->exit_code) {
		f->ended = (int64_t)time(NULL);
		f->result = p->exit_code == EXIT_REFUSED ? PASS_RESULT_REFUSED : PASS_RESULT_FAILED;
		f->message = arena_strdup(f->a, p->error.text);
		t->exit_code = p->exit_code;
	}
	passes_ended(t->service);
}

/* A broken file of which no good version is known leaves a hole. */
static bool whole(const struct wishes *w) {
	for (size_t i = 0; i < w->n_broken; i++)
		if (!w->broken[i].kept)
			return false;
	return true;
}

/* What the last pass left in memory is the next one's beginning. */
void turn_begin(struct service *s, unsigned triggers) {
	struct turn *t = calloc(1, sizeof(*t));
	struct session *session = &s->setup->session;
	char text[TIMESTAMP_TEXT];

	if (!t)
		abort();
	session->now = (int64_t)time(NULL);
	*t = (struct turn){ .service = s,
		            .wishes = wishes_ref(s->wishes),
		            .findings = findings_new(),
		            .began = uv_hrtime(),
		            .triggers = triggers,
		            .enforce = session->config.agent.enforce,
		            .good_kept = s->good_kept,
		            .random = service_random() };
	t->hooks = (struct pass_agent){ .connections = &t->wishes->connections,
		                        .whole = whole(t->wishes),
		                        .loaded = on_loaded,
		                        .choose = on_choose,
		                        .note = on_note,
		                        .spent = on_spent,
		                        .context = t };
	t->leave = (struct leave){ .memory = s->memory, .now = session->now };
	if (s->suspended.is) {
		t->leave.code = LEFT_SUSPENDED;
		t->leave.why = "the agent is suspended: `mbxctl resume` lets it write again";
	} else if (!s->window.open) {
		t->leave.code = LEFT_WINDOW;
		t->leave.why =
		        s->window.changes == TIMESTAMP_NONE
		                ? "no maintenance window is open, nor opens within a week"
		                : arena_printf(t->findings->a,
		                               "no maintenance window is open; the next opens at "
		                               "%s",
		                               timestamp_text(s->window.changes, text));
	}
	for (const struct waiter *w = s->waiters; w; w = w->next) {
		t->text_wanted |= w->text;
		t->document_wanted |= w->document;
	}
	t->findings->number = ++s->number;
	t->findings->started = session->now;
	t->findings->trigger = trigger_name(triggers);
	s->turn = t;
	t->pass = pass_new(&s->loop, s->threads, session, service_may_write(s));
	/* Who asks for a pass does not wait for anybody's time. */
	t->pass->away = away_copy(s->away, triggers & (TRIGGER_SYNC | TRIGGER_RELOAD), t->random);
	t->pass->agent = &t->hooks;
	t->pass->revision = t->wishes->revision;
	pass_plan(t->pass, on_done);
}
