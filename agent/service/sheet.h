/*
 * sheet -- what is said to a person at a terminal of eighty columns: words, and times as words.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum { SHEET_WIDTH = 80 };

enum hue { PLAIN, BOLD, GREEN, YELLOW, RED, MAGENTA, CYAN, DIM };

struct sheet {
	struct arena *a; /* of the texts below */
	struct buf *out;
	bool color;
	int64_t now;
};

void sheet_hue(struct sheet *s, enum hue h);

/*
 * Words from a column on, over as many lines as they need, each after the first indented; none is
 * cut. Ends the line.
 */
void sheet_wrapped(struct sheet *s, size_t column, size_t indent, const char *words);

/* One fact a line: its name, then what is to be said of it, in colour where it is trouble. */
void sheet_fact(struct sheet *s, enum hue h, const char *label, const char *words);

/* What a list stands under, after an empty line. */
void sheet_title(struct sheet *s, const char *words);

/* `16:49:00Z` of the day that it is now, else with its date. */
const char *sheet_clock(struct sheet *s, int64_t t);
/* `4m 12s`: how long it is from one moment to another, never less than nothing. */
const char *sheet_length(struct sheet *s, int64_t from, int64_t to);
const char *sheet_ago(struct sheet *s, int64_t t);   /* `4m ago`, "just now" */
const char *sheet_ahead(struct sheet *s, int64_t t); /* `in 4m`, "now" */

/* `1 file`, `2 files`. */
const char *sheet_count(struct sheet *s, int64_t n, const char *noun);
