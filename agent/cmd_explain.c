#include <stdio.h>

#include "agent/command.h"
#include "agent/output.h"
#include "agent/reading.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/explain.h"
#include "spec/keys.h"

/* Does the text name this row, in a form that a manifest's `mailbox` may have? */
static bool row_is(const struct mailbox_row *row, const char *text) {
	struct guid guid;

	switch (mailbox_key_parse(text, &guid)) {
	case MAILBOX_BY_GUID:
		return guid_equal(row->guid, guid);
	case MAILBOX_BY_LEGACY_DN:
		return text_same(row->legacy_dn, text);
	case MAILBOX_BY_NAME:
		break;
	}
	return text_same(row->display_name, text);
}

/* A connection speaks of a mailbox by its text, by its name, or by what it was found to be. */
static bool item_is(const struct item *item, const char *text) {
	struct guid guid;

	if (text_same(item->connection->mailbox, text) || text_same(item->connection->name, text))
		return true;
	if (mailbox_key_parse(text, &guid) == MAILBOX_BY_GUID)
		return guid_equal(item->mailbox, guid);
	return item->row && row_is(item->row, text);
}

struct shown {
	struct explanation *v;
	size_t n;
	struct survey *surveys; /* of rows that nobody names: what their explanations live in */
	size_t n_surveys;
};

static void explain_item(struct reading *r, const struct item *item, struct explanation *ret) {
	const struct session *s = &r->session;

	plan_explain(r->survey.a, item, r->survey.world, &s->settings, s->now, r->survey.beside,
	             ret);
}

/* Nobody names it: each row that it fits, alone, as a connection without a user. */
static int explain_rows(struct reading *r, const char *text, struct shown *shown) {
	int code = 0;

	shown->surveys = ARENA_ARRAY(r->a, struct survey, r->n_mailboxes + 1);
	for (size_t i = 0; !code && i < r->n_mailboxes; i++) {
		struct connection *c = ARENA_NEW(r->a, struct connection);
		if (!row_is(r->mailboxes + i, text))
			continue;
		*c = reading_connection(r->a, r->mailboxes + i);
		code = reading_plan(r, reading_list(r, c, 1), r->connections.n + 1);
		if (code)
			break;
		explain_item(r, r->plan.items + r->connections.n, shown->v + shown->n++);
		shown->surveys[shown->n_surveys++] = r->survey;
		r->survey = (struct survey){ 0 };
	}
	if (code || shown->n)
		return code;
	fprintf(stderr,
	        "mbxctl: neither a connection nor the store knows a mailbox \"%s\"; give a display "
	        "name, GUID or legacyExchangeDN (`mbxctl store list` shows them)\n",
	        text);
	return EXIT_FAILED;
}

static int show(const struct reading *r, const struct outputs *outputs, const struct shown *shown,
                bool named) {
	struct render_options options = { .color = session_color(r->session.o),
		                          .verbose = true,
		                          .now = r->session.now };
	int code = 0;

	for (size_t i = 0; !code && i < outputs->n; i++) {
		struct buf out = { 0 };
		if (outputs->v[i].format == FORMAT_JSON)
			render_explain_json(shown->v, shown->n, named, &out);
		else
			render_explain_text(shown->v, shown->n, named, &options, &out);
		code = output_write(outputs->v + i, &out);
		buf_done(&out);
	}
	return code;
}

static int explain(struct reading *r, const struct outputs *outputs, const char *text) {
	struct shown shown = { 0 };
	int code = reading_plan(r, reading_list(r, NULL, 0), r->connections.n);

	if (code)
		return code;
	shown.v = ARENA_ARRAY(r->a, struct explanation, r->plan.n + r->n_mailboxes + 1);
	for (size_t i = 0; i < r->plan.n; i++)
		if (item_is(r->plan.items + i, text))
			explain_item(r, r->plan.items + i, shown.v + shown.n++);
	bool named = shown.n > 0;
	if (!named)
		code = explain_rows(r, text, &shown);
	if (!code)
		code = show(r, outputs, &shown, named);
	while (shown.n_surveys)
		survey_end(shown.surveys + --shown.n_surveys);
	return code;
}

int cmd_explain(const struct options *o, struct arena *a) {
	/* The argument is a mailbox, not a path of manifests. */
	struct options without = *o;
	struct outputs outputs;
	struct reading r = { 0 };

	without.arguments = (struct texts){ 0 };
	int code = outputs_parse(o, a, &outputs);
	if (!code)
		code = reading_open(&r, &without, a);
	if (!code)
		code = explain(&r, &outputs, o->arguments.v[0]);
	reading_close(&r);
	return code;
}
