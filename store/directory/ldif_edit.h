/*
 * ldif_edit -- what a window makes of the entries: decided here, written by ldif_write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/directory/directory.h"
#include "store/directory/ldif_read.h"

/* All values that an attribute shall have. */
struct ldif_set {
	enum attribute id;
	const struct value *values;
	size_t n;
};

struct ldif_edit {
	bool writes; /* something of it is not there yet */
	struct {
		struct ldif_set *v;
		size_t n, cap;
	} sets;
};

struct ldif_edits {
	const struct ldif_snapshot *s;
	struct arena *arena;
	struct ldif_edit **of; /* one for each record of the snapshot; NULL: left alone */
};

void ldif_edits_init(struct ldif_edits *e, const struct ldif_snapshot *s, struct arena *a);

/*
 * Takes a modification up, on condition that the entry, as those before leave it, is as it says:
 * outcome APPLIED, or STALE with a message in `a`.
 */
void ldif_edits_add(struct ldif_edits *e, struct arena *a, struct modification *m);

/* Compares what was taken up with what is there. Is there anything to write? */
bool ldif_edits_settle(struct ldif_edits *e);

/* Is the value one of these, byte for byte? */
bool ldif_has_value(const struct value *v, size_t n, struct value x);

/*
 * Does a value that is there stay? It does where the set names it, in these letters or others: a
 * value may stand in a file twice. It goes where the set wants it in letters that are not there.
 */
bool ldif_set_keeps(const struct ldif_set *set, const struct value *there, size_t n,
                    struct value x);

/* Is there nothing to write for the set? */
bool ldif_set_met(const struct ldif_set *set, const struct value *there, size_t n);

/* Does a file that was written by them say all that they say, and else what it said before? */
bool ldif_edits_done(const struct ldif_edits *e, const struct ldif_snapshot *written);
