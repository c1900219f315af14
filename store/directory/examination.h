/*
 * examination -- what a directory says of itself and of what we may do there: facts, for somebody
 * else to judge.
 *
 * Filled by a back-end (directory_examine, directory_examine_user), which reads and never writes.
 * All of it lives in the arena that was given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct examined_texts {
	const char **v;
	size_t n, cap;
};

/* How far one address let us come: connecting, TLS, binding, its root DSE. */
struct examined_address {
	const char *text;  /* "192.0.2.1:636", or the path of a socket */
	const char *fault; /* NULL: all the way */
	bool reached;      /* it answers, though not to who we are */
	bool anonymous;    /* a bind was refused before, and another one might lock the account: it
	                      was asked as nobody */
	int64_t ms;
};

/* What secures a connection. Texts are "" where there is none. */
struct examined_security {
	const char *tls, *cipher; /* "TLS1.3" */
	const char *subject, *issuer;
	int64_t expires;       /* of the certificate; TIMESTAMP_NONE */
	const char *mechanism; /* of SASL */
	int sasl_bits;         /* that it encrypts by; 0: it does not */
	bool local;            /* a socket of this machine */
};

struct examined_server {
	const char *uri;
	const char *fault; /* it has no address */
	struct {
		struct examined_address *v;
		size_t n, cap;
	} addresses;
};

/* The first address that let us all the way in, as it describes itself. */
struct examined_root {
	const char *uri, *address;
	const char *product; /* "Active Directory", "Samba 4.17.12-Debian", "OpenLDAP" ... */
	const char *host;    /* NULL: it names none */
	bool active_directory, read_only, catching_up;
	int64_t clock, here; /* both at once; clock is TIMESTAMP_NONE where it tells none */
	struct examined_security security;
	const char *who;              /* NULL: it does not tell */
	struct examined_texts powers; /* groups we are in that may do anything */
	const char **contexts;
	size_t n_contexts;
	const char *base, *configuration; /* where we look; NULL: it names none, and the config */
	/* Classes of config_classes (reconcile/writes.h) that the schema lacks. */
	bool tells_classes;
	struct examined_texts missing_classes;
};

struct examination {
	/* of a file: */
	const char *file; /* NULL: it is a server */
	bool readable;
	const char *unreadable, *unwritable; /* why not; NULL */
	/* of servers: */
	struct examined_server *servers;
	size_t n_servers;
	const struct examined_root *root; /* NULL: none let us in */
	struct examined_server *catalog;  /* the global catalogue; NULL: the config has none */
};

/* What we may do with one user, and where else he might be. */
struct examined_user {
	struct examined_texts domains_elsewhere; /* of the forest, that the server does not hold */
	bool catalog_asked;                      /* ... but that a global catalogue is asked for */
	const char *dn; /* NULL: there is nobody to be examined, for `why` */
	const char *why;
	bool protected; /* adminCount: AdminSDHolder decides about its rights */
	/* What may be written, as the server says; not told: it has no way to say. */
	bool tells_writable;
	struct examined_texts allowed, writable; /* attributes: of its classes; of ours to write */
	struct examined_texts children;          /* classes that may be created below it */
	unsigned descriptor;                     /* sDRightsEffective */
	/* What may be read, reckoned from its access list; not told: that cannot be read. */
	bool tells_readable;
	struct examined_texts unreadable; /* of the attributes that mbxctl reads */
	bool may_reset, may_delete;       /* its password; itself */
	/* The same of where it stands, and of a configuration object. */
	const char *parent, *object;
	struct examined_texts parent_children, parent_writable, object_writable;
	/* Others whose rights AdminSDHolder decides. */
	size_t n_protected;
	struct examined_texts protected_names; /* a few */
};
