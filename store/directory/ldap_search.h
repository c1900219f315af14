/*
 * ldap_search -- keys as searches: sent some at a time, asked for less where it was too much, and
 * a reason on every key whose answer is not whole.
 *
 * Private to ldap_fetch.
 */
#pragma once

#include "reconcile/world.h"
#include "store/directory/ldap_catch.h"
#include "store/directory/ldap_server.h"

/* A key, and what has become of it. */
struct lookup {
	struct key key;
	const char *filter;     /* NULL: nobody can have it */
	const char *code, *why; /* it is unknown; NULL: it is not */
};

struct search_queue {
	struct search *first, *last;
};

struct searching {
	struct ldap_link *link;
	const struct ldap_server *server;
	struct arena *a;
	struct ldap_catch *into;            /* what they find */
	const char *const *names;           /* of the attributes that are asked for */
	struct search_queue waiting, alone; /* alone: page after page, nothing beside it */
};

/* One filter for all of them, below the base; NULL: below every base where somebody may be. */
void search_batch(struct searching *f, struct lookup *first, size_t n, bool people,
                  const char *base, bool alone);

/* The person whose DN the key is. */
void search_dn(struct searching *f, struct lookup *l);

/* Runs what waits, to its end. */
void search_run(struct searching *f);

/*
 * Everybody below a base, with nothing waiting. Stops where more than so many are found; false
 * where it did, or not all could be read.
 */
bool search_everybody(struct searching *f, const char *base, size_t most);
