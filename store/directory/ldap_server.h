/*
 * ldap_server -- what a server says of itself: where its entries are and what it can be asked.
 *
 * Read from the root DSE (RFC 4512, 5.1) and the subschema (4.2). Active Directory's has no
 * matching rules; whoever may not see it is taken to see a server that knows every attribute.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "reconcile/attributes.h"
#include "store/directory/ldap_link.h"

struct ldap_type {
	const char *name, *syntax; /* name: folded; syntax: an OID, or NULL */
};

struct ldap_server {
	const char *base; /* the default naming context, else the first; NULL: it has none */
	const char *configuration; /* NULL where it names none */
	const char *schema;        /* where its schema is as entries; NULL likewise */
	const char **contexts;     /* all in which somebody may be */
	size_t n_contexts;
	bool active_directory; /* Samba too: people have a category */
	bool object_guid;      /* may stand in an entry; else entryUUID alone does */
	bool has_schema;       /* it was read; else every attribute is taken to be known */
	bool domain_scope;     /* it can be told to refer nobody elsewhere */
	/* Of the attributes: may an entry have it, and can it be searched for by value? */
	bool known[ATTR_COUNT], searchable[ATTR_COUNT];
	/* All of its schema, by every name of each. */
	struct ldap_type *types;
	size_t n_types;
};

int ldap_server_read(struct ldap_link *l, struct arena *a, struct ldap_server *ret,
                     struct error *err) MUST_USE;

/* Does the global catalogue have the attribute (MS-ADTS 3.1.1.2.3, the partial attribute set)? Also
 * where the schema does not say. */
bool ldap_server_catalogs(struct ldap_link *l, const struct ldap_server *s, enum attribute id);

/* Is there such an entry? ERR_INVALID with a sentence where there is none. `what` names the
 * config's field. */
int ldap_server_has(struct ldap_link *l, const char *dn, const char *what,
                    struct error *err) MUST_USE;
