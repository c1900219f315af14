/*
 * ldap_secured -- what secures a connection that stands: for people, nothing is decided by it.
 */
#pragma once

#include <ldap.h>
#include <stdint.h>

/* Texts are "" where there is none. */
struct ldap_secured {
	char tls[16], cipher[64];       /* "TLS1.3" */
	char subject[256], issuer[256]; /* of the server's certificate */
	int64_t expires;                /* TIMESTAMP_NONE */
	int sasl_bits;                  /* that SASL encrypts by */
};

/* For the thread that owns the handle. */
void ldap_secured_read(LDAP *ld, struct ldap_secured *ret);
