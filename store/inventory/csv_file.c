#include "store/inventory/csv_file.h"

#include <csv.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"

/* ---- places ---- */

static size_t line_length(const struct csv_file *f, size_t offset) {
	const char *end = memchr(f->text + offset, '\n', f->len - offset);

	return end ? (size_t)(end - f->text) + 1 - offset : f->len - offset;
}

/* The character's number on the record's first line; 0 where the field begins further down. */
static int column_of(const struct csv_file *f, size_t offset, int field) {
	bool quoted = false;
	int column = 1;

	for (size_t i = offset; i < f->len && field > 0; i++) {
		char c = f->text[i];
		if (c == '\n')
			return 0;
		if (c == '"')
			quoted = !quoted;
		else if (c == f->delimiter && !quoted)
			field--;
		if (((unsigned char)c & 0xc0) != 0x80)
			column++;
	}
	return column;
}

static void record_fault(const struct csv_file *f, int record, const char *code,
                         const char *message) {
	const char *name = record > 0 && (size_t)record <= f->n_names ? f->names[record - 1] : NULL;
	struct place at = { .file = f->label };

	if (!record)
		diag_add(f->diags, at, code, NULL, 0, "%s", message);
	else if (!name)
		diag_add(f->diags, at, code, NULL, 0, "record %d: %s", record, message);
	else
		diag_add(f->diags, at, code, NULL, 0, "record %d (%s): %s", record, name, message);
}

const char *csv_line(const struct csv_file *f, int line) {
	return arena_printf(f->diags->arena, f->json ? "in record %d" : "on line %d", line);
}

void csv_fault(const struct csv_file *f, int line, size_t offset, int field, const char *code,
               const char *format, ...) {
	/* Given its line alone: a file of many faults is not gone through for each. */
	struct place at = { .file = f->label, .line = 1 };
	char *message;
	va_list args;

	va_start(args, format);
	message = arena_vprintf(f->diags->arena, format, args);
	va_end(args);
	if (f->json) {
		record_fault(f, line, code, message);
		return;
	}
	if (field != CSV_RECORD)
		at.column = column_of(f, offset, field);
	diag_add(f->diags, at, code, f->text + offset, line_length(f, offset), "%s", message);
	f->diags->v[f->diags->n - 1].at.line = line;
}

/* ---- the beginning ---- */

static bool blank(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", s[i]))
			return false;
	return true;
}

static char find_delimiter(const char *s, size_t len) {
	size_t commas = 0, semicolons = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '"')
			quoted = !quoted;
		commas += !quoted && s[i] == ',';
		semicolons += !quoted && s[i] == ';';
	}
	return semicolons > commas ? ';' : ',';
}

static bool is_json(const struct csv_file *f) {
	size_t at = 0;

	while (at < f->len && blank(f->text + at, 1))
		at++;
	return at < f->len && (f->text[at] == '[' || f->text[at] == '{');
}

bool csv_file_open(struct csv_file *f, const char *label, const char *bytes, size_t len,
                   struct diags *diags) {
	*f = (struct csv_file){ .diags = diags,
		                .label = arena_strdup(diags->arena, label),
		                .dates = f->dates };
	if (!csv_decode(f, bytes, len))
		return false;
	if (is_json(f)) {
		f->json = true;
		return true;
	}
	f->start_line = 1;
	for (bool first = true; f->start < f->len; first = false) {
		const char *line = f->text + f->start;
		size_t n = line_length(f, f->start);
		bool type = first && n >= 5 && strncasecmp(line, "#TYPE", 5) == 0;
		if (!type && !blank(line, n)) {
			f->delimiter = find_delimiter(line, n);
			return true;
		}
		f->start += n;
		f->start_line++;
	}
	diag_add(diags, (struct place){ .file = f->label }, "csv-empty", NULL, 0,
	         "the file has no header line: nothing was exported into it");
	return false;
}

/* ---- the records ---- */

