/*
 * ldap_examine -- servers and what they let us do, as facts (examination.h).
 *
 * Private to the LDAP back-end.
 */
#pragma once

#include "store/directory/examination.h"
#include "store/directory/ldap_server.h"

/*
 * Every address of every server and of the global catalogue (NULL: none), by connections of its
 * own. A password that was refused is not tried again: most directories lock an account after a
 * few times.
 */
void ldap_examine(const struct ldap_target *targets, size_t n, const struct ldap_target *catalog,
                  struct arena *a, struct examination *ret);

/* Of the connection's server, as it describes itself; false with the reason where it does not. */
bool ldap_examine_root(struct ldap_link *l, struct arena *a, struct examined_root *ret,
                       const char **ret_why);

/* directory_examine_user(); `base`: where people are. */
void ldap_examine_user(struct ldap_link *l, const struct ldap_server *s, const char *base,
                       struct arena *a, const char *dn, const char *object,
                       struct examined_user *ret);

/* ---- asking, for ldap_examine*.c ------------------------------------------------------------- */

/* Who we are: our own SID and those of our groups; none where the server does not tell. */
size_t ldap_examine_sids(struct ldap_link *l, struct arena *a, struct value **ret);

/* The values of an attribute of what an ask found first; as many as ret_n. In the ask's arena. */
const struct value *ldap_examine_values(struct arena *a, const struct ldap_ask *ask,
                                        const char *name, size_t *ret_n);
/* The first as text; NULL. */
const char *ldap_examine_text(const struct ldap_ask *ask, const char *name);
