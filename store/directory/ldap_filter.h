/*
 * ldap_filter -- a key as the filter that finds whoever it may mean.
 *
 * Pure. A filter may find more than the key means (a server trims blanks, or compares without
 * accents): what it finds is compared again by the key's own rule. It may not find less.
 */
#pragma once

#include "reconcile/world.h"
#include "store/directory/ldap_server.h"

/* An RFC 4515 filter, every value escaped by libldap; NULL: on this server nobody can have it. */
const char *ldap_filter_of(struct arena *a, const struct ldap_server *s, struct key key);

/* Where a server may keep a key's DN apart from the one that is meant: by whose name it is looked
 * for besides. NULL: that is not so. */
const char *ldap_filter_of_dn(struct arena *a, const struct ldap_server *s, const char *dn);

/* Whoever may be a user: what is no user is left out afterwards. */
const char *ldap_filter_people(const struct ldap_server *s);

/* Everybody whom a key other than KEY_CLASS may mean. */
const char *ldap_filter_anybody(struct arena *a, const struct ldap_server *s);
