/*
 * import_parts -- what the import of mailboxes and that of databases have in common.
 */
#pragma once

#include "store/inventory/dates.h"
#include "store/inventory/import.h"
#include "store/inventory/sql.h"

struct import {
	struct inventory *inv;
	struct arena *arena; /* as long as the import */
	struct csv_file csv;
	struct diags *diags;
	size_t faults; /* diagnostics that were there before */
	const struct import_kind *kind;
	struct columns columns;
	void *rows; /* the kind's own */
	const struct import_options *options;
	struct dates dates;
};

/* Mailboxes, or databases. */
struct import_kind {
	const struct column *columns;
	size_t n;
	/* One record: kept for later, or a diagnostic. */
	void (*take)(struct import *im, const struct csv_record *r);
	/*
	 * All of them into the store, in the transaction that is open. May find faults of its
	 * own; then nothing is committed.
	 */
	int (*write)(struct import *im, struct import_report *report, struct error *err);
};
extern const struct import_kind import_mailboxes, import_databases;

bool import_faulty(const struct import *im);
