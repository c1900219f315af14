/*
 * import -- takes in an inventory: what Get-MailboxStatistics and Get-MailboxDatabase wrote as CSV.
 *
 * Which of the two a file is shows in its columns. All of a file or nothing: a file with one bad
 * line changes nothing, and all its bad lines are listed with line and column. Encodings: UTF-8
 * with or without BOM, UTF-16LE with BOM; `,` or `;`; a `#TYPE` line may come first.
 */
#pragma once

#include "store/inventory/inventory.h"

struct import_report {
	bool databases; /* the file was one of databases */
	size_t added, changed, unchanged, vanished;
};

/*
 * `label` is how the file is called in messages, `bytes` its whole content. `now` becomes the
 * databases' last import and the rows' last seen. ERR_INVALID: the file was not taken, `diags`
 * says why; ERR_IO: the store could not be written. Rows of the databases that the file covers
 * and that it does not name are marked as vanished. A row without a date that the file shows as
 * connected confirms what mbxctl connected; one with the kept date leaves it so (docs/store.md).
 */
int inventory_import(struct inventory *inv, const char *label, const char *bytes, size_t len,
                     int64_t now, struct import_report *ret, struct diags *diags,
                     struct error *err) MUST_USE;
