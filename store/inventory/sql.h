/*
 * sql -- SQLite in the words of this room: statements whose failure is a sentence that names the
 * file, and transactions that roll back unless they were committed.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/guid.h"
#include "store/inventory/inventory.h"

struct inventory {
	sqlite3 *db;
	char *path; /* absolute */
	enum inventory_mode mode;
	bool made;    /* the file was not there when it was opened */
	bool reading; /* the read transaction of inventory_load() is open */
};

/* What SQLite said last, with the file's name, as an error for people. Returns its code. */
int sql_error(struct inventory *inv, struct error *err);

int sql_exec(struct inventory *inv, const char *sql, struct error *err) MUST_USE;
int sql_prepare(struct inventory *inv, const char *sql, sqlite3_stmt **ret,
                struct error *err) MUST_USE;
void sql_finalize(sqlite3_stmt **q);

/*
 * Binds the parameters from the first on. `types` has a letter for each: `i` an int64_t, `n` one
 * that is NULL where it is INT64_MIN (TIMESTAMP_NONE), `s` a text or NULL, which must stay until
 * the statement has run, `b` bytes (a const void *, never NULL, and a size_t) likewise, `g` a
 * struct guid, NULL where there is none.
 */
void sql_bind(sqlite3_stmt *q, const char *types, ...);
/* Binds, runs to the end, and makes the statement ready for its next use. */
int sql_run(struct inventory *inv, sqlite3_stmt *q, struct error *err, const char *types,
            ...) MUST_USE;
/* 1: there is a row; 0: there is none any more (and the statement is reset); else the error. */
int sql_row(struct inventory *inv, sqlite3_stmt *q, struct error *err) MUST_USE;
/* The one number that a statement without parameters gives; NULL is 0. */
int sql_number(struct inventory *inv, const char *sql, int64_t *ret, struct error *err) MUST_USE;

/* Columns of the row, by number from 0. */
int64_t sql_int(sqlite3_stmt *q, int column);
int64_t sql_maybe(sqlite3_stmt *q, int column);                           /* NULL: INT64_MIN */
const char *sql_text(struct arena *a, sqlite3_stmt *q, int column);       /* NULL: "" */
const char *sql_maybe_text(struct arena *a, sqlite3_stmt *q, int column); /* NULL: NULL */
struct guid sql_guid(sqlite3_stmt *q, int column);                        /* NULL: none */

/* A transaction that writes; it ends the one that reads. Declared with CLEANUP(txn_done). */
struct txn {
	struct inventory *inv;
};
int txn_begin(struct inventory *inv, struct txn *ret, struct error *err) MUST_USE;
int txn_commit(struct txn *t, struct error *err) MUST_USE;
void txn_done(struct txn *t);
