/*
 * ldap_dn -- a DN as Active Directory and people write it.
 *
 * OpenLDAP writes `cn=Evans\2C Mary,ou=Staff`, whatever somebody wrote there; the same entry is
 * `CN=Evans\, Mary,OU=Staff` elsewhere. Both are RFC 4514, and a plan looks the same over both.
 */
#pragma once

#include "base/arena.h"

/* A copy: types in capitals; of what is escaped, letters as themselves and signs behind a `\`. */
char *ldap_dn_tidy(struct arena *a, const char *dn, size_t len);
