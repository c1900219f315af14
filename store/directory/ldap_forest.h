/*
 * ldap_forest -- the domains of the forest that a server does not hold.
 *
 * That nobody has something is known only where everybody was asked.
 */
#pragma once

#include "store/directory/ldap_fetch.h"

/* Fills in gaps, in `a`. ERR_IO: it cannot be told, for what the text says. */
int ldap_forest(struct ldap_reader *r, struct arena *a, struct error *err) MUST_USE;
