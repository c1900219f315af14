#include "store/inventory/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int rows_databases(struct inventory *inv, struct arena *a, struct databases *ret,
                   struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT id, guid, name, folded_name, dn, server, retention, imported"
	                    " FROM database ORDER BY id",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct database_row d = { .id = sql_int(q, 0),
			                  .guid = sql_guid(q, 1),
			                  .name = sql_text(a, q, 2),
			                  .folded = sql_text(a, q, 3),
			                  .dn = sql_text(a, q, 4),
			                  .server = sql_text(a, q, 5),
			                  .retention = sql_int(q, 6),
			                  .imported = sql_maybe(q, 7) };
		ARENA_PUSH(a, ret, d);
	}
	return r;
}

static int by_id(const void *key, const void *element) {
	const int64_t *id = key;
	const struct database_row *d = element;

	return *id < d->id ? -1 : *id > d->id;
}

const struct database_row *rows_database(const struct database_row *v, size_t n, int64_t id) {
	return n ? bsearch(&id, v, n, sizeof(*v), by_id) : NULL;
}

enum mailbox_state rows_state(sqlite3_stmt *q, int column) {
	const char *text = (const char *)sqlite3_column_text(q, column);

	for (int i = MAILBOX_CONNECTED; i < MAILBOX_SOFT_DELETED; i++)
		if (text && strcmp(text, mailbox_state_names[i]) == 0)
			return (enum mailbox_state)i;
	return MAILBOX_SOFT_DELETED;
}

int rows_mailbox(struct inventory *inv, struct arena *a, sqlite3_stmt *q,
                 const struct database_row *databases, size_t n, struct mailbox_row **ret,
                 struct error *err) {
	const struct database_row *d = rows_database(databases, n, sql_int(q, 2));

	if (!d)
		return error_set(err, ERR_INVALID,
		                 "the store %s is damaged: the database of mailbox row %" PRId64
		                 " is missing",
		                 inv->path, sql_int(q, 0));
	struct mailbox_row *row = ARENA_NEW(a, struct mailbox_row);
	*row = (struct mailbox_row){ .id = sql_int(q, 0),
		                     .guid = sql_guid(q, 1),
		                     .database = d,
		                     .display_name = sql_text(a, q, 3),
		                     .legacy_dn = sql_text(a, q, 4),
		                     .archive = sql_int(q, 5) != 0,
		                     .state = rows_state(q, 6),
		                     .disconnected = sql_maybe(q, 7),
		                     .kept = sql_maybe(q, 8),
		                     .owner = sql_guid(q, 9),
		                     .type_detail = sql_text(a, q, 10),
		                     .move_destination = sql_int(q, 11) != 0,
		                     .last_seen = sql_maybe(q, 12),
		                     .vanished = sql_maybe(q, 13) };
	if (row->vanished == TIMESTAMP_NONE)
		row->last_seen = d->imported;
	*ret = row;
	return OK;
}
