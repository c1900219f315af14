#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/command.h"
#include "agent/output.h"
#include "agent/session.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "store/inventory/inventory.h"

struct history {
	struct run *runs;
	struct audit_row *rows;
	size_t n_runs, n_rows;
	bool one; /* a single run was asked for */
};

static void run_text(struct arena *a, const struct run *r, struct buf *out) {
	char date[TIMESTAMP_TEXT];

	buf_printf(out, "run %" PRId64 "  %s  %s  %s\n", r->id, timestamp_text(r->started, date),
	           r->undoes ? arena_printf(a, "%s of run %" PRId64, r->mode, r->undoes) : r->mode,
	           *r->outcome ? r->outcome : "not ended");
	buf_printf(out,
	           "    applied %" PRId64 ", failed %" PRId64 ", stale %" PRId64
	           ", uncertain %" PRId64 ", held %" PRId64 ", not attempted %" PRId64 "\n",
	           r->applied, r->failed, r->stale, r->uncertain, r->held, r->not_attempted);
	if (*r->revision)
		buf_printf(out, "    revision %s\n", r->revision);
}

static void history_text(struct arena *a, const struct history *h, struct buf *out) {
	const struct audit_row *last = NULL;

	for (size_t i = 0; i < h->n_runs; i++)
		run_text(a, h->runs + i, out);
	if (!h->n_runs)
		buf_puts(out, "No run was recorded yet.\n");
	/* Within a run, in the order in which it was done. */
	for (size_t i = h->one ? h->n_rows : 0; i-- > 0;) {
		const struct audit_row *r = h->rows + i;
		if (!last || strcmp(last->name, r->name) != 0 ||
		    strcmp(last->manifest, r->manifest) != 0)
			buf_printf(out, "\n%s (%s)\n    mailbox %s\n    user    %s\n", r->name,
			           r->manifest, r->mailbox, r->user_dn);
		last = r;
		if (*r->attribute)
			buf_printf(out, "    %s %s %s: %s -> %s\n", r->result, r->target,
			           r->attribute, r->before, r->after);
		else
			buf_printf(out, "    %s %s\n", r->result, r->message ? r->message : "");
	}
}

static void text(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

static void date(struct json *j, const char *key, int64_t t) {
	char written[TIMESTAMP_TEXT];

	text(j, key, t == TIMESTAMP_NONE ? NULL : timestamp_text(t, written));
}

static void run_json(struct json *j, const struct run *r) {
	const struct {
		const char *key;
		int64_t n;
	} counts[] = { { "applied", r->applied }, { "failed", r->failed },
		       { "stale", r->stale },     { "uncertain", r->uncertain },
		       { "held", r->held },       { "notAttempted", r->not_attempted } };

	json_open(j, '{');
	json_key(j, "run");
	json_int(j, r->id);
	date(j, "started", r->started);
	date(j, "ended", r->ended);
	text(j, "mode", r->mode);
	json_key(j, "undoes");
	if (r->undoes)
		json_int(j, r->undoes);
	else
		json_nil(j);
	text(j, "revision", *r->revision ? r->revision : NULL);
	text(j, "digest", r->digest);
	text(j, "outcome", *r->outcome ? r->outcome : NULL);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		json_key(j, counts[i].key);
		json_int(j, counts[i].n);
	}
}

/* The inventory keeps values as JSON texts: they go out as they are. */
static void values(struct json *j, const char *key, const char *list) {
	json_key(j, key);
	if (list && *list)
		json_raw(j, list);
	else
		json_nil(j);
}

static void row_json(struct json *j, const struct audit_row *r) {
	json_open(j, '{');
	text(j, "manifest", r->manifest);
	text(j, "name", r->name);
	text(j, "mailbox", r->mailbox);
	text(j, "user", r->user_dn);
	text(j, "target", r->target);
	text(j, "attribute", *r->attribute ? r->attribute : NULL);
	values(j, "before", r->before);
	values(j, "after", r->after);
	text(j, "result", r->result);
	text(j, "message", r->message);
	json_close(j, '}');
}

