#include "spec/source.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistr.h>

#include "base/buf.h"

struct source *source_new(struct arena *a, const char *label, const char *bytes, size_t len,
                          struct diags *diags) {
	struct source *s = ARENA_NEW(a, struct source);

	s->arena = a;
	s->label = arena_strdup(a, label);
	if (len > SOURCE_BYTES_MAX) {
		source_problem(s, diags, (struct spot){ 1, 1 }, "too-large",
		               "the file is larger than 64 MiB: split it");
		return s;
	}
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
		bytes += 3;
		len -= 3;
	}
	s->bytes = arena_copy(a, bytes, len);
	s->len = len;
	return s;
}

struct place source_place(const struct source *s, struct spot at) {
	return (struct place){ s->label, at.line, at.column };
}

static void find_lines(struct source *s) {
	s->n_lines = 1;
	for (size_t i = 0; i < s->len; i++)
		s->n_lines += s->bytes[i] == '\n';
	s->lines = ARENA_ARRAY(s->arena, unsigned, s->n_lines);
	size_t n = 1;
	for (size_t i = 0; i < s->len; i++)
		if (s->bytes[i] == '\n')
			s->lines[n++] = (unsigned)i + 1;
}

const char *source_line(struct source *s, int line, size_t *ret_len) {
	if (s->len == 0)
		return NULL;
	if (!s->lines)
		find_lines(s);
	size_t i = (size_t)line - 1;
	if (i >= s->n_lines)
		return NULL;
	*ret_len = (i + 1 < s->n_lines ? s->lines[i + 1] : s->len) - s->lines[i];
	return s->bytes + s->lines[i];
}

static void add(struct source *s, struct diags *diags, struct spot at, const char *code,
                const char *message) {
	const struct diag *last = diags->n ? diags->v + diags->n - 1 : NULL;
	bool same_line = last && last->at.file == s->label && last->at.line == at.line;
	const char *shown = same_line ? last->text : NULL, *line = NULL;
	size_t len = 0;

	if (!same_line)
		line = source_line(s, at.line, &len);
	/* The line is handed over as if it were the first, so that nobody has to look for it. */
	diag_add(diags, (struct place){ s->label, 1, at.column }, code, line, len, "%s", message);
	struct diag *diag = diags->v + diags->n - 1;
	diag->at.line = at.line;
	if (same_line)
		diag->text = shown;
}

void source_vproblem(struct source *s, struct diags *diags, struct spot at, const char *code,
                     const char *format, va_list args) {
	s->problems++;
	if (s->problems == SOURCE_PROBLEMS_MAX + 1)
		add(s, diags, at, "too-many-errors",
		    "the file has more errors; these are enough to begin with");
	if (!source_is_full(s))
		add(s, diags, at, code, arena_vprintf(diags->arena, format, args));
}

void source_problem(struct source *s, struct diags *diags, struct spot at, const char *code,
                    const char *format, ...) {
	va_list args;

	va_start(args, format);
	source_vproblem(s, diags, at, code, format, args);
	va_end(args);
}

bool source_is_full(const struct source *s) {
	return s->problems > SOURCE_PROBLEMS_MAX;
}

char *source_quoted(struct arena *a, const char *text, size_t len) {
	enum { SHOWN = 80 };
	struct buf out = { 0 };
	ucs4_t c;
	size_t shown = 0;

	for (size_t i = 0; i < len; shown++) {
		int n = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
		if (shown == SHOWN) {
			buf_puts(&out, "...");
			break;
		}
		if (n <= 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029) {
			if (n > 0 && c == '\n')
				buf_puts(&out, "\\n");
			else if (n > 0 && c == '\t')
				buf_puts(&out, "\\t");
			else
				buf_printf(&out, "\\x%02X",
				           n > 0 ? (unsigned)c : (unsigned char)text[i]);
		} else {
			buf_add(&out, text + i, (size_t)n);
		}
		i += n > 0 ? (size_t)n : 1;
	}
	char *quoted = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return quoted;
}
