/*
 * fields -- every field of a manifest and of the config: its name, what it takes, what it means.
 *
 * The one table behind the decoder, its did-you-mean and the JSON Schema, and what the manual is to
 * be printed from. A row says what one field takes by itself; what two fields mean for each other
 * is said by the check of the mapping that they stand in, and for JSON Schema by its rules.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct decoder;
struct node;

/* What a field takes, and as what it is kept. */
enum field_kind {
	FIELD_TEXT,       /* const char *; never empty, without control characters */
	FIELD_TEXTS,      /* const char *const *, NULL-ended: a list of texts */
	FIELD_BOOLEAN,    /* bool: true or false */
	FIELD_SWITCH,     /* bool: the first or the second of `names` */
	FIELD_CHOICE,     /* an enum: one of `names`, by number */
	FIELD_CHOICES,    /* unsigned: a list of `names`, a bit each */
	FIELD_POLICY,     /* struct policy_wish: a text or null */
	FIELD_SUSPENSION, /* bool, and at `beside` the reason: true, false or a text */
	FIELD_INTEGER,    /* int64_t from min to max */
	FIELD_DURATION,   /* int64_t: seconds, from min on */
	FIELD_PERCENT,    /* int64_t: `10%` */
	FIELD_MAP,        /* a struct in place, by `shape` */
	FIELD_MAPS,       /* an array of such, its length (size_t) at `beside` */
	FIELD_NAMED_MAPS, /* the same from a mapping; each begins with its name */
};

enum field_rule {
	FIELD_REQUIRED = 1 << 0,
	FIELD_DEFAULTABLE = 1 << 1, /* may stand in `defaults` */
	FIELD_FILLED = 1 << 2,      /* a list, and never an empty one */
	FIELD_ONE_OR_MANY = 1 << 3, /* a list, or its only item alone */
	FIELD_MARKED = 1 << 4,      /* the bool at `beside` becomes true where it is given */
	FIELD_BY_HAND = 1 << 5,     /* decoded by whoever asked for the mapping around it */
	FIELD_HEAD = 1 << 6,        /* required too, but missed by whoever decodes it by hand */
	FIELD_NO_NUMBER = 1 << 7,   /* a text that no plain number or boolean can be */
};

struct field {
	const char *key;
	enum field_kind kind;
	unsigned rules; /* of enum field_rule */
	size_t offset, beside;
	const char *const *names; /* NULL-ended; an empty one is passed over */
	const struct shape *shape;
	int64_t min, max;
	/* NULL where a text is one, else what is wrong: the end of a sentence that begins with
	 * `noun "text"` (the noun: by default the key). Its code is `code`. */
	const char *(*fault)(struct arena *a, const char *text);
	const char *code, *noun;
	const char *help; /* what it is, as the end of `mailbox: ...` */
	/* As much of `fault` as JSON Schema can say: a regular expression, and how many
	 * characters there may be; NULL and 0: nothing. */
	const char *pattern;
	int longest;
};

/* A mapping: its fields, and the struct that they fill. */
struct shape {
	const char *what; /* "a connection" */
	const struct field *fields;
	size_t size;
	/* What no field knows by itself; NULL: nothing. Called for a mapping that was decoded. */
	void (*check)(struct decoder *d, const struct node *map, const void *filled);
	/* The same for JSON Schema: schemas that all must hold, each in JSON but for its quotes,
	 * which are single ones. NULL-ended; NULL: none. */
	const char *const *rules;
};

/*
 * The whole of a document of kind MailboxConnections, its `defaults` (the fields of a connection,
 * of which only the FIELD_DEFAULTABLE ones may stand there), one connection; the whole of a Config.
 */
extern const struct shape manifest_shape, defaults_shape, connection_shape, config_shape;

/* What the manifest says of itself; fills manifest_shape. */
struct manifest_head {
	const char *name; /* NULL: not given */
};

const struct field *field_find(const struct shape *shape, const char *key);
