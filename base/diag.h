/*
 * diag -- what is wrong in a file that a person wrote: all of it, with its place.
 *
 * Whoever reads an input adds what it finds and goes on; nothing stops at the
 * first. The list is printed sorted by file, line and column:
 *
 *     mailboxes/hq.yaml:12:16: error: alias "help..desk" has a period ... [alias-invalid]
 *       12 |         alias: help..desk
 *          |                ^
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

/* A place in a file, counted from 1; column counts characters. line 0: the file as a whole. */
struct place {
	const char *file;
	int line, column;
};

struct diag {
	struct place at;
	const char *code;    /* stable, for machines: `alias-invalid` */
	const char *message; /* for people: what is wrong, and what to write instead */
	const char *text;    /* the line as it stands in the file; NULL: not shown */
	const char *other;   /* the other file that it is about as much; NULL: none */
	size_t order;        /* of adding: ties keep it */
};

struct diags {
	struct arena *arena; /* owns the messages */
	struct diag *v;
	size_t n, cap;
};

/* `text`: the bytes of the whole file, from which the line is cut; NULL where there are none. */
void diag_add(struct diags *d, struct place at, const char *code, const char *text, size_t len,
              const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Sorted by file, line, column, then as added. */
void diags_sort(struct diags *d);

/* Sorts and prints every one of them; a line longer than a screen is cut round its place. */
void diags_print(struct diags *d, struct buf *out);
