/*
 * rulebook -- what the organisation's configuration says about every recipient, read once.
 *
 * Email address policies, address lists, the schema: few objects, whose filters are parsed once
 * for all connections. Private to reconcile/, but for survey's use of rulebook_ask().
 */
#pragma once

#include "reconcile/filter.h"
#include "reconcile/world.h"

/* An object with a purportedSearch. */
struct recipient_rule {
	const struct entry *object;
	struct filter *filter; /* NULL: it cannot be evaluated, for `why` */
	const char *why;
};

struct rulebook {
	struct recipient_rule
	        *policies;            /* email address policies, in the order of their priority */
	struct recipient_rule *lists; /* address lists and global address lists, by DN */
	size_t n_policies, n_lists;
	bool has_schema; /* the directory shows one; else it is taken to have every attribute */
	bool attribute_known[ATTR_COUNT];
};

/*
 * Puts what it needs into `needs`; once all of it is answered, makes the rulebook and tells the
 * world which attributes its filters ask about. True when that is done. To be called before the
 * first connection is planned.
 */
bool rulebook_ask(struct world *w, struct keys *needs);
