/*
 * tls -- the server's side of TLS over a wire (GnuTLS), as long as the connection lives.
 */
#pragma once

#include "tests/ldap-script/wire.h"

struct tls_how {
	const char *cert, *key; /* PEM files */
	const char *ca;         /* of clients' certificates, PEM; or NULL */
	const char *client;     /* "ask" or "require" a certificate; or NULL */
	const char *priority;   /* GnuTLS's priority string, or NULL */
};

/* The whole handshake. From then on all goes through TLS; *ret_why says why not. */
enum wire tls_accept(struct wire_end *w, const struct tls_how *how, const char **ret_why);
