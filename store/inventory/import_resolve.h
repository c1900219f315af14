/*
 * import_resolve -- which database a row of a mailbox file belongs to.
 */
#pragma once

#include "reconcile/world.h"
#include "store/inventory/import_parts.h"

struct named_database {
	struct database_row row; /* id 0: no file has told of it before */
	bool covered;            /* the file has a row of it */
};

struct resolver {
	struct import *im;
	struct named_database *v;
	size_t n, cap;
	struct asked *asked; /* every text that the file has, with its answer */
};

/* Declared with CLEANUP(resolver_done). */
int resolver_init(struct resolver *r, struct import *im, struct error *err) MUST_USE;
void resolver_done(struct resolver *r);

/*
 * The index in `v` of the database with this name, GUID or DN; one that is unknown by its name is
 * a new one. `server` decides between several of a name. False: *ret_code and *ret_why say why.
 */
bool resolver_find(struct resolver *r, const char *text, const char *server, size_t *ret,
                   const char **ret_code, const char **ret_why);
