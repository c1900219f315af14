#include <string.h>

#include "reconcile/explain.h"
#include "reconcile/render_parts.h"

static void one_text(const struct explanation *e, const struct render_options *o, struct buf *out) {
	render_text_item(e->item, o, out);
	buf_puts(out, "  Settled\n");
	for (size_t i = 0; i < e->questions.n; i++)
		buf_printf(out, "    %-21s %s\n", e->questions.v[i].name, e->questions.v[i].answer);
	buf_puts(out, "\n  Rules\n");
	for (size_t i = 0; i < e->rules.n; i++) {
		const struct rule_tried *r = e->rules.v + i;
		buf_printf(out, "    %-9s  %s%s%s\n", rule_outcome_names[r->outcome], r->code,
		           r->message ? ": " : "", r->message ? r->message : "");
	}
}

void render_explain_text(const struct explanation *list, size_t n, bool named,
                         const struct render_options *o, struct buf *out) {
	if (!named)
		buf_puts(out, "No connection names this mailbox. One without `user` would come to "
		              "this:\n\n");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_putc(out, '\n');
		one_text(list + i, o, out);
	}
}

static void member(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

static void one_json(struct json *j, const struct explanation *e) {
	json_open(j, '{');
	render_json_connection(j, e->item, false, NULL);
	json_key(j, "questions");
	json_open(j, '[');
	for (size_t i = 0; i < e->questions.n; i++) {
		json_open(j, '{');
		member(j, "question", e->questions.v[i].name);
		member(j, "answer", e->questions.v[i].answer);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_key(j, "rules");
	json_open(j, '[');
	for (size_t i = 0; i < e->rules.n; i++) {
		json_open(j, '{');
		member(j, "code", e->rules.v[i].code);
		member(j, "outcome", rule_outcome_names[e->rules.v[i].outcome]);
		member(j, "message", e->rules.v[i].message);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

void render_explain_json(const struct explanation *list, size_t n, bool named, struct buf *out) {
	struct json j = { .out = out };

	json_open(&j, '{');
	member(&j, "format", EXPLAIN_FORMAT);
	json_key(&j, "named");
	json_bool(&j, named);
	json_key(&j, "connections");
	json_open(&j, '[');
	for (size_t i = 0; i < n; i++)
		one_json(&j, list + i);
	json_close(&j, ']');
	json_close(&j, '}');
}
