/*
 * output -- where a command's result goes: -o FORMAT[=FILE], repeatable.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "agent/command.h"
#include "base/buf.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	/* of a plan alone: */
	FORMAT_NDJSON,
	FORMAT_MARKDOWN,
	FORMAT_POWERSHELL,
	FORMAT_LDIF
};

struct output {
	enum format format;
	const char *file; /* NULL: standard output */
};
struct outputs {
	struct output *v;
	size_t n, cap;
};

/* Text on standard output where nothing is asked for. EXIT_USAGE, with the reason printed, or 0. */
int outputs_parse(const struct options *o, struct arena *a, struct outputs *ret);
/* The same where a plan is what is shown: every format. */
int outputs_parse_plan(const struct options *o, struct arena *a, struct outputs *ret);

/* Does anything of this format go to standard output? */
bool outputs_show(const struct outputs *list, enum format format);

/* A text on its way there: what is put into `text` is written as it comes. */
struct output_stream {
	struct buf text;
	const struct output *output;
	FILE *file;
	int trouble; /* errno */
};
/* Each EXIT_FAILED, with the reason printed, or 0; an end goes with each begin that was 0. */
int output_begin(const struct output *out, struct output_stream *ret);
int output_end(struct output_stream *s);

/* Sends the text there; EXIT_FAILED, with the reason printed, or 0. */
int output_write(const struct output *out, const struct buf *text);
