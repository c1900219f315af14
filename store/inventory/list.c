#include <stdlib.h>
#include <string.h>

#include "store/inventory/rows.h"

struct mailboxes {
	struct mailbox_row *v;
	size_t n, cap;
};

static int list_mailboxes(struct inventory *inv, struct arena *a, const struct databases *databases,
                          struct mailboxes *ret, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT " ROWS_MAILBOX " FROM mailbox"
	                    " JOIN database ON database.id = mailbox.database"
	                    " ORDER BY database.folded_name, database.id, mailbox.folded_name,"
	                    " mailbox.guid",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct mailbox_row *row;
		if ((r = rows_mailbox(inv, a, q, databases->v, databases->n, &row, err)) < 0)
			return r;
		ARENA_PUSH(a, ret, *row);
	}
	return r;
}

static int by_name(const void *pa, const void *pb) {
	const struct database_row *a = pa, *b = pb;
	int by_folded = strcmp(a->folded, b->folded);

	return by_folded ? by_folded : a->id < b->id ? -1 : 1;
}

/* Both lists stand in the order of the databases' names: the rows are led to the sorted one. */
static struct database_row *sort_databases(struct arena *a, const struct databases *by_id,
                                           struct mailboxes *mailboxes) {
	struct database_row *sorted = ARENA_ARRAY(a, struct database_row, by_id->n);

	if (!by_id->n)
		return sorted;
	memcpy(sorted, by_id->v, by_id->n * sizeof(*sorted));
	qsort(sorted, by_id->n, sizeof(*sorted), by_name);
	for (size_t i = 0, d = 0; i < mailboxes->n; i++) {
		while (sorted[d].id != mailboxes->v[i].database->id)
			d++;
		mailboxes->v[i].database = sorted + d;
	}
	return sorted;
}

int inventory_list(struct inventory *inv, struct arena *a, struct database_row **ret_databases,
                   size_t *ret_n_databases, struct mailbox_row **ret_mailboxes,
                   size_t *ret_n_mailboxes, struct error *err) {
	struct databases databases = { 0 };
	struct mailboxes mailboxes = { 0 };
	bool within = inv->reading;
	int r = within ? OK : sql_exec(inv, "BEGIN", err);

	if (r < 0)
		return r;
	inv->reading = true;
	if ((r = rows_databases(inv, a, &databases, err)) == OK)
		r = list_mailboxes(inv, a, &databases, &mailboxes, err);
	if (!within)
		inventory_end(inv);
	if (r < 0)
		return r;
	*ret_databases = sort_databases(a, &databases, &mailboxes);
	*ret_n_databases = databases.n;
	*ret_mailboxes = mailboxes.v;
	*ret_n_mailboxes = mailboxes.n;
	return OK;
}

int inventory_runs(struct inventory *inv, struct arena *a, int64_t run_id, int64_t most,
                   struct run **ret, size_t *ret_n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct {
		struct run *v;
		size_t n, cap;
	} runs = { 0 };
	int r = sql_prepare(inv,
	                    "SELECT id, started, ended, mode, revision, digest, applied, failed,"
	                    " stale, uncertain, held, not_attempted, outcome, undoes"
	                    " FROM run WHERE ?1 = 0 OR id = ?1 ORDER BY id DESC"
	                    " LIMIT CASE ?2 WHEN 0 THEN -1 ELSE ?2 END",
	                    &q, err);

	if (r < 0)
		return r;
	sql_bind(q, "ii", run_id, most);
	while ((r = sql_row(inv, q, err)) > 0) {
		struct run run = { .id = sql_int(q, 0),
			           .started = sql_int(q, 1),
			           .ended = sql_maybe(q, 2),
			           .mode = sql_text(a, q, 3),
			           .revision = sql_text(a, q, 4),
			           .digest = sql_text(a, q, 5),
			           .applied = sql_int(q, 6),
			           .failed = sql_int(q, 7),
			           .stale = sql_int(q, 8),
			           .uncertain = sql_int(q, 9),
			           .held = sql_int(q, 10),
			           .not_attempted = sql_int(q, 11),
			           .outcome = sql_text(a, q, 12),
			           .undoes = sql_int(q, 13) };
		ARENA_PUSH(a, &runs, run);
	}
	if (r < 0)
		return r;
	*ret = runs.v;
	*ret_n = runs.n;
	return OK;
}
