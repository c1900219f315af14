/*
 * ldap_fetch -- keys answered by searches: as few as will do, none of them trusted half.
 *
 * Few keys are looked up in batches, several searches outstanding; many with one paged sweep over
 * everybody, which is kept for as long as the caller wants what it found. Which of the two it was
 * does not show in the answers.
 */
#pragma once

#include "reconcile/world.h"
#include "store/directory/ldap_catch.h"
#include "store/directory/ldap_server.h"
#include "store/directory/ldif_find.h"

struct ldap_reader {
	struct ldap_link *link; /* NULL: none can be had, for `why` */
	const char *why;
	const struct ldap_server *server;
	const char *base, *configuration; /* where to search; NULL: everywhere */
	struct ldif_scope scope;          /* the same, normal */
	struct ldif_gap *gaps;            /* domains of the forest that this server does not hold */
	size_t n_gaps;
	/* Of the gaps, where a global catalogue is asked for them; NULL: none is. */
	struct ldap_link *catalog;
	const struct ldap_server *catalog_server; /* its contexts are the gaps */
	struct ldap_catch *swept; /* everybody, once there was a sweep; the caller's to free */
	bool no_sweep;            /* it was tried, and the server does not give everybody */
};

/* Answers every key of the directory's, in the world; those that fail are unknown there. */
void ldap_fetch(struct ldap_reader *r, const struct keys *keys, struct world *w);
