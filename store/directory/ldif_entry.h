/*
 * ldif_entry -- an entry as it grows, line by line.
 *
 * Every function that returns a text returns NULL, or what is wrong with the line that it was
 * given.
 */
#pragma once

#include "base/arena.h"
#include "store/directory/ldif_line.h"
#include "store/directory/ldif_name.h"
#include "store/directory/ldif_read.h"

/* What the lines of the entry at hand say about it as a whole. */
struct ldif_marks {
	bool user, human, other; /* other: a computer or a contact */
	bool category, category_person;
	bool deleted, has_guid, has_uuid;
	struct guid guid, uuid;
};

struct ldif_builder {
	struct ldif_snapshot *s;
	struct arena *scratch; /* given back now and then: a file may have a million entries */
	struct ldif_record now;
	struct ldif_marks marks;
	struct { /* of the lines that have a range, or a name alone */
		const struct ldif_name **v;
		size_t n, cap;
	} pieces;
	const char *category; /* the last one looked at, and what it was: most are the same */
	bool category_person;
};

void ldif_builder_init(struct ldif_builder *b, struct ldif_snapshot *s);
void ldif_builder_done(struct ldif_builder *b);

const char *ldif_entry_begin(struct ldif_builder *b, const struct ldif_line *l);
const char *ldif_entry_take(struct ldif_builder *b, const struct ldif_name *name,
                            const struct ldif_line *l);
/* There are values of this name that are not known. */
void ldif_entry_lack(struct ldif_builder *b, const struct ldif_name *name);
/* Puts the entry into the snapshot. */
void ldif_entry_finish(struct ldif_builder *b);
