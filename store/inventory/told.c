/* Released connections that somebody was told of. */
#include "base/text.h"
#include "store/inventory/sql.h"

static int mark(struct inventory *inv, sqlite3_stmt *q, const struct released *released,
                int64_t now, struct error *err) {
	struct arena *a = arena_new();
	int r = sql_run(inv, q, err, "ssi", text_fold(a, released->manifest),
	                text_fold(a, released->name), now);

	arena_free(a);
	return r;
}

int inventory_mark_told(struct inventory *inv, const struct released *released, size_t n,
                        int64_t now, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r;

	if (!n)
		return OK;
	if ((r = txn_begin(inv, &txn, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "INSERT INTO condition (manifest, name, released)"
	                     " SELECT manifest, name, ?3 FROM applied"
	                     " WHERE manifest = ?1 AND name = ?2"
	                     " ON CONFLICT (manifest, name) DO UPDATE SET"
	                     " released = excluded.released WHERE released IS NULL",
	                     &q, err)) < 0)
		return r;
	for (size_t i = 0; i < n && r == OK; i++)
		r = mark(inv, q, released + i, now, err);
	return r < 0 ? r : txn_commit(&txn, err);
}
