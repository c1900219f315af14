#include "agent/service/page_parts.h"

#include <inttypes.h>

#include "base/timestamp.h"
#include "reconcile/render.h"

void paper_text(struct paper *w, const char *text) {
	for (const char *s = render_line(w->a, text); *s; s++) {
		switch (*s) {
		case '&':
			buf_puts(w->out, "&amp;");
			break;
		case '<':
			buf_puts(w->out, "&lt;");
			break;
		case '>':
			buf_puts(w->out, "&gt;");
			break;
		case '"':
			buf_puts(w->out, "&quot;");
			break;
		case '\'':
			buf_puts(w->out, "&#39;");
			break;
		default:
			buf_putc(w->out, *s);
		}
	}
}

void paper_name(struct paper *w, const char *text) {
	buf_puts(w->out, "<bdi>");
	paper_text(w, text);
	buf_puts(w->out, "</bdi>");
}

void paper_code(struct paper *w, const char *text) {
	buf_puts(w->out, "<code>");
	paper_text(w, text);
	buf_puts(w->out, "</code>");
}

void paper_time(struct paper *w, int64_t t) {
	char text[TIMESTAMP_TEXT];

	timestamp_text(t, text);
	buf_printf(w->out, "<time datetime=\"%s\">%s</time>", text, text);
}

const char *paper_length(struct paper *w, int64_t from, int64_t to) {
	char text[TIMESTAMP_TEXT];

	return arena_strdup(w->a, duration_text(to > from ? to - from : 0, text));
}

static void beside(struct paper *w, const char *words, int64_t t) {
	buf_printf(w->out, "%s <small class=\"at\">(", words);
	paper_time(w, t);
	buf_puts(w->out, ")</small>");
}

void paper_ago(struct paper *w, int64_t t) {
	beside(w,
	       t < w->p->now ? arena_printf(w->a, "%s ago", paper_length(w, t, w->p->now))
	                     : "just now",
	       t);
}

void paper_ahead(struct paper *w, int64_t t) {
	beside(w,
	       t > w->p->now ? arena_printf(w->a, "in %s", paper_length(w, w->p->now, t)) : "now",
	       t);
}

void paper_count(struct paper *w, int64_t n, const char *one, const char *many) {
	buf_printf(w->out, "%" PRId64 " %s", n, n == 1 ? one : many);
}
