/*
 * ldap_sasl -- the bind by Kerberos: GSS-SPNEGO where both sides have it, else GSSAPI.
 *
 * On a clear connection whatever follows is signed and sealed, or there is no bind; inside TLS it
 * is neither, as Active Directory will have it (MS-ADTS 5.1.1.1.2).
 */
#pragma once

#include "store/directory/ldap_session.h"

/* Less is refused on a clear connection: what only signs has 1, and DES, the weakest that
 * encrypts, 56. */
enum { LDAP_SASL_STRENGTH = 56 };

/* Is there a plug-in of SASL for it? ERR_INVALID with the name of its package. Asks nobody. */
int ldap_sasl_check(struct error *err) MUST_USE;

/* Gets tickets and binds with them. The fourth says for how long they last. */
int ldap_sasl_bind_kerberos(LDAP *ld, const struct ldap_target *t, const struct ldap_watch *watch,
                            int64_t *ret_last_ms, struct error *err) MUST_USE;
