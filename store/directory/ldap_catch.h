/*
 * ldap_catch -- the entries that searches brought, as a snapshot that keys are answered from.
 *
 * An entry is taken as its lines in an LDIF file would be: both back-ends find by the same rules.
 * The same entry may come by several searches: the first is taken.
 */
#pragma once

#include "store/directory/ldap_link.h"
#include "store/directory/ldif_entry.h"

struct ldap_catch {
	struct ldif_snapshot *snapshot;
	struct ldif_names names;
	struct ldif_builder builder;
	bool tidy;   /* DNs */
	bool copies; /* what is taken from now on is a global catalogue's */
	struct {     /* of the answers, whose bytes the snapshot points into */
		struct arena **v;
		size_t n, cap;
	} arenas;
};

/* `tidy`: DNs are not as people write them (ldap_dn.h). */
struct ldap_catch *ldap_catch_new(bool tidy);
struct ldap_catch *ldap_catch_free(struct ldap_catch *c); /* NULL is fine; returns NULL */

/*
 * Takes all that an answer found, and its arena. An attribute of which the server gave only a
 * range is read to its end through the link; where that fails it stays incomplete.
 */
void ldap_catch_take(struct ldap_catch *c, struct ldap_link *l, struct ldap_ask *answer);

/* To be called when all are taken, before anything is looked up in the snapshot. */
void ldap_catch_settle(struct ldap_catch *c);

/* How many there are. */
size_t ldap_catch_count(const struct ldap_catch *c);
