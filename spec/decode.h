/*
 * decode -- from the tree of a file to plain data, by the table of fields.
 *
 * Decoders return nothing: what is wrong is told with its place, and decoding goes on. What was
 * wrong leaves its field as it was.
 */
#pragma once

#include "spec/fields.h"
#include "spec/yaml.h"

struct decoder {
	struct arena *keep;    /* where what is decoded lives */
	struct arena *scratch; /* of the file: freed when it was decoded */
	struct source *source;
	struct diags *diags;
	bool defaults;         /* the mapping is `defaults`, or stands in it */
	const char *null_hint; /* what is said of a null beside that it is none; may be empty */
};

/* Fills `ret`, the struct of the shape, from a mapping; keys that are not there change nothing. */
void decode_map(struct decoder *d, const struct node *map, const struct shape *shape, void *ret);

/* Is there an unknown key by which this field was most likely meant? Then it is not missed. */
bool decode_misspelt(struct decoder *d, const struct node *map, const struct shape *shape,
                     const char *name);

/* Is the document of this kind? Tells what is wrong; false: reading on makes no sense. */
bool decode_header(struct decoder *d, const struct node *root, const char *kind);

void decode_problem(struct decoder *d, struct spot at, const char *code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* The text of a node as messages quote it, without the quotes. */
const char *decode_quoted(struct decoder *d, const struct node *n);
