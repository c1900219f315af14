/*
 * yaml -- a YAML file as a small tree in which everything knows its place.
 *
 * Built from libyaml's events, and only of the YAML that a manifest may be: anchors, aliases,
 * tags and merge keys, keys that stand twice and nesting without end are told as problems while
 * reading. What a text means (a boolean, nothing at all) is for whoever asks for it: `no` is the
 * text `no`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "spec/source.h"

enum { YAML_DEPTH_MAX = 32 };

enum node_kind {
	NODE_TEXT,
	NODE_LIST,
	NODE_MAP,
	NODE_REFUSED, /* told already: whoever meets it says nothing more */
};

struct node {
	unsigned char kind; /* enum node_kind */
	bool plain;         /* of a text: it stands without quotes */
	bool cut;     /* the file broke off, or a key was refused: what is missing is not missed */
	unsigned len; /* of a text its bytes; else how many items or keys */
	struct spot at;
	union {
		const char
		        *text; /* of a text: ended by a NUL that is not counted; may hold others */
		struct node *first; /* of a list its items, of a map its keys */
	};
	struct node *next;  /* the next item or key */
	struct node *value; /* of a key; never NULL */
};

/* One document; those that hold nothing are passed over. */
struct document {
	struct node *root;
	bool faulty; /* problems were told while it was read */
	struct document *next;
};

/*
 * All documents of a file; after an error of syntax reading goes on at the next `---`. Nothing
 * but text may stay in the source's bytes: they are looked at first. Lives in `scratch`.
 */
struct document *yaml_read(struct arena *scratch, struct source *s, struct diags *diags);

/* The key of that name in a map, or NULL; also NULL for what is no map. */
const struct node *node_key(const struct node *map, const char *name);

/* Is it a plain `null` or `~`, or nothing at all? */
bool node_is_null(const struct node *n);
