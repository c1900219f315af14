#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The line as it can be shown: control characters as blanks, bad bytes as `?`. */
static char *cut_line(struct arena *a, const char *text, size_t len, int line) {
	const char *end = text + len, *from = text;

	for (int i = 1; i < line && from < end; i++) {
		const char *next = memchr(from, '\n', (size_t)(end - from));
		if (!next)
			return NULL;
		from = next + 1;
	}
	const char *stop = memchr(from, '\n', (size_t)(end - from));
	size_t n = (size_t)((stop ? stop : end) - from);
	if (n > 4000)
		n = 4000;
	char *copy = arena_copy(a, from, n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
			copy[i] = ' ';
	while (n > 0 && copy[n - 1] == ' ')
		copy[--n] = '\0';
	for (size_t at, from_at = 0; !text_utf8(copy + from_at, n - from_at, &at);
	     from_at += at + 1)
		copy[from_at + at] = '?';
	return copy;
}

void diag_add(struct diags *d, struct place at, const char *code, const char *text, size_t len,
              const char *format, ...) {
	struct diag diag = { .at = at, .code = code, .order = d->n };
	va_list args;

	va_start(args, format);
	diag.message = arena_vprintf(d->arena, format, args);
	va_end(args);
	if (text && at.line > 0)
		diag.text = cut_line(d->arena, text, len, at.line);
	ARENA_PUSH(d->arena, d, diag);
}

static int compare(const void *pa, const void *pb) {
	const struct diag *a = pa, *b = pb;
	int by_file = strcmp(a->at.file, b->at.file);

	if (by_file)
		return by_file;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	if (a->at.column != b->at.column)
		return a->at.column < b->at.column ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

void diags_sort(struct diags *d) {
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), compare);
}

/* Steps over `n` characters of UTF-8. */
static const char *skip(const char *s, size_t n) {
	for (; n && *s; n--)
		do
			s++;
		while (((unsigned char)*s & 0xc0) == 0x80);
	return s;
}

/* With the number beside it a line fits into 80 columns; a longer one is cut round its place. */
static void print_line(const struct diag *d, struct buf *out) {
	enum { FITS = 73, SHOWN = 67, BEFORE = 40 };
	size_t column = d->at.column > 0 ? (size_t)d->at.column - 1 : 0;
	bool cut = *skip(d->text, FITS);
	size_t hidden = cut && column > SHOWN - 20 ? column - BEFORE : 0;
	const char *from = skip(d->text, hidden);
	const char *end = skip(from, cut ? SHOWN : FITS);
	char *before;
	struct arena *a = arena_new();

	buf_printf(out, "%4d | %s%.*s%s\n", d->at.line, hidden ? "..." : "", (int)(end - from),
	           from, *end ? "..." : "");
	before = arena_copy(a, from, (size_t)(skip(from, column - hidden) - from));
	if (d->at.column > 0)
		buf_printf(out, "     | %*s^\n", (int)(text_width(before) + (hidden ? 3 : 0)), "");
	arena_free(a);
}

/* A file may be called anything: nothing of its name may move the cursor or break the line. */
static void print_name(const char *name, struct buf *out) {
	size_t len = strlen(name), bad = 0;
	bool whole = text_utf8(name, len, &bad);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		buf_putc(out, c < 0x20 || c == 0x7f || (!whole && c >= 0x80) ? '?' : name[i]);
	}
}

void diags_print(struct diags *d, struct buf *out) {
	diags_sort(d);
	for (size_t i = 0; i < d->n; i++) {
		const struct diag *x = d->v + i;
		print_name(x->at.file, out);
		if (x->at.line > 0)
			buf_printf(out, ":%d", x->at.line);
		if (x->at.line > 0 && x->at.column > 0)
			buf_printf(out, ":%d", x->at.column);
		buf_printf(out, ": error: %s [%s]\n", x->message, x->code);
		if (x->text)
			print_line(x, out);
	}
}
