/*
 * dn -- distinguished names (RFC 4514): compared, taken apart, never pasted together by hand.
 *
 * libldap's pure DN functions do the parsing; this is the one file below
 * `store` that includes <ldap.h>, and it opens nothing.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/*
 * The form in which two spellings of one DN are equal: types in lower case,
 * values folded, blanks and escapes as RFC 4514 writes them. NULL where the
 * text is no DN (an empty text is none either).
 */
char *dn_normal(struct arena *a, const char *dn);
bool dn_same(const char *a, const char *b);

/* The value of the first component, unescaped: `John Evans`. NULL where there is none. */
char *dn_name(struct arena *a, const char *dn);

/* The DN one above, as written; NULL at the top. */
char *dn_parent(struct arena *a, const char *dn);

/* Is `dn` the base itself or something below it? Both normal. */
bool dn_below(const char *dn, const char *base);

/* `contoso.com` of `CN=John,OU=Staff,DC=contoso,DC=com`; NULL where it has no DC. */
char *dn_domain(struct arena *a, const char *dn);

/* `contoso.com/Staff/John` (MS-ADTS 3.1.1.4.5.2), `/` in a name written `\/`; NULL without DC. */
char *dn_canonical(struct arena *a, const char *dn);
