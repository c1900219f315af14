/*
 * memory -- what the agent remembers over its restarts: how connections fare, whether it is
 * suspended, and the last good version of each manifest.
 *
 * Every call is one transaction, and none is begun where nothing would change: an agent that has
 * nothing to do writes nothing. Manifest and name of a connection are as they are written; they are
 * compared folded.
 */
#pragma once

#include "store/inventory/inventory.h"

/* How one connection fares. Being applied by whatever run makes all but `code` and `since` empty.
 */
struct condition_row {
	const char *manifest, *name;
	int64_t failures;        /* in a row */
	int64_t next_try;        /* TIMESTAMP_NONE: any time */
	int64_t undone;          /* times that others undid what was written, lately */
	int64_t undone_at;       /* the last of them; TIMESTAMP_NONE */
	const char *undone_what; /* the attributes that it was each time, with blanks between them;
	                            "" */
	const char *code;        /* what stands in its way; "" nothing does */
	int64_t since;           /* of that; TIMESTAMP_NONE */
};
int inventory_conditions(struct inventory *inv, struct arena *a, struct condition_row **ret,
                         size_t *ret_n, struct error *err) MUST_USE;
/* Those given; the others stay as they are. */
int inventory_set_conditions(struct inventory *inv, const struct condition_row *rows, size_t n,
                             struct error *err) MUST_USE;

/* The agent as a whole. */
struct suspension {
	bool is;
	const char *reason;   /* "" where none was given */
	int64_t since, until; /* until: TIMESTAMP_NONE: until it is resumed */
};
int inventory_suspension(struct inventory *inv, struct arena *a, struct suspension *ret,
                         struct error *err) MUST_USE;
int inventory_suspend(struct inventory *inv, const struct suspension *s,
                      struct error *err) MUST_USE;

/* The last good version of a manifest. */
struct manifest_row {
	const char *path;
	const char *bytes;
	size_t len;
	char sha256[65];
};
/* Sorted by path. */
int inventory_manifests(struct inventory *inv, struct arena *a, struct manifest_row **ret,
                        size_t *ret_n, struct error *err) MUST_USE;
/* These and no others, from now on; sorted by path. */
int inventory_set_manifests(struct inventory *inv, const struct manifest_row *rows, size_t n,
                            struct error *err) MUST_USE;
