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

/* With all that it borrows, in `a`. */
struct ldap_target ldap_target_copy(struct arena *a, const struct ldap_target *t);

/*
 * What cannot be done with this target, whatever the server: a password that the network would
 * see, a secret that others may read. Asks nobody.
 */
int ldap_target_check(const struct ldap_target *t, struct error *err) MUST_USE;

/* Do we bind as nobody in particular? */
bool ldap_target_is_nobody(const struct ldap_target *t);

/* Is told whom the thread waits for where that is not the server: "the KDC of CONTOSO.COM", and
 * "" afterwards. */
struct ldap_watch {
	void (*tell)(void *data, const char *whom);
	void *data;
};
void ldap_watch_tell(const struct ldap_watch *watch, const char *whom);

struct ldap_session {
	LDAP *ld;
	int64_t last_ms; /* for how long the ticket is good by which it is bound; 0: for ever */
};

/* Takes the socket. A sentence says which server, what failed, and what to check. ERR_INVALID: it
 * would fail with every server. */
int ldap_session_open(const struct ldap_target *t, int fd, const struct ldap_watch *watch,
                      struct ldap_session *ret, struct error *err) MUST_USE;

/* For a way to bind: why it failed, as a sentence that ends with what to do (`advised`: begins with
 * "; ", or is empty). `who`: NULL is nobody in particular. Returns the code of `err`. */
int ldap_session_bind_failed(LDAP *ld, int code, const struct ldap_target *t, const char *who,
                             const char *advised, struct error *err);
