/*
 * ldif_name -- what the name before a colon means. Each spelling is looked at once a file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/hash.h"
#include "store/directory/ldif_line.h"

enum ldif_meaning {
	LDIF_ATTRIBUTE, /* nothing but an attribute */
	LDIF_DN,
	LDIF_CHANGETYPE,
	LDIF_INCLUDE,
	LDIF_VERSION,
	LDIF_OBJECT_CLASS,
	LDIF_OBJECT_CATEGORY,
	LDIF_OBJECT_GUID,
	LDIF_ENTRY_UUID,
	LDIF_IS_DELETED,
	LDIF_DEFAULT_CONTEXT, /* defaultNamingContext of a server */
	LDIF_CONTEXTS,        /* its namingContexts */
	LDIF_SEARCH,          /* ldapsearch's own lines, at the end of a search */
	LDIF_RESULT,
	LDIF_REFERENCE,
	LDIF_PAGE
};

enum { LDIF_RANGE_END = -1, LDIF_RANGE_BROKEN = -2 };

struct ldif_name {
	const char *text;
	size_t len;
	enum ldif_meaning meaning;
	int id;         /* of an attribute of ours, LDIF_OTHER and up, or -1 */
	bool ranged;    /* `;range=low-high` */
	long low, high; /* high: LDIF_RANGE_END for `*` */
	UT_hash_handle hh;
};

struct ldif_snapshot;

struct ldif_names {
	struct arena *arena;
	struct ldif_snapshot *snapshot; /* whose `others` grow; NULL: they do not matter */
	struct ldif_name *table;
};

const struct ldif_name *ldif_name_of(struct ldif_names *t, const struct ldif_line *l);
void ldif_names_done(struct ldif_names *t);
