/*
 * schema -- the tables of a store: made on first use, brought up to date by what writes.
 */
#pragma once

#include "store/inventory/sql.h"

enum {
	SCHEMA_APPLICATION = 0x4d425843, /* "MBXC", at byte 68 of the file */
	SCHEMA_VERSION = 4
};

/* In one transaction. What another process has made in the meantime is left as it is. */
int schema_create(struct inventory *inv, struct error *err) MUST_USE;

/*
 * Copies the file to PATH.v<from> beside it, then runs steps[from] to steps[to - 1] in one
 * transaction: steps[n] is the SQL that makes version n + 1 of version n.
 */
int schema_migrate(struct inventory *inv, int from, int to, const char *const *steps,
                   struct error *err) MUST_USE;
extern const char *const schema_steps[SCHEMA_VERSION];
