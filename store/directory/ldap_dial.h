/*
 * ldap_dial -- a socket to a directory server, or why there is none, in bounded time.
 *
 * libldap would resolve and connect by itself, under a lock of the whole process and without a
 * limit that holds (openldap 2.5, os-ip.c): so it is given a socket that stands.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/error.h"

/* ldap://HOST[:PORT], ldaps://... or ldapi://PATH, taken apart. */
struct ldap_place {
	const char *uri;  /* without what would follow the port */
	bool tls;         /* ldaps */
	const char *host; /* NULL: a local socket */
	const char *port;
	const char *path; /* of the local socket */
};

/* ERR_INVALID: the URI is none of these. */
int ldap_place_parse(struct arena *a, const char *uri, struct ldap_place *ret,
                     struct error *err) MUST_USE;

/* Which of a name's addresses answered: the whole of a pass stays with it. */
struct ldap_peer {
	struct sockaddr_storage address;
	socklen_t len; /* 0: none yet */
};

/* All addresses of the name; of a local socket one without an address. ERR_IO as ldap_dial(). */
int ldap_addresses(struct arena *a, const struct ldap_place *p, int64_t timeout_ms,
                   struct ldap_peer **ret, size_t *ret_n, struct error *err) MUST_USE;

/*
 * Connects to `peer` where one is known, else to the addresses of the name in turn, and tells
 * which it was. The socket blocks, is kept alive, and is not handed on to children. ERR_IO with a
 * sentence: what failed and what to check.
 */
int ldap_dial(const struct ldap_place *p, int64_t timeout_ms, struct ldap_peer *peer, int *ret_fd,
              struct error *err) MUST_USE;