static void history_json(const struct history *h, struct buf *out) {
	struct json j = { .out = out };

	json_open(&j, '{');
	json_key(&j, "runs");
	json_open(&j, '[');
	for (size_t i = 0; i < h->n_runs; i++) {
		run_json(&j, h->runs + i);
		if (h->one) {
			json_key(&j, "changes");
			json_open(&j, '[');
			for (size_t k = h->n_rows; k-- > 0;)
				row_json(&j, h->rows + k);
			json_close(&j, ']');
		}
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

static int read_history(const struct session *s, int64_t id, struct history *h) {
	struct inventory *inv = NULL;
	struct error err;
	int r = inventory_open(s->store, INVENTORY_READ, &inv, &err);

	if (r == OK)
		r = inventory_runs(inv, s->a, id, 0, &h->runs, &h->n_runs, &err);
	if (r == OK && id)
		r = inventory_audit(inv, s->a, id, &h->rows, &h->n_rows, &err);
	inventory_close(inv);
	if (r == OK)
		return 0;
	fprintf(stderr, "mbxctl: %s\n", err.text);
	return EXIT_UNREACHABLE;
}

/* ---- is it as it was written? ---- */

struct verdict {
	int64_t rows, bad;
	const struct audit_row *row; /* the bad one */
};

static int read_verdict(const struct session *s, struct verdict *v) {
	struct inventory *inv = NULL;
	struct audit_row *rows;
	struct error err;
	size_t n = 0;
	int r = inventory_open(s->store, INVENTORY_READ, &inv, &err);

	if (r == OK)
		r = inventory_verify(inv, &v->rows, &v->bad, &err);
	if (r == OK && v->bad)
		r = inventory_audit(inv, s->a, 0, &rows, &n, &err);
	for (size_t i = 0; r == OK && i < n; i++)
		if (rows[i].id == v->bad)
			v->row = rows + i;
	inventory_close(inv);
	if (r == OK)
		return 0;
	fprintf(stderr, "mbxctl: %s\n", err.text);
	return EXIT_UNREACHABLE;
}

static void verdict_text(const struct verdict *v, struct buf *out) {
	if (!v->bad) {
		buf_printf(out, "The history is as it was written: %" PRId64 " row%s checked\n",
		           v->rows, v->rows == 1 ? "" : "s");
		return;
	}
	buf_printf(out, "Row %" PRId64 " of the history is not as it was written", v->bad);
	if (v->row)
		buf_printf(out, " (run %" PRId64 ", %s)", v->row->run, v->row->name);
	buf_printf(out,
	           ": it was altered, or one before it was taken out; the %" PRId64
	           " before it are in order, those after it were not checked\n",
	           v->rows - 1);
}

static void verdict_json(const struct verdict *v, struct buf *out) {
	struct json j = { .out = out };

	json_open(&j, '{');
	json_key(&j, "rows");
	json_int(&j, v->rows);
	json_key(&j, "bad");
	if (v->bad)
		json_int(&j, v->bad);
	else
		json_nil(&j);
	json_close(&j, '}');
}

static int verify(const struct session *s, const struct outputs *outputs) {
	struct verdict v = { 0 };
	int code = read_verdict(s, &v);

	for (size_t i = 0; !code && i < outputs->n; i++) {
		struct buf out = { 0 };
		if (outputs->v[i].format == FORMAT_JSON)
			verdict_json(&v, &out);
		else
			verdict_text(&v, &out);
		code = output_write(outputs->v + i, &out);
		buf_done(&out);
	}
	return !code && v.bad ? EXIT_FAILED : code;
}

int run_number(const char *given, int64_t *ret) {
	char *end;

	errno = 0;
	*ret = strtoll(given, &end, 10);
	if (!errno && end != given && !*end && *ret > 0)
		return 0;
	fprintf(stderr, "mbxctl: a run has a number, \"%s\" is none; `mbxctl history` lists them\n",
	        given);
	return EXIT_USAGE;
}

int cmd_history(const struct options *o, struct arena *a) {
	struct history h = { 0 };
	struct outputs outputs;
	struct session s;
	int64_t id = 0;
	int code = session_open(&s, o, a);

	if (!code)
		code = outputs_parse(o, a, &outputs);
	if (!code)
		code = session_needs_store(&s);
	if (!code && o->arguments.n)
		code = run_number(o->arguments.v[0], &id);
	if (!code)
		code = read_history(&s, id, &h);
	h.one = id != 0;
	if (!code && h.one && !h.n_runs) {
		fprintf(stderr,
		        "mbxctl: there is no run %" PRId64 "; `mbxctl history` lists them\n", id);
		return EXIT_FAILED;
	}
	if (!code && o->verify)
		return verify(&s, &outputs);
	for (size_t i = 0; !code && i < outputs.n; i++) {
		struct buf out = { 0 };
		if (outputs.v[i].format == FORMAT_JSON)
			history_json(&h, &out);
		else
			history_text(a, &h, &out);
		code = output_write(outputs.v + i, &out);
		buf_done(&out);
	}
	return code;
}
