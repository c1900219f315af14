#include "agent/service/status.h"

#include <stdio.h>

#include "base/json.h"
#include "base/timestamp.h"

static void text(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

static void number(struct json *j, const char *key, int64_t n) {
	json_key(j, key);
	json_int(j, n);
}

static void boolean(struct json *j, const char *key, bool b) {
	json_key(j, key);
	json_bool(j, b);
}

static void nil(struct json *j, const char *key) {
	json_key(j, key);
	json_nil(j);
}

static void date(struct json *j, const char *key, int64_t t) {
	char written[TIMESTAMP_TEXT];

	text(j, key, t == TIMESTAMP_NONE ? NULL : timestamp_text(t, written));
}

static void begin(struct json *j, const char *key, char bracket) {
	json_key(j, key);
	json_open(j, bracket);
}

/* The members of an object that the caller opened and closes. */
static void place(struct json *j, const struct place *at) {
	text(j, "file", at->file);
	number(j, "line", at->line);
	number(j, "column", at->column);
}

static void directory(struct json *j, const struct picture *p) {
	begin(j, "directory", '{');
	text(j, "uri", p->directory_uri);
	text(j, "state", p->directory.state);
	number(j, "failures", p->directory.failures);
	date(j, "since", p->directory.since);
	date(j, "nextTry", p->directory.next_try);
	text(j, "message", p->directory.message);
	json_close(j, '}');
}

static void elsewhere(struct json *j, const struct picture *p) {
	begin(j, "elsewhere", '[');
	for (size_t i = 0; i < p->elsewhere.n; i++) {
		const struct unreachable *u = p->elsewhere.v + i;
		json_open(j, '{');
		text(j, "host", u->host);
		text(j, "credential", *u->credential ? u->credential : NULL);
		boolean(j, "accountForest", u->forest);
		number(j, "failures", u->failures);
		date(j, "since", u->since);
		date(j, "nextTry", u->next_try);
		text(j, "message", u->message);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void broken(struct json *j, const struct broken *b) {
	json_open(j, '{');
	place(j, &b->diag.at);
	text(j, "code", b->diag.code);
	text(j, "message", b->diag.message);
	boolean(j, "kept", b->kept);
	json_close(j, '}');
}

static void manifests(struct json *j, const struct picture *p) {
	begin(j, "manifests", '{');
	begin(j, "paths", '[');
	for (const char *const *path = p->paths; path && *path; path++)
		json_text(j, *path);
	json_close(j, ']');
	text(j, "revision", p->manifests.revision);
	number(j, "files", (int64_t)p->manifests.files);
	number(j, "connections", (int64_t)p->manifests.connections);
	date(j, "read", p->manifests.read);
	number(j, "overflows", (int64_t)p->manifests.overflows);
	begin(j, "errors", '[');
	for (size_t i = 0; i < p->manifests.n_broken; i++)
		broken(j, p->manifests.broken + i);
	json_close(j, ']');
	json_close(j, '}');
}

static void suspended(struct json *j, const struct picture *p) {
	if (!p->suspended.is) {
		nil(j, "suspended");
		return;
	}
	begin(j, "suspended", '{');
	text(j, "reason", p->suspended.reason);
	date(j, "since", p->suspended.since);
	date(j, "until", p->suspended.until);
	json_close(j, '}');
}

static void window(struct json *j, const struct picture *p) {
	if (!p->window.any) {
		nil(j, "window");
		return;
	}
	begin(j, "window", '{');
	boolean(j, "open", p->window.open);
	date(j, "changes", p->window.changes);
	json_close(j, '}');
}

static void last_pass(struct json *j, const struct findings *f) {
	char seconds[32];

	if (!f) {
		nil(j, "lastPass");
		return;
	}
	begin(j, "lastPass", '{');
	number(j, "number", f->number);
	date(j, "started", f->started);
	date(j, "ended", f->ended);
	(void)snprintf(seconds, sizeof(seconds), "%.3f", f->seconds);
	json_key(j, "seconds");
	json_raw(j, seconds);
	text(j, "trigger", f->trigger);
	text(j, "result", pass_result_names[f->result]);
	if (f->run)
		number(j, "run", f->run);
	else
		nil(j, "run");
	text(j, "digest", f->digest);
	text(j, "message", f->message);
	json_close(j, '}');
}

static void summary(struct json *j, const struct findings *f) {
	const struct {
		const char *key;
		size_t n;
	} counts[] = {
		{ "total", f->total },
		{ "connect", f->counts[ACTION_CONNECT] },
		{ "update", f->counts[ACTION_UPDATE] },
		{ "none", f->counts[ACTION_NONE] },
		{ "blocked", f->counts[ACTION_BLOCKED] },
		{ "unknown", f->counts[ACTION_UNKNOWN] },
		{ "suspended", f->counts[ACTION_SUSPENDED] },
		{ "applied", f->outcomes[OUTCOME_APPLIED] },
		{ "failed", f->outcomes[OUTCOME_FAILED] },
		{ "stale", f->outcomes[OUTCOME_STALE] },
		{ "uncertain", f->outcomes[OUTCOME_UNCERTAIN] },
		{ "held", f->outcomes[OUTCOME_HELD] },
		{ "notAttempted", f->outcomes[OUTCOME_NOT_ATTEMPTED] },
	};

	begin(j, "summary", '{');
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		number(j, counts[i].key, (int64_t)counts[i].n);
	json_close(j, '}');
}

static void attention(struct json *j, const struct attention *a) {
	json_open(j, '{');
	text(j, "name", a->name);
	text(j, "manifest", a->manifest);
	begin(j, "source", '{');
	place(j, &a->at);
	json_close(j, '}');
	text(j, "action", action_names[a->action]);
	text(j, "code", a->code);
	text(j, "message", a->message);
	text(j, "result", a->outcome == OUTCOME_NONE ? NULL : outcome_names[a->outcome]);
	date(j, "since", a->since);
	date(j, "nextTry", a->next_try);
	date(j, "purgeDate", a->purge);
	json_close(j, '}');
}

static void deadline(struct json *j, const struct deadline *d) {
	json_open(j, '{');
	text(j, "name", d->name);
	text(j, "manifest", d->manifest);
	text(j, "mailbox", d->mailbox);
	text(j, "database", d->database);
	text(j, "action", action_names[d->action]);
	date(j, "purgeDate", d->purge);
	json_close(j, '}');
}

static void run(struct json *j, const struct run *r) {
	json_open(j, '{');
	number(j, "run", r->id);
	date(j, "started", r->started);
	date(j, "ended", r->ended);
	text(j, "mode", r->mode);
	text(j, "outcome", *r->outcome ? r->outcome : NULL);
	number(j, "applied", r->applied);
	number(j, "failed", r->failed);
	number(j, "stale", r->stale);
	number(j, "uncertain", r->uncertain);
	number(j, "held", r->held);
	number(j, "notAttempted", r->not_attempted);
	json_close(j, '}');
}

static void lists(struct json *j, const struct findings *f) {
	begin(j, "released", '[');
	for (size_t i = 0; i < f->released.n; i++) {
		json_open(j, '{');
		text(j, "manifest", f->released.v[i].manifest);
		text(j, "name", f->released.v[i].name);
		json_close(j, '}');
	}
	json_close(j, ']');
	begin(j, "attention", '[');
	for (size_t i = 0; i < f->attention.n; i++)
		attention(j, f->attention.v + i);
	json_close(j, ']');
	number(j, "attentionTotal", (int64_t)f->attention_total);
	begin(j, "deadlines", '[');
	for (size_t i = 0; i < f->deadlines.n; i++)
		deadline(j, f->deadlines.v + i);
	json_close(j, ']');
	number(j, "deadlinesTotal", (int64_t)f->deadlines_total);
	begin(j, "runs", '[');
	for (size_t i = 0; i < f->n_runs; i++)
		run(j, f->runs + i);
	json_close(j, ']');
}

void status_json(const struct picture *p, bool compact, struct buf *out) {
	static const struct findings none = { 0 };
	const struct findings *planned = p->planned ? p->planned : &none;
	struct json j = { .out = out, .compact = compact };

	json_open(&j, '{');
	text(&j, "format", STATUS_FORMAT);
	text(&j, "version", MBXCTL_VERSION);
	date(&j, "now", p->now);
	number(&j, "pid", p->pid);
	text(&j, "mode", p->enforce ? "enforce" : "observe");
	text(&j, "state", agent_state_names[p->state]);
	date(&j, "started", p->started);
	text(&j, "store", p->store_uri);
	directory(&j, p);
	elsewhere(&j, p);
	manifests(&j, p);
	suspended(&j, p);
	window(&j, p);
	last_pass(&j, p->last);
	date(&j, "lastSuccess", p->last_success);
	date(&j, "nextPass", p->next_pass);
	text(&j, "nextWhy", p->next_why);
	if (p->planned)
		summary(&j, planned);
	else
		nil(&j, "summary");
	boolean(&j, "complete", planned->complete);
	boolean(&j, "overLimit", planned->over_limit);
	lists(&j, planned);
	json_close(&j, '}');
}
