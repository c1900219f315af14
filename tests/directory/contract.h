/*
 * contract -- what every back-end of a directory does alike: finding, and carrying out a window.
 *
 * A row gives the directory as LDIF; the back-end under test is set up with it by `open`.
 */
#pragma once

#include "store/directory/directory.h"
#include "tests/test.h"

struct contract {
	/* A directory that holds what the LDIF says, and nothing begun. */
	struct directory *(*open)(void *self, const char *ldif, const char *base,
	                          const char *configuration);
	void (*close)(void *self, struct directory *d);
	void *self;
	bool asks_for_base; /* a base that is not there is told, not searched in vain */
};

/* Each runs its rows, one a test, and returns how many failed. */
int contract_find(const struct contract *c);
int contract_apply(const struct contract *c);

/* What a test of a row is given. */
struct contract_test {
	const struct contract *contract;
	const void *row;
};
