/*
 * ldap_tls_why -- why a handshake failed, in words that say what to check.
 *
 * libldap decides, and says "(unknown error code)" of most of it where it speaks TLS by GnuTLS. So
 * the server is asked once more by GnuTLS itself, for its certificate and nothing else: nothing
 * secret is sent, and whatever comes out, the connection has failed.
 */
#pragma once

#include "base/arena.h"
#include "store/directory/ldap_session.h"

/* The end of a sentence in `a`, or NULL: no reason shows. Takes no longer than `patience_ms`, which
 * is what the failed connection left of its time. */
const char *ldap_tls_why(struct arena *a, const struct ldap_target *t, const char *ca_file,
                         int64_t patience_ms);
