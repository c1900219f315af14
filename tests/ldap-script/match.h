/*
 * match -- is this the request that a statement expects?
 *
 * A part that the statement does not name does not matter. Those of one name that it does name
 * must all be there, in their order, and no more; `none` stands for none of them.
 */
#pragma once

#include "tests/ldap-script/request.h"

/* Requests that were called `as=NAME`. */
struct label {
	const char *name;
	ber_int_t id;
	ber_tag_t answer;
};
struct labels {
	struct label *v;
	size_t n, cap;
};
const struct label *label_find(const struct labels *labels, const char *name);

/* NULL: it is. Else what differs, for people. */
const char *match(struct arena *a, const struct statement *s, const struct request *r,
                  const struct labels *labels);
