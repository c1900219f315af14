/*
 * ldif_line -- what one line of an LDIF file says: a name and a value.
 *
 * libldap unfolds and decodes; what it would fetch, drop or guess is refused before it sees it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/guid.h"
#include "reconcile/attributes.h"

struct ldif_line {
	const char *name; /* with its options, as written */
	size_t name_len;
	struct value value;
};

/*
 * Decodes in place: `text[len]` is overwritten unless the line ends in a line break. Returns NULL
 * or what is wrong with the line, and *ret is untouched.
 */
const char *ldif_line_decode(char *text, size_t len, struct ldif_line *ret);

/*
 * A value of an attribute of ours, as its bytes: some tools print a GUID or a SID as text. Returns
 * NULL or what is wrong with it.
 */
const char *ldif_line_value(struct arena *a, enum attribute id, struct value v, struct value *ret);

/* The 16 bytes of a GUID, or its text. */
bool ldif_line_guid(struct value v, struct guid *ret);

/* Is it this name, case and options aside? */
bool ldif_line_named(const struct ldif_line *l, const char *name);
