#include "store/directory/ldif_split.h"

#include <string.h>

void ldif_cursor_init(struct ldif_cursor *c, const char *bytes, size_t len) {
	*c = (struct ldif_cursor){ .bytes = bytes, .len = len, .line = 1 };
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		c->at = 3;
}

/* Where the line that stands at `at` ends, its line break included. */
static size_t line_end(const struct ldif_cursor *c, size_t at) {
	const char *newline = memchr(c->bytes + at, '\n', c->len - at);

	return newline ? (size_t)(newline - c->bytes) + 1 : c->len;
}

static enum ldif_kind kind_of(const char *s, size_t len) {
	enum { RULER = 3 }; /* a single dash ends a part of a change record */
	size_t dashes = 0;

	if (len && s[len - 1] == '\n')
		len--;
	if (len && s[len - 1] == '\r')
		len--;
	if (len == 0)
		return LDIF_BREAK;
	if (*s == '#')
		return LDIF_COMMENT;
	while (dashes < len && s[dashes] == '-')
		dashes++;
	return dashes == len && len >= RULER ? LDIF_BREAK : LDIF_LINE;
}

struct ldif_piece ldif_next(struct ldif_cursor *c) {
	struct ldif_piece p = { .kind = LDIF_END, .start = c->at, .end = c->at, .line = c->line };

	if (c->at >= c->len)
		return p;
	p.end = line_end(c, p.start);
	p.kind = kind_of(c->bytes + p.start, p.end - p.start);
	c->line++;
	while (p.kind != LDIF_BREAK && p.end < c->len && c->bytes[p.end] == ' ') {
		p.end = line_end(c, p.end);
		c->line++;
	}
	c->at = p.end;
	return p;
}
