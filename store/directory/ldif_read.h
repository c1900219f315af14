/*
 * ldif_read -- an LDIF file as entries, as it was when it was read.
 *
 * Reads what ldapsearch, slapcat and ldifde write. The first mistake ends it, with its line: half
 * of a directory would read as "there is none".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/guid.h"
#include "base/hash.h"
#include "reconcile/attributes.h"
#include "store/directory/ldif_file.h"

/* What a field is that is no attribute of ours. */
enum { LDIF_CLASS = ATTR_COUNT, LDIF_OTHER };

/* One value, of an attribute of ours, of objectClass, or (from LDIF_OTHER on) of one of `others`.
 */
struct ldif_field {
	const char *data; /* NULL: there are values that the file does not give */
	uint32_t len;
	uint16_t id;
};

struct ldif_record {
	size_t start, end; /* its bytes in the file, from `dn:` to the end of its last line */
	int line;
	bool object;  /* no tombstone, and not what a server says of itself */
	bool person;  /* a user: no contact and no computer */
	bool partial; /* some field has no data */
	bool copy;    /* a global catalogue's: it may have attributes that are not here */
	struct guid guid;
	const char *dn, *normal;
	size_t first, n; /* its fields */
	UT_hash_handle by_dn, by_guid;
};

/* A domain of the forest of which the file holds nothing. */
struct ldif_gap {
	const char *dn, *normal;
	const char *configuration; /* normal */
	const char *why;     /* nobody else was asked for it; NULL: nothing is to be said of that */
	bool archives_alone; /* all but who has an archive is known of it */
};

struct ldif_snapshot {
	const char *called;      /* what messages call it: "the file", or a server */
	struct ldif_bytes bytes; /* decoded in place: no longer what stands in the file */
	struct arena *arena;
	struct ldif_record *records; /* in the order of the file */
	size_t n, cap;
	struct ldif_field *fields;
	size_t n_fields, cap_fields;
	struct ldif_record *by_dn, *by_guid;
	struct {
		const char **v;
		size_t n, cap;
	} others;         /* folded names of attributes that only filters may ask about */
	const char *base; /* where the directory begins; NULL: it does not say */
	struct {
		struct ldif_gap *v;
		size_t n, cap;
	} gaps;
};

/* ERR_IO, ERR_INVALID. `file` is what errors call it; with `digest` the stamp gets one. */
int ldif_read(const char *path, const char *file, bool digest, struct ldif_snapshot **ret,
              struct error *err) MUST_USE;
struct ldif_snapshot *ldif_snapshot_free(struct ldif_snapshot *s); /* NULL is fine */

/* By entry.identity; NULL where there is no such object. */
const struct ldif_record *ldif_by_identity(const struct ldif_snapshot *s, const char *identity);

/* All values that a record has of an attribute, in the order of the file. */
size_t ldif_values(const struct ldif_snapshot *s, const struct ldif_record *r, uint16_t id,
                   struct arena *a, struct value **ret);
