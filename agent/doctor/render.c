#include <string.h>

#include "agent/doctor/checks.h"
#include "base/json.h"
#include "base/text.h"
#include "reconcile/render.h"

/* ---- text ----------------------------------------------------------------------------------- */

enum { COLUMNS = 79, VERDICT_AT = 2, NAME_AT = 11, TEXT_AT = 25 };

static const char *const colors[VERDICTS] = { "32", "2", "33", "31" };

/* From the column where we stand on, in lines that begin where the text does. */
static void wrapped(struct buf *out, const char *text) {
	size_t column = TEXT_AT;

	while (*text) {
		size_t word = strcspn(text, " ");
		if (column > TEXT_AT && column + 1 + word > COLUMNS) {
			buf_putc(out, '\n');
			buf_pad(out, ' ', TEXT_AT);
			column = TEXT_AT;
		} else if (column > TEXT_AT) {
			buf_putc(out, ' ');
			column++;
		}
		buf_add(out, text, word);
		column += word;
		text += word + strspn(text + word, " ");
	}
	buf_putc(out, '\n');
}

static void one_text(struct arena *a, const struct check *k, bool color, struct buf *out) {
	const char *verdict = verdict_names[k->verdict];

	buf_pad(out, ' ', VERDICT_AT);
	if (color)
		buf_printf(out, "\033[%sm%s\033[0m", colors[k->verdict], verdict);
	else
		buf_puts(out, verdict);
	buf_pad(out, ' ', NAME_AT - VERDICT_AT - strlen(verdict));
	buf_puts(out, k->name);
	buf_pad(out, ' ', TEXT_AT - NAME_AT - strlen(k->name));
	wrapped(out, render_line(a, k->message));
	if (!k->advice)
		return;
	buf_pad(out, ' ', TEXT_AT);
	wrapped(out, arena_printf(a, "-> %s", render_line(a, k->advice)));
}

void doctor_text(const struct checks *c, bool color, struct buf *out) {
	size_t n[VERDICTS] = { 0 };

	for (size_t i = 0; i < c->n; i++) {
		const struct check *k = c->v + i;
		if (!i || strcmp(k[-1].about, k->about) != 0)
			buf_printf(out, "%s%s\n", i ? "\n" : "", render_line(c->a, k->about));
		one_text(c->a, k, color, out);
		n[k->verdict]++;
	}
	buf_printf(out, "\n%zu ok, %zu skipped, %zu warning%s, %zu fault%s.\n", n[VERDICT_OK],
	           n[VERDICT_SKIPPED], n[VERDICT_WARNING], n[VERDICT_WARNING] == 1 ? "" : "s",
	           n[VERDICT_FAULT], n[VERDICT_FAULT] == 1 ? "" : "s");
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void member(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

void doctor_json(const struct checks *c, struct buf *out) {
	struct json j = { .out = out };
	bool ok = true;

	json_open(&j, '{');
	member(&j, "format", DOCTOR_FORMAT);
	json_key(&j, "checks");
	json_open(&j, '[');
	for (size_t i = 0; i < c->n; i++) {
		const struct check *k = c->v + i;
		json_open(&j, '{');
		member(&j, "about", k->about);
		member(&j, "name", k->name);
		member(&j, "verdict", verdict_names[k->verdict]);
		member(&j, "message", k->message);
		member(&j, "advice", k->advice);
		json_close(&j, '}');
		ok &= k->verdict != VERDICT_FAULT;
	}
	json_close(&j, ']');
	json_key(&j, "ok");
	json_bool(&j, ok);
	json_close(&j, '}');
}
