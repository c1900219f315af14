/*
 * ldap_tls -- TLS for one handle: 1.2 at least, a certificate demanded and its name checked.
 */
#pragma once

#include "store/directory/ldap_session.h"

/* TLS 1.3 and 1.2 and nothing older, as GnuTLS takes it. */
#define LDAP_TLS_VERSIONS "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* Do the files hold what they are to hold? ERR_INVALID with a sentence. Asks nobody. */
int ldap_tls_check(const struct tls_config *tls, struct error *err) MUST_USE;

/* The handshake, by StartTLS where tls.mode says so. ERR_IO, ERR_INVALID with a sentence. */
int ldap_tls_start(LDAP *ld, const struct ldap_target *t, struct error *err) MUST_USE;
