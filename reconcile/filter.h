/*
 * filter -- LDAP filters (RFC 4515) evaluated by us, on an entry as it will be.
 *
 * Address lists and email address policies say by a filter (purportedSearch) who belongs to them.
 * The server could only answer for the entry as it is, and the planner asks about the entry after
 * its write. Supported are and, or, not, equality, presence, substrings, >=, <= and the bit rules
 * 1.2.840.113556.1.4.803 and .804 (MS-ADTS 3.1.1.3.4.4); what else a filter may hold is reported
 * as such, never guessed. An attribute that is absent matches nothing (as Active Directory does,
 * its negation matches).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "reconcile/attributes.h"

struct filter;

/* NULL where it cannot be evaluated; *ret_why says why, as the end of a sentence. */
struct filter *filter_parse(struct arena *a, const char *text, const char **ret_why);

/* Calls `name` for every attribute that the filter mentions, folded; doubles included. */
void filter_names(const struct filter *f, void (*name)(void *to, const char *folded), void *to);

/*
 * Says of an attribute that is not of the table of attributes whether its values are numbers. Of
 * one of which nothing is said two values are numbers where both look like it: `007` is `7` then.
 */
void filter_tell(struct filter *f, const char *folded, bool numbers);

/* What the filter is asked of: all values of an attribute, by its folded name and its place in
 * the table of attributes (-1: it is not of the table). */
struct filter_subject {
	const struct value *(*values)(const void *subject, const char *folded, int id,
	                              size_t *ret_n, bool *ret_incomplete);
	const void *subject;
	struct arena *a; /* for what is made on the way */
};

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_UNREADABLE };

/* UNREADABLE where it hangs on an attribute that was not read to its end. */
enum verdict filter_matches(const struct filter *f, const struct filter_subject *s);
