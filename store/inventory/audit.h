/*
 * audit -- the table of changes, in which no row can be altered without all later ones showing it.
 *
 * Each row carries a SHA-256 of the row before it and of its own content (docs/store.md).
 */
#pragma once

#include "store/inventory/sql.h"

struct audit {
	struct inventory *inv;
	sqlite3_stmt *insert;
	int64_t last;   /* id of the last row */
	char chain[65]; /* of the last row; "" where there is none */
};

/* Within a transaction that writes. Declared with CLEANUP(audit_done). */
int audit_init(struct audit *t, struct inventory *inv, struct error *err) MUST_USE;
void audit_done(struct audit *t);

/* Takes everything but the id from `row`. */
int audit_add(struct audit *t, const struct audit_row *row, struct error *err) MUST_USE;
