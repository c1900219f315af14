#include "spec/bytes.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistr.h>

struct cleaning {
	struct arena *scratch;
	struct source *source;
	struct diags *diags;
	int line, column; /* of the character that is looked at */
	int told;         /* the line of the last problem */
	char *copy;       /* NULL while nothing had to be replaced */
	size_t len;       /* of the copy */
};

static void tell(struct cleaning *c, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
static void tell(struct cleaning *c, const char *code, const char *format, ...) {
	struct spot at = { c->line, c->column };
	va_list args;

	if (c->told == c->line)
		return;
	c->told = c->line;
	va_start(args, format);
	source_vproblem(c->source, c->diags, at, code, format, args);
	va_end(args);
}

/* From here on the text is a copy; `done` bytes of the source were fine. */
static void begin_copy(struct cleaning *c, size_t done) {
	if (c->copy)
		return;
	c->copy = arena_alloc(c->scratch, c->source->len + 1, 1);
	memcpy(c->copy, c->source->bytes, done);
	c->len = done;
}

static void replace(struct cleaning *c, size_t done, const char *with) {
	begin_copy(c, done);
	if (*with)
		c->copy[c->len++] = *with;
}

static void take_bad_byte(struct cleaning *c, size_t at) {
	tell(c, "not-utf8", "the byte 0x%02X is not UTF-8: save the file as UTF-8",
	     (unsigned char)c->source->bytes[at]);
	replace(c, at, "_");
}

static void take_control(struct cleaning *c, size_t at, ucs4_t character) {
	bool line_end = character == '\r' || character == 0x85 || character == 0x2028 ||
	                character == 0x2029;

	tell(c, "control-character", "the control character U+%04X is not allowed%s",
	     (unsigned)character,
	     line_end ? " (some programs take it for the end of the line)" : "");
	replace(c, at, " ");
}

/* Without this one, libyaml would count more lines than an editor does. */
static bool lone_carriage_return(const struct source *s, size_t at) {
	return s->bytes[at] == '\r' && (at + 1 == s->len || s->bytes[at + 1] != '\n');
}

static bool control(ucs4_t c) {
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0) ||
	       c == 0x2028 || c == 0x2029 || c == 0xfffe || c == 0xffff;
}

/* Takes one character; returns its bytes. */
static size_t take(struct cleaning *c, size_t at) {
	ucs4_t character = (unsigned char)c->source->bytes[at];

	if (lone_carriage_return(c->source, at)) {
		take_control(c, at, character);
		return 1;
	}
	if (character < 0x7f && !control(character)) {
		if (c->copy)
			c->copy[c->len++] = (char)character;
		return 1;
	}
	int n = u8_mbtoucr(&character, (const uint8_t *)c->source->bytes + at, c->source->len - at);
	if (n <= 0) {
		take_bad_byte(c, at);
		return 1;
	}
	if (control(character)) {
		take_control(c, at, character);
	} else if (character == 0xfeff) {
		tell(c, "control-character",
		     "a byte order mark (U+FEFF) may stand at the start of the file alone");
		replace(c, at, "");
	} else if (c->copy) {
		memcpy(c->copy + c->len, c->source->bytes + at, (size_t)n);
		c->len += (size_t)n;
	}
	return (size_t)n;
}

/* A %TAG line becomes a comment: tags are refused, and libyaml is slow with many of them. */
static bool is_tag_directive(const struct source *s, size_t at) {
	return s->len - at >= 5 && memcmp(s->bytes + at, "%TAG", 4) == 0;
}

static bool is_utf16(const struct source *s) {
	return s->len >= 2 &&
	       (memcmp(s->bytes, "\xff\xfe", 2) == 0 || memcmp(s->bytes, "\xfe\xff", 2) == 0);
}

/* Is every one of the eight bytes from blank to `~`? (Hacker's Delight, section 6-1.) */
static bool eight_are_plain(const char *p) {
	const uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	uint64_t below_blank = (x - 0x20 * ones) & ~x;
	uint64_t from_del = (x + ones) | x;
	return ((below_blank | from_del) & high) == 0;
}

/* Nearly every line is: then its characters need not be looked at one by one. */
static bool line_is_plain(const char *line, size_t len) {
	size_t i = 0;

	if (len > 0 && line[0] == '%')
		return false;
	for (; i + 8 <= len; i += 8)
		if (!eight_are_plain(line + i))
			return false;
	for (; i < len; i++)
		if (line[i] < 0x20 || line[i] == 0x7f)
			return false;
	return true;
}

static void take_plain_line(struct cleaning *c, size_t at, size_t len) {
	if (!c->copy)
		return;
	memcpy(c->copy + c->len, c->source->bytes + at, len);
	c->len += len;
}

static void take_line(struct cleaning *c, size_t at, size_t end) {
	c->column = 1;
	if (is_tag_directive(c->source, at)) {
		tell(c, "yaml-tag", "a tag is not allowed: take the %%TAG line away");
		replace(c, at++, "#");
		c->column++;
	}
	for (; at < end; c->column++)
		at += take(c, at);
}

const char *bytes_cleaned(struct arena *scratch, struct source *s, struct diags *diags,
                          size_t *ret_len) {
	struct cleaning c = { scratch, s, diags, .line = 1, .column = 1 };

	if (is_utf16(s)) {
		tell(&c, "not-utf8", "the file is UTF-16: save it as UTF-8");
		return NULL;
	}
	for (size_t i = 0, end; i < s->len; i = end, c.line++) {
		const char *stop = memchr(s->bytes + i, '\n', s->len - i);
		end = stop ? (size_t)(stop - s->bytes) + 1 : s->len;
		if (line_is_plain(s->bytes + i, end - i - (stop != NULL)))
			take_plain_line(&c, i, end - i);
		else
			take_line(&c, i, end);
	}
	*ret_len = c.copy ? c.len : s->len;
	return c.copy ? c.copy : s->bytes;
}
