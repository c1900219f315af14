#include "agent/service/sheet.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "base/timestamp.h"

enum { LABEL = 13 };

void sheet_hue(struct sheet *s, enum hue h) {
	static const char *const codes[] = { "0", "1", "32", "33", "31", "35", "36", "2" };

	if (s->color)
		buf_printf(s->out, "\033[%sm", codes[h]);
}

const char *sheet_clock(struct sheet *s, int64_t t) {
	char at[TIMESTAMP_TEXT], now[TIMESTAMP_TEXT];

	timestamp_text(t, at);
	timestamp_text(s->now, now);
	bool today = strncmp(at, now, strlen("2026-11-01T")) == 0;
	return arena_strdup(s->a, today ? at + strlen("2026-11-01T") : at);
}

const char *sheet_length(struct sheet *s, int64_t from, int64_t to) {
	char text_of[TIMESTAMP_TEXT];

	return arena_strdup(s->a, duration_text(to > from ? to - from : 0, text_of));
}

const char *sheet_ago(struct sheet *s, int64_t t) {
	return t < s->now ? arena_printf(s->a, "%s ago", sheet_length(s, t, s->now)) : "just now";
}

const char *sheet_ahead(struct sheet *s, int64_t t) {
	return t > s->now ? arena_printf(s->a, "in %s", sheet_length(s, s->now, t)) : "now";
}

void sheet_wrapped(struct sheet *s, size_t column, size_t indent, const char *words) {
	bool first = true;

	for (words += strspn(words, " "); *words; words += strspn(words, " "), first = false) {
		size_t n = strcspn(words, " ");
		size_t width = text_width(arena_copy(s->a, words, n));
		if (!first && column + 1 + width > SHEET_WIDTH) {
			buf_putc(s->out, '\n');
			buf_pad(s->out, ' ', indent);
			column = indent;
		} else if (!first) {
			buf_putc(s->out, ' ');
			column++;
		}
		buf_add(s->out, words, n);
		column += width;
		words += n;
	}
	buf_putc(s->out, '\n');
}

void sheet_fact(struct sheet *s, enum hue h, const char *label, const char *words) {
	buf_printf(s->out, "%-*s", LABEL, label);
	if (h != PLAIN)
		sheet_hue(s, h);
	sheet_wrapped(s, LABEL, LABEL, words);
	if (h != PLAIN)
		sheet_hue(s, PLAIN);
}

void sheet_title(struct sheet *s, const char *words) {
	buf_putc(s->out, '\n');
	sheet_hue(s, BOLD);
	buf_puts(s->out, words);
	sheet_hue(s, PLAIN);
	buf_putc(s->out, '\n');
}

const char *sheet_count(struct sheet *s, int64_t n, const char *noun) {
	return arena_printf(s->a, "%" PRId64 " %s%s", n, noun, n == 1 ? "" : "s");
}
