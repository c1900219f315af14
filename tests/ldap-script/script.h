/*
 * script -- what a text says that the server is to expect, and to answer.
 *
 * README.md in this folder has the language. A script is read whole before anybody
 * connects; everything here lies in the arena that it was read into, and is only read
 * afterwards, by the threads of all connections.
 */
#pragma once

#include <lber.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/*
 * `name=value` of a statement or of a request that came; a bare word has no name. Requests are
 * taken apart into the same parts that a statement is written in, so that comparing them, and
 * telling what came, is the same for all kinds.
 */
struct part {
	const char *name; /* NULL for a bare word; "add:mail" in a modify */
	struct berval value;
	bool pattern;   /* `name~pattern`: the value is a regular expression for all of it */
	bool usual;     /* of a request: not worth telling */
	bool valueless; /* `delete:mail`: the name alone */
	int line, column;
};

struct parts {
	struct part *v;
	size_t n, cap;
};

enum verb {
	VERB_AFTER,
	VERB_ALWAYS,
	VERB_ANSWER,
	VERB_BYTES,
	VERB_CLOSE,
	VERB_CONNECTION,
	VERB_DELAY,
	VERB_DRIP,
	VERB_END,
	VERB_EXPECT,
	VERB_INCLUDE,
	VERB_ONCE,
	VERB_RAW,
	VERB_RESET,
	VERB_SCHEME,
	VERB_SET,
	VERB_SILENT,
	VERB_TLS,
	VERB_WAIT,
};

struct statement;
struct statements {
	struct statement **v;
	size_t n, cap;
};

struct statement {
	enum verb verb;
	const struct request_kind *request; /* of expect, always, once */
	const struct answer_kind *answer;   /* of answer */
	struct parts parts;
	struct parts attributes; /* of an entry: what stands behind dn= */
	const char *file;
	int line, column;
	long number;            /* of what takes one: milliseconds, bytes, connections */
	long then_number;       /* of `after N wait MS` */
	enum verb then;         /* of after: silent, close, reset, wait */
	struct berval bytes;    /* of raw and bytes */
	struct statements body; /* of always, once, connection */
};

struct script {
	struct statements prologue;    /* played at the start of every connection */
	struct statements connections; /* in the order in which they are to come */
	const char *scheme;
};

/* A word's value by its name, or NULL. */
const struct part *part_find(const struct parts *parts, const char *name);

struct setting {
	const char *name, *value;
};
struct settings {
	struct setting *v;
	size_t n, cap;
};

/*
 * Reads a file and all that it includes: from the folder of the file that includes, else from
 * `library`. Mistakes are told on standard error, FILE:LINE:COLUMN; false if there was one.
 */
bool script_read(struct arena *a, const char *file, const char *library, struct settings *settings,
                 struct script *ret);
