#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b) {
	free(b->data);
	*b = (struct buf){ 0 };
}

enum { MANY = 256 * 1024 };

static void reserve(struct buf *b, size_t more) {
	if (b->drain && b->len >= MANY)
		b->drain(b);
	size_t need = b->len + more + 1;

	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	char *data = realloc(b->data, cap);
	if (!data)
		abort();
	b->data = data;
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t len) {
	reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *s) {
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c) {
	buf_add(b, &c, 1);
}

void buf_pad(struct buf *b, char c, size_t n) {
	reserve(b, n);
	memset(b->data + b->len, c, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void buf_printf(struct buf *b, const char *format, ...) {
	enum { USUAL = 128 };
	va_list args;

	reserve(b, USUAL);
	size_t room = b->cap - b->len;
	va_start(args, format);
	int n = vsnprintf(b->data + b->len, room, format, args);
	va_end(args);
	if (n < 0)
		abort();
	if ((size_t)n >= room) {
		reserve(b, (size_t)n);
		va_start(args, format);
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, format, args);
		va_end(args);
	}
	b->len += (size_t)n;
}
