/*
 * output -- where a command's result goes: -o FORMAT[=FILE], repeatable.
 */
#pragma once

#include <stdbool.h>

#include "agent/command.h"
#include "base/buf.h"

enum format { FORMAT_TEXT, FORMAT_JSON };

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

/* Does anything of this format go to standard output? */
bool outputs_show(const struct outputs *list, enum format format);

/* Sends the text there; EXIT_FAILED, with the reason printed, or 0. */
int output_write(const struct output *out, const struct buf *text);
