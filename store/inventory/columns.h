/*
 * columns -- which column of a CSV file means what, and its texts as values.
 *
 * A table of columns is the decoder, the check of the header, and what the error says to export.
 */
#pragma once

#include "base/guid.h"
#include "base/timestamp.h"
#include "store/inventory/csv_file.h"

/* One text of one record. */
struct cell {
	const struct csv_file *file;
	const struct csv_record *record;
	int field;
	const char *column; /* its name in the header */
	const char *text;   /* not empty */
};

/* False: a diagnostic was added. What lasts longer than the record goes into `a`. */
typedef bool cell_take(const struct cell *c, struct arena *a, void *ret);
cell_take take_text; /* const char * */
cell_take take_guid; /* struct guid; all zeros are none */
cell_take take_date; /* int64_t; filled in by dates_settle() at the latest: the row must stay */
cell_take take_bool;
cell_take take_count; /* int64_t */
cell_take take_size;  /* int64_t: the bytes in the brackets */
cell_take take_retention;
cell_take take_dn;
cell_take take_reason; /* enum disconnect_reason */
cell_take take_type_detail;

enum disconnect_reason { REASON_NONE, REASON_DISABLED, REASON_SOFT_DELETED };

void cell_fault(const struct cell *c, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

enum need {
	MAY_LACK,    /* the file need not have the column */
	MUST_HAVE,   /* but the field may be empty */
	MUST_BE_SAID /* no field may be empty */
};

struct column {
	const char *names[2]; /* the second is read where the first is missing or empty */
	enum need need;
	cell_take *take;
	size_t offset; /* of the value in the row */
};

enum { COLUMNS_MAX = 16 };
struct columns {
	const struct column *defs;
	size_t n;
	int at[COLUMNS_MAX][2]; /* field numbers; -1: not in this file */
	bool there[COLUMNS_MAX];
};

void columns_find(struct columns *c, const struct column *defs, size_t n,
                  const struct csv_record *header);
bool columns_enough(const struct columns *c);
/* The names of those that are needed, or of all, joined by commas; without an alternative's. */
const char *columns_names(struct arena *a, const struct column *defs, size_t n, bool all);
/* The field of a column, for a fault: the first name's, else the second's. */
int columns_field(const struct columns *c, size_t column);

/* Fills the row's values; those that are not said keep what is there. False: faults were added. */
bool columns_take(const struct columns *c, const struct csv_file *f, const struct csv_record *r,
                  struct arena *a, void *row);