struct reader {
	const struct csv_file *file;
	bool (*take)(void *ctx, const struct csv_record *r);
	void *ctx;
	struct csv_parser parser;
	struct buf text; /* the record's fields, each ended by a NUL */
	size_t *ends;    /* of each in it */
	const char **fields;
	size_t n, cap;
	size_t expected; /* fields of the header; 0: it has not come yet */
	int line;        /* where the record begins */
	size_t offset;
	bool ended; /* a record ended since this was cleared */
	bool stopped;
};

static void on_field(void *data, size_t len, void *ctx) {
	struct reader *r = ctx;

	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 32;
		r->ends = realloc(r->ends, r->cap * sizeof(*r->ends));
		r->fields = realloc(r->fields, r->cap * sizeof(*r->fields));
		if (!r->ends || !r->fields)
			abort();
	}
	buf_add(&r->text, data, len);
	buf_putc(&r->text, '\0');
	r->ends[r->n++] = r->text.len;
}

static void on_record(int terminator, void *ctx) {
	struct reader *r = ctx;
	struct csv_record record = { r->line, r->offset, r->fields, r->n };

	(void)terminator;
	for (size_t i = 0; i < r->n; i++)
		r->fields[i] = r->text.data + (i ? r->ends[i - 1] : 0);
	if (r->stopped)
		;
	else if (r->expected && r->n != r->expected)
		csv_fault(r->file, r->line, r->offset, CSV_RECORD, "csv-fields",
		          "this line has %zu field%s and the header %zu", r->n,
		          r->n == 1 ? "" : "s", r->expected);
	else
		r->stopped = !r->take(r->ctx, &record);
	if (!r->expected)
		r->expected = r->n;
	r->n = 0;
	r->text.len = 0;
	r->ended = true;
}

static void parser_begin(struct reader *r) {
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
		abort();
	csv_set_delim(&r->parser, (unsigned char)r->file->delimiter);
	/* A field that nobody closed grows to the file's end; it is not copied at every step. */
	csv_set_blk_size(&r->parser, 64 * 1024);
	r->n = 0;
	r->text.len = 0;
}

/* How much of the text ends a line: LF, CR LF, or a CR alone, which libcsv takes for an end too. */
static size_t piece_length(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (s[i] == '\n' || (s[i] == '\r' && !(i + 1 < len && s[i + 1] == '\n')))
			return i + 1;
	return len;
}

/* Feeds line by line; false where libcsv stopped, and then *ret_at is the byte it stopped at. */
static bool feed(struct reader *r, size_t from, int line, size_t *ret_at) {
	const struct csv_file *f = r->file;
	bool within = false;

	for (size_t at = from, n; at < f->len && !r->stopped; at += n) {
		const char *s = f->text + at;
		n = piece_length(s, f->len - at);
		if (!within) {
			r->line = line;
			r->offset = at;
		}
		r->ended = false;
		size_t taken = csv_parse(&r->parser, s, n, on_field, on_record, r);
		if (taken != n) {
			*ret_at = at + taken;
			return false;
		}
		within = !r->ended && (within || !blank(s, n));
		line += s[n - 1] == '\n';
	}
	*ret_at = f->len;
	return r->stopped || csv_fini(&r->parser, on_field, on_record, r) == 0;
}

/* A quote that is wrong spoils its record; the next one is sought from the line below. */
static void tell_quote(struct reader *r, size_t at) {
	const struct csv_file *f = r->file;

	if (csv_error(&r->parser) != CSV_EPARSE)
		abort();
	csv_fault(f, r->line, r->offset, (int)r->n, "csv-quote",
	          at == f->len ? "a quoted field begins here and is not closed"
	                       : "there is a quote inside this field: a field with quotes stands "
	                         "in quotes, and its own are doubled");
}

void csv_file_each(const struct csv_file *f, csv_take *take, void *ctx) {
	struct reader r = { .file = f, .take = take, .ctx = ctx };
	size_t from = f->start, at;
	int line = f->start_line;

	for (;;) {
		parser_begin(&r);
		bool done = feed(&r, from, line, &at);
		if (!done)
			tell_quote(&r, at);
		csv_free(&r.parser);
		/* Without a header no record means anything. */
		if (done || !r.expected)
			break;
		from = r.offset + line_length(f, r.offset);
		line = r.line + 1;
	}
	buf_done(&r.text);
	free(r.ends);
	free(r.fields);
}
