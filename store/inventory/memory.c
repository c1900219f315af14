#include "store/inventory/memory.h"

#include <string.h>

#include "base/text.h"
#include "store/inventory/sql.h"

/* ---- connections ---- */

struct conditions {
	struct condition_row *v;
	size_t n, cap;
};

int inventory_conditions(struct inventory *inv, struct arena *a, struct condition_row **ret,
                         size_t *ret_n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct conditions rows = { 0 };
	int r = sql_prepare(inv,
	                    "SELECT manifest, name, failures, next_try, undone, undone_at,"
	                    " undone_what, code, since FROM condition WHERE manifest <> ''"
	                    " ORDER BY manifest, name",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct condition_row row = { .manifest = sql_text(a, q, 0),
			                     .name = sql_text(a, q, 1),
			                     .failures = sql_int(q, 2),
			                     .next_try = sql_maybe(q, 3),
			                     .undone = sql_int(q, 4),
			                     .undone_at = sql_maybe(q, 5),
			                     .undone_what = sql_text(a, q, 6),
			                     .code = sql_text(a, q, 7),
			                     .since = sql_maybe(q, 8) };
		ARENA_PUSH(a, &rows, row);
	}
	*ret = rows.v;
	*ret_n = rows.n;
	return r;
}

static int set_condition(struct inventory *inv, sqlite3_stmt *q, const struct condition_row *row,
                         struct error *err) {
	struct arena *a = arena_new();
	int r = sql_run(inv, q, err, "ssininssn", text_fold(a, row->manifest),
	                text_fold(a, row->name), row->failures, row->next_try, row->undone,
	                row->undone_at, row->undone_what, row->code, row->since);

	arena_free(a);
	return r;
}

int inventory_set_conditions(struct inventory *inv, const struct condition_row *rows, size_t n,
                             struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r;

	if (!n)
		return OK;
	if ((r = txn_begin(inv, &txn, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "INSERT INTO condition (manifest, name, failures, next_try, undone,"
	                     " undone_at, undone_what, code, since)"
	                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	                     " ON CONFLICT (manifest, name) DO UPDATE SET"
	                     " failures = excluded.failures, next_try = excluded.next_try,"
	                     " undone = excluded.undone, undone_at = excluded.undone_at,"
	                     " undone_what = excluded.undone_what, code = excluded.code,"
	                     " since = excluded.since",
	                     &q, err)) < 0)
		return r;
	for (size_t i = 0; i < n && r == OK; i++)
		r = set_condition(inv, q, rows + i, err);
	if (r == OK)
		r = sql_exec(inv,
		             "DELETE FROM condition WHERE manifest <> '' AND suspended IS NULL"
		             " AND released IS NULL AND NOT failures AND NOT undone AND code = ''",
		             err);
	return r < 0 ? r : txn_commit(&txn, err);
}

/* ---- the agent: the connection without manifest and name, which none has ---- */

int inventory_suspension(struct inventory *inv, struct arena *a, struct suspension *ret,
                         struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT suspended, since, suspended_until FROM condition"
	                    " WHERE manifest = '' AND name = ''",
	                    &q, err);

	*ret = (struct suspension){ .reason = "", .since = INT64_MIN, .until = INT64_MIN };
	if (r < 0 || (r = sql_row(inv, q, err)) <= 0)
		return r;
	*ret = (struct suspension){ .is = true,
		                    .reason = sql_text(a, q, 0),
		                    .since = sql_maybe(q, 1),
		                    .until = sql_maybe(q, 2) };
	return OK;
}

int inventory_suspend(struct inventory *inv, const struct suspension *s, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r;

	if ((r = txn_begin(inv, &txn, err)) < 0 ||
	    (r = sql_exec(inv, "DELETE FROM condition WHERE manifest = '' AND name = ''", err)) <
	            0 ||
	    (r = sql_prepare(inv,
	                     "INSERT INTO condition (manifest, name, suspended, since,"
	                     " suspended_until) VALUES ('', '', ?, ?, ?)",
	                     &q, err)) < 0)
		return r;
	if (s->is && (r = sql_run(inv, q, err, "snn", s->reason, s->since, s->until)) < 0)
		return r;
	return txn_commit(&txn, err);
}

/* ---- manifests ---- */

struct manifests {
	struct manifest_row *v;
	size_t n, cap;
};

static int read_manifests(struct inventory *inv, struct arena *a, bool bytes, struct manifests *ret,
                          struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    bytes ? "SELECT path, sha256, bytes FROM manifest ORDER BY path"
	                          : "SELECT path, sha256 FROM manifest ORDER BY path",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct manifest_row row = { .path = sql_text(a, q, 0), .bytes = "" };
		memcpy(row.sha256, sql_text(a, q, 1), sizeof(row.sha256));
		if (bytes) {
			row.len = (size_t)sqlite3_column_bytes(q, 2);
			row.bytes = arena_copy(a, sqlite3_column_blob(q, 2), row.len);
		}
		ARENA_PUSH(a, ret, row);
	}
	return r;
}

int inventory_manifests(struct inventory *inv, struct arena *a, struct manifest_row **ret,
                        size_t *ret_n, struct error *err) {
	struct manifests rows = { 0 };
	int r = read_manifests(inv, a, true, &rows, err);

	*ret = rows.v;
	*ret_n = rows.n;
	return r;
}

static int put_manifest(struct inventory *inv, sqlite3_stmt *q, const struct manifest_row *row,
                        struct error *err) {
	return sql_run(inv, q, err, "ssb", row->path, row->sha256, (const void *)row->bytes,
	               row->len);
}

/* Both are sorted: what only the old have goes, what only the new have or what differs comes. */
static int replace(struct inventory *inv, const struct manifests *old,
                   const struct manifest_row *rows, size_t n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *put = NULL;
	CLEANUP(sql_finalize) sqlite3_stmt *drop = NULL;
	size_t i = 0, k = 0;
	int r;

	if ((r = sql_prepare(inv,
	                     "INSERT OR REPLACE INTO manifest (path, sha256, bytes)"
	                     " VALUES (?, ?, ?)",
	                     &put, err)) < 0 ||
	    (r = sql_prepare(inv, "DELETE FROM manifest WHERE path = ?", &drop, err)) < 0)
		return r;
	while (r == OK && (i < old->n || k < n)) {
		int order = i == old->n ? 1 : k == n ? -1 : strcmp(old->v[i].path, rows[k].path);
		if (order < 0)
			r = sql_run(inv, drop, err, "s", old->v[i++].path);
		else if (order > 0)
			r = put_manifest(inv, put, rows + k++, err);
		else if (strcmp(old->v[i++].sha256, rows[k++].sha256) != 0)
			r = put_manifest(inv, put, rows + k - 1, err);
	}
	return r;
}

static bool same(const struct manifests *old, const struct manifest_row *rows, size_t n) {
	if (old->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(old->v[i].path, rows[i].path) != 0 ||
		    strcmp(old->v[i].sha256, rows[i].sha256) != 0)
			return false;
	return true;
}

int inventory_set_manifests(struct inventory *inv, const struct manifest_row *rows, size_t n,
                            struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	struct arena *a = arena_new();
	struct manifests old = { 0 };
	int r = read_manifests(inv, a, false, &old, err);

	if (r == OK && !same(&old, rows, n) && (r = txn_begin(inv, &txn, err)) == OK &&
	    (r = replace(inv, &old, rows, n, err)) == OK)
		r = txn_commit(&txn, err);
	arena_free(a);
	return r;
}
