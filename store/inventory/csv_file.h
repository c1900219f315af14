/*
 * csv_file -- the records of a CSV file as PowerShell and spreadsheets write them, and the places
 * of what is wrong in it.
 *
 * libcsv takes the records apart; here are the encodings, the `#TYPE` line, the delimiter, and the
 * physical line on which each record begins. Nothing stops at the first fault. Knows no columns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

struct csv_file {
	const char *label;
	struct diags *diags;
	const char *text; /* UTF-8 without BOM and NUL; bytes that were none are `?` */
	size_t len;
	size_t start; /* of the header */
	int start_line;
	char delimiter;
	bool json;                /* it is JSON: json_file.h reads it, and a `line` is a record */
	const char *const *names; /* of the records, for faults; NULL where one has none */
	size_t n_names;
	struct dates *dates; /* of the import */
};

struct csv_record {
	int line;      /* on which it begins */
	size_t offset; /* of that line in the text */
	const char *const *fields;
	size_t n;
};

/* False: there is nothing to be read in it, and a diagnostic says why. */
bool csv_file_open(struct csv_file *f, const char *label, const char *bytes, size_t len,
                   struct diags *diags);

/*
 * The header first, then every record of as many fields; what is no such record becomes a
 * diagnostic. `take` gets each, and ends the reading with false. A record lives for the call.
 */
typedef bool csv_take(void *ctx, const struct csv_record *r);
void csv_file_each(const struct csv_file *f, csv_take *take, void *ctx);

/* Which field is meant by a fault: its number from 0, or the record as a whole. */
enum { CSV_RECORD = -1 };
void csv_fault(const struct csv_file *f, int line, size_t offset, int field, const char *code,
               const char *format, ...) __attribute__((format(printf, 6, 7)));

/* "on line 3", or "in record 3" of JSON; in the arena of the diagnostics. */
const char *csv_line(const struct csv_file *f, int line);

/* ---- csv_encoding.c ---- */

/* The file's bytes as UTF-8; false as above. Faults get the file's label alone. */
bool csv_decode(struct csv_file *f, const char *bytes, size_t len);
