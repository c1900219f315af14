/*
 * ldap_session -- from a connected socket to a handle that is bound: TLS, then who we are.
 *
 * For the thread that owns the connection: each step may block for as long as the peer is silent,
 * or spin (libldap 2.5 does in a handshake), until somebody else shuts the socket down.
 */
#pragma once

#include <ldap.h>

#include "base/error.h"
#include "spec/config.h"
#include "store/directory/ldap_dial.h"

/* Which server, and as whom. Borrowed; nothing secret stands in it. */
struct ldap_target {
	struct ldap_place place;
	struct bind_config bind;
	struct tls_config tls;
	int64_t timeout_ms; /* of each request; connecting and binding too */
	bool tells;         /* it is to be said what secures the connection */
};

/*
 * What cannot be done with this target, whatever the server: a password that the network would
 * see, a secret that others may read. Asks nobody.
 */
int ldap_target_check(const struct ldap_target *t, struct error *err) MUST_USE;

/* Takes the socket. A sentence says which server, what failed, and what to check. */
int ldap_session_open(const struct ldap_target *t, int fd, LDAP **ret, struct error *err) MUST_USE;
