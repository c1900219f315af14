/*
 * import -- takes in an inventory: what Get-MailboxStatistics and Get-MailboxDatabase wrote as CSV
 * or JSON.
 *
 * Which of the two a file is shows in its columns, and JSON begins with a bracket. All of a file
 * or nothing: a file with one bad line changes nothing, and all its bad lines are listed with line
 * and column (of JSON, the records with number and name). Encodings: UTF-8 with or without BOM,
 * UTF-16LE with BOM; `,` or `;`; a `#TYPE` line may come first.
 */
#pragma once

#include "store/inventory/inventory.h"

/* In which order a date such as 11/1/2026 has its parts. ANY: what the file's other dates say. */
enum date_order { DATE_ORDER_ANY, DATE_ORDER_YMD, DATE_ORDER_DMY, DATE_ORDER_MDY };
extern const char *const date_order_names[]; /* by enum, "" for ANY; NULL-ended */

struct import_options {
	int64_t now; /* becomes the databases' last import and the rows' last seen */
	enum date_order date_order;
	/*
	 * Of dates that name none: a name of the IANA database; NULL: UTC. For the call it is the
	 * process's own: no other thread may ask for local time or change the environment.
	 */
	const char *time_zone;
	bool prune; /* removes what has vanished from the databases that the file covers */
};
bool import_time_zone_known(const char *name);

struct import_report {
	bool databases;                                     /* the file was one of databases */
	size_t added, changed, unchanged, vanished, pruned; /* pruned: some vanished just now */
};

/*
 * `label` is how the file is called in messages, `bytes` its whole content. ERR_INVALID: the file
 * was not taken, `diags` says why; ERR_IO: the store could not be written. Rows of the databases
 * that the file covers and that it does not name are marked as vanished. A row without a date that
 * the file shows as connected confirms what mbxctl connected; one with the kept date leaves it so
 * (docs/store.md). Neither these nor what an open intent is about is ever pruned.
 */
int inventory_import(struct inventory *inv, const char *label, const char *bytes, size_t len,
                     const struct import_options *options, struct import_report *ret,
                     struct diags *diags, struct error *err) MUST_USE;
