/*
 * source -- the text of one file that a person wrote, and where its problems are told.
 *
 * Keeps a copy of the bytes: a problem that only shows over all files can still show its line.
 * Which line begins where is looked up once, at the first problem, so that a file of 100,000
 * problems is read over once and not 100,000 times.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"

enum {
	SOURCE_BYTES_MAX = 64 * 1024 * 1024,
	SOURCE_PROBLEMS_MAX = 100000, /* of one file; the rest is counted and told in one line */
};

/* A place in the source that is spoken of; there may be millions of them. */
struct spot {
	int line, column;
};

struct source {
	const char *label; /* how the file is called in messages */
	const char *bytes; /* without a byte order mark; none where there are too many */
	size_t len;
	size_t problems; /* so far */
	struct arena *arena;
	unsigned *lines; /* where each begins; made at the first problem */
	size_t n_lines;
};

/* Copies label and bytes into `a`. Too many bytes are a problem, told at once. */
struct source *source_new(struct arena *a, const char *label, const char *bytes, size_t len,
                          struct diags *diags);

/* The place that a message names. */
struct place source_place(const struct source *s, struct spot at);

/* The bytes of a line, with what ends it; NULL, and *ret_len as it was: there is no such line. */
const char *source_line(struct source *s, int line, size_t *ret_len);

/* Tells a problem; one of the file as a whole stands at line 1, column 1. */
void source_problem(struct source *s, struct diags *diags, struct spot at, const char *code,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
void source_vproblem(struct source *s, struct diags *diags, struct spot at, const char *code,
                     const char *format, va_list args) __attribute__((format(printf, 5, 0)));

/* Were so many problems told that no more will be? */
bool source_is_full(const struct source *s);

/* A text as messages quote it: control characters escaped, a long one cut. */
char *source_quoted(struct arena *a, const char *text, size_t len);
