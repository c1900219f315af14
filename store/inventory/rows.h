/*
 * rows -- rows of the tables as the world knows them.
 */
#pragma once

#include "base/timestamp.h"
#include "store/inventory/sql.h"

struct databases {
	struct database_row *v; /* by id */
	size_t n, cap;
};

int rows_databases(struct inventory *inv, struct arena *a, struct databases *ret,
                   struct error *err) MUST_USE;
/* NULL: there is none with this id. */
const struct database_row *rows_database(const struct database_row *v, size_t n, int64_t id);

/* What rows_mailbox() reads, of a `mailbox`; other columns may follow. */
#define ROWS_MAILBOX                                                                               \
	"mailbox.id, mailbox.guid, mailbox.database, mailbox.display_name, mailbox.legacy_dn,"     \
	" mailbox.archive, mailbox.state, mailbox.disconnected, mailbox.kept, mailbox.owner,"      \
	" mailbox.type_detail, mailbox.move_destination, mailbox.last_seen, mailbox.vanished"

int rows_mailbox(struct inventory *inv, struct arena *a, sqlite3_stmt *q,
                 const struct database_row *databases, size_t n, struct mailbox_row **ret,
                 struct error *err) MUST_USE;

enum mailbox_state rows_state(sqlite3_stmt *q, int column);
