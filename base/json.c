#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <unistr.h>

static void line(struct json *j) {
	if (j->compact)
		return;
	buf_pad(j->out, ' ', (size_t)j->depth * 2 + 1);
	j->out->data[j->out->len - (size_t)j->depth * 2 - 1] = '\n';
}

static void element(struct json *j) {
	if (j->keyed) {
		j->keyed = false;
		return;
	}
	if (j->depth == 0)
		return;
	if (j->filled[j->depth])
		buf_putc(j->out, ',');
	j->filled[j->depth] = true;
	line(j);
}

void json_open(struct json *j, char bracket) {
	element(j);
	buf_putc(j->out, bracket);
	assert(j->depth + 1 < (int)(sizeof(j->filled) / sizeof(*j->filled)));
	j->filled[++j->depth] = false;
}

void json_close(struct json *j, char bracket) {
	assert(j->depth > 0 && !j->keyed);
	bool filled = j->filled[j->depth--];
	if (filled)
		line(j);
	buf_putc(j->out, bracket);
	if (j->depth == 0)
		buf_putc(j->out, '\n');
}

/* How many bytes from the start stand for themselves, as far as eight at a time tell. */
static size_t plain(const char *s, size_t len) {
	const uint64_t ones = UINT64_MAX / 255, highs = ones << 7;
	size_t n = 0;

	for (uint64_t word; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, s + n, sizeof(word));
		uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
		uint64_t special = (word - ones * 0x20) | (quote - ones) | (slash - ones) | word;
		if (special & highs)
			break;
	}
	return n;
}

static void escaped(struct buf *out, const char *s, size_t len) {
	size_t from = 0;

	buf_putc(out, '"');
	for (size_t i = plain(s, len); i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		int known = c < 0x80 ? 1 : u8_mblen((const uint8_t *)s + i, len - i);
		if (known > 0 && c >= 0x20 && c != '"' && c != '\\') {
			i += (size_t)known - 1;
			continue;
		}
		buf_add(out, s + from, i - from);
		from = i + 1;
		/* A file's name may be no UTF-8, JSON must be. */
		if (known <= 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n')
			buf_puts(out, "\\n");
		else if (c == '\t')
			buf_puts(out, "\\t");
		else
			buf_printf(out, "\\u%04x", c);
	}
	buf_add(out, s + from, len - from);
	buf_putc(out, '"');
}

void json_key(struct json *j, const char *key) {
	element(j);
	escaped(j->out, key, strlen(key));
	buf_add(j->out, ": ", j->compact ? 1 : 2);
	j->keyed = true;
}

void json_bytes(struct json *j, const char *s, size_t len) {
	element(j);
	escaped(j->out, s, len);
}

void json_text(struct json *j, const char *s) {
	if (s)
		json_bytes(j, s, strlen(s));
	else
		json_nil(j);
}

void json_int(struct json *j, int64_t n) {
	element(j);
	buf_printf(j->out, "%" PRId64, n);
}

void json_bool(struct json *j, bool b) {
	element(j);
	buf_puts(j->out, b ? "true" : "false");
}

void json_nil(struct json *j) {
	element(j);
	buf_puts(j->out, "null");
}

void json_raw(struct json *j, const char *value) {
	element(j);
	buf_puts(j->out, value);
}
