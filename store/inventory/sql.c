#include "store/inventory/sql.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int sql_error(struct inventory *inv, struct error *err) {
	const char *said = sqlite3_errmsg(inv->db);
	int rc = sqlite3_extended_errcode(inv->db);

	if (rc == SQLITE_READONLY_ROLLBACK)
		return error_set(err, ERR_IO,
		                 "the store %s was left in the middle of a write, and you may not "
		                 "write to it: its owner puts it right with `mbxctl store list "
		                 "--store sqlite:%s`",
		                 inv->path, inv->path);
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, ERR_LOCKED, "the store %s is in use by another process: %s",
		                 inv->path, said);
	case SQLITE_NOTADB:
		return error_set(err, ERR_INVALID, "%s is not a store of mbxctl: %s", inv->path,
		                 said);
	case SQLITE_CORRUPT:
		return error_set(err, ERR_INVALID,
		                 "the store %s is damaged or was cut short; put a copy of it from "
		                 "before in its place: %s",
		                 inv->path, said);
	case SQLITE_FULL:
		return error_set(err, ERR_IO, "no room is left for the store %s: %s", inv->path,
		                 said);
	default:
		return error_set(err, ERR_IO, "the store %s cannot be used: %s", inv->path, said);
	}
}

int sql_exec(struct inventory *inv, const char *sql, struct error *err) {
	if (sqlite3_exec(inv->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_error(inv, err);
	return OK;
}

int sql_prepare(struct inventory *inv, const char *sql, sqlite3_stmt **ret, struct error *err) {
	if (sqlite3_prepare_v2(inv->db, sql, -1, ret, NULL) != SQLITE_OK)
		return sql_error(inv, err);
	return OK;
}

void sql_finalize(sqlite3_stmt **q) {
	(void)sqlite3_finalize(*q);
	*q = NULL;
}

static int bind_guid(sqlite3_stmt *q, int i, struct guid g) {
	char text[GUID_TEXT];

	if (guid_none(g))
		return sqlite3_bind_null(q, i);
	return sqlite3_bind_text(q, i, guid_text(g, text), -1, SQLITE_TRANSIENT);
}

static void bind(sqlite3_stmt *q, const char *types, va_list args) {
	assert((int)strlen(types) == sqlite3_bind_parameter_count(q));
	for (int i = 1, rc = SQLITE_OK; *types; types++, i++) {
		const void *bytes;
		int64_t n;

		switch (*types) {
		case 'i':
			rc = sqlite3_bind_int64(q, i, va_arg(args, int64_t));
			break;
		case 'n':
			n = va_arg(args, int64_t);
			rc = n == INT64_MIN ? sqlite3_bind_null(q, i) : sqlite3_bind_int64(q, i, n);
			break;
		case 's':
			rc = sqlite3_bind_text(q, i, va_arg(args, const char *), -1, SQLITE_STATIC);
			break;
		case 'b':
			bytes = va_arg(args, const void *);
			rc = sqlite3_bind_blob64(q, i, bytes, va_arg(args, size_t), SQLITE_STATIC);
			break;
		case 'g':
			rc = bind_guid(q, i, va_arg(args, struct guid));
			break;
		default:
			assert(!"a letter that sql_bind() does not know");
		}
		/* Out of memory, or a text beyond 1 GB: as an arena, we do not go on. */
		if (rc != SQLITE_OK)
			abort();
	}
}

void sql_bind(sqlite3_stmt *q, const char *types, ...) {
	va_list args;

	va_start(args, types);
	bind(q, types, args);
	va_end(args);
}

int sql_row(struct inventory *inv, sqlite3_stmt *q, struct error *err) {
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE) {
		(void)sqlite3_reset(q);
		return 0;
	}
	(void)sql_error(inv, err);
	(void)sqlite3_reset(q);
	return err->code;
}

int sql_run(struct inventory *inv, sqlite3_stmt *q, struct error *err, const char *types, ...) {
	va_list args;

	va_start(args, types);
	bind(q, types, args);
	va_end(args);
	return sql_row(inv, q, err);
}

int sql_number(struct inventory *inv, const char *sql, int64_t *ret, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv, sql, &q, err);

	if (r < 0 || (r = sql_row(inv, q, err)) < 0)
		return r;
	*ret = r ? sql_int(q, 0) : 0;
	return OK;
}

int64_t sql_int(sqlite3_stmt *q, int column) {
	return sqlite3_column_int64(q, column);
}

int64_t sql_maybe(sqlite3_stmt *q, int column) {
	return sqlite3_column_type(q, column) == SQLITE_NULL ? INT64_MIN : sql_int(q, column);
}

const char *sql_maybe_text(struct arena *a, sqlite3_stmt *q, int column) {
	if (sqlite3_column_type(q, column) == SQLITE_NULL)
		return NULL;
	const void *text = sqlite3_column_text(q, column);
	if (!text)
		abort();
	return arena_copy(a, text, (size_t)sqlite3_column_bytes(q, column));
}

const char *sql_text(struct arena *a, sqlite3_stmt *q, int column) {
	const char *text = sql_maybe_text(a, q, column);

	return text ? text : "";
}

struct guid sql_guid(sqlite3_stmt *q, int column) {
	const char *text = (const char *)sqlite3_column_text(q, column);
	struct guid g;

	return text && guid_parse(text, &g) ? g : (struct guid){ 0 };
}

int txn_begin(struct inventory *inv, struct txn *ret, struct error *err) {
	assert(inv->mode == INVENTORY_WRITE);
	inventory_end(inv);
	int r = sql_exec(inv, "BEGIN IMMEDIATE", err);
	if (r == OK)
		ret->inv = inv;
	return r;
}

int txn_commit(struct txn *t, struct error *err) {
	int r = sql_exec(t->inv, "COMMIT", err);

	if (r == OK)
		t->inv = NULL;
	return r;
}

void txn_done(struct txn *t) {
	/* SQLite may have rolled back by itself, as it does when the disk is full. */
	if (t->inv && !sqlite3_get_autocommit(t->inv->db))
		(void)sqlite3_exec(t->inv->db, "ROLLBACK", NULL, NULL, NULL);
	t->inv = NULL;
}
