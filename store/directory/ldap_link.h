/*
 * ldap_link -- one connection to a server, in a thread of its own, and what was asked through it.
 *
 * libldap blocks or spins wherever a peer falls silent, in its "asynchronous" calls too. So one
 * thread owns the handle and nothing else does; the caller keeps a duplicate of the socket and a
 * deadline for every request, and an overdue one ends the connection: shutdown() frees whatever
 * hangs in it. A thread that hangs elsewhere, at a KDC, is left behind.
 *
 * The caller is one thread at a time. A link serves until its connection is lost; then another one
 * is opened.
 */
#pragma once

#include <ldap.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "reconcile/attributes.h"
#include "store/directory/ldap_secured.h"
#include "store/directory/ldap_session.h"

struct ldap_line {
	const char *name; /* with its options */
	struct value value;
};
struct ldap_found {
	const char *dn;
	struct ldap_line *lines;
	size_t n;
};

enum ldap_end {
	LDAP_ASK_OPEN,
	LDAP_ASK_ANSWERED, /* `code` is the server's */
	LDAP_ASK_LOST      /* nobody knows what came of it; `text` says why */
};

/* A request and, once it has ended, its answer. What the caller gave stays as it is until then. */
struct ldap_ask {
	const char *dn; /* the base of a search, or the entry to be modified */
	/* a search: */
	int scope;
	const char *filter;
	const char *const *names; /* of attributes, NULL-ended */
	bool paged;
	bool access_list;    /* of nTSecurityDescriptor, who may do what, and nothing else of it */
	bool here;           /* it shall not refer us to other domains (MS-ADTS 3.1.1.3.4.1.4) */
	struct value cookie; /* of the page before; empty: the first */
	/* a modification: */
	LDAPMod **mods;
	/* "Who am I?" (RFC 4532): */
	bool whoami;
	/* the answer, in `arena`: */
	enum ldap_end end;
	int code;
	const char *text; /* the server's own words, or why it was lost; "" */
	bool referred;    /* it pointed elsewhere: what it gave is not all */
	struct value next_cookie;
	const char *who; /* "dn:..." or "u:..."; NULL: nobody asked */
	struct {
		struct ldap_found *v;
		size_t n, cap;
	} found;
	struct arena *arena; /* the caller's, who frees it; NULL until answered */
	/* the link's own: */
	int64_t deadline;
	struct ldap_ask *next;
};

struct ldap_link;

/* Connects, secures, binds. ERR_IO, ERR_INVALID with a sentence; nothing is left then. */
int ldap_link_open(const struct ldap_target *t, struct ldap_peer *peer, struct ldap_link **ret,
                   struct error *err) MUST_USE;
/* NULL is fine; returns NULL. Whatever is open is lost. */
struct ldap_link *ldap_link_close(struct ldap_link *l);

/* The ask is the link's until ldap_link_wait() returns it. */
void ldap_link_send(struct ldap_link *l, struct ldap_ask *ask);
/* The next that has ended, in whatever order; never later than its deadline and a second. NULL:
 * nothing was asked. */
struct ldap_ask *ldap_link_wait(struct ldap_link *l);

/* Both, where nothing else is open. */
void ldap_link_ask(struct ldap_link *l, struct ldap_ask *ask);

/* Why an ask that has ended brought no whole answer, as a sentence in `a`; NULL: it did. */
const char *ldap_ask_fault(struct arena *a, const struct ldap_link *l, const struct ldap_ask *ask);

/* Are we nobody in particular to the server? */
bool ldap_link_is_nobody(const struct ldap_link *l);

/* Was it lost because an answer did not come in time? */
bool ldap_link_silent(struct ldap_link *l);
/* From now on no answer is waited for any longer than this. */
void ldap_link_hurry(struct ldap_link *l, int64_t timeout_ms);

/* Was it bound with a ticket of which half the time is gone? Then another should be opened. */
bool ldap_link_stale(struct ldap_link *l);
/* There is no other: it is stale again when half of what is left is gone, too. */
void ldap_link_make_do(struct ldap_link *l);

/* Why the connection is gone; NULL while it stands. */
const char *ldap_link_lost(struct ldap_link *l);

/* What secures it; as long as the link, and filled where the target asked for it. */
const struct ldap_secured *ldap_link_secured(const struct ldap_link *l);
