#include "store/inventory/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Moments are seconds since 1970, GUIDs their text in lower case; a `folded_` column is the text
 * beside it as text_fold() makes it, for look-ups. docs/store.md says what the columns mean.
 */
static const char tables[] =
        "CREATE TABLE database ("
        " id INTEGER PRIMARY KEY,"
        " guid TEXT UNIQUE CHECK (length(guid) = 36),"
        " name TEXT NOT NULL,"
        " folded_name TEXT NOT NULL,"
        " dn TEXT NOT NULL DEFAULT '',"
        " server TEXT NOT NULL DEFAULT '',"
        " retention INTEGER NOT NULL DEFAULT 2592000 CHECK (retention >= 0),"
        " imported INTEGER"
        ") STRICT;"
        "CREATE TABLE run ("
        " id INTEGER PRIMARY KEY,"
        " started INTEGER NOT NULL,"
        " ended INTEGER,"
        " mode TEXT NOT NULL,"
        " revision TEXT NOT NULL,"
        " digest TEXT NOT NULL,"
        " applied INTEGER NOT NULL DEFAULT 0,"
        " failed INTEGER NOT NULL DEFAULT 0,"
        " stale INTEGER NOT NULL DEFAULT 0,"
        " uncertain INTEGER NOT NULL DEFAULT 0,"
        " held INTEGER NOT NULL DEFAULT 0,"
        " not_attempted INTEGER NOT NULL DEFAULT 0,"
        " outcome TEXT NOT NULL DEFAULT ''"
        ") STRICT;"
        "CREATE TABLE mailbox ("
        " id INTEGER PRIMARY KEY,"
        " guid TEXT NOT NULL CHECK (length(guid) = 36),"
        " database INTEGER NOT NULL REFERENCES database,"
        " display_name TEXT NOT NULL,"
        " folded_name TEXT NOT NULL,"
        " legacy_dn TEXT NOT NULL,"
        " folded_legacy_dn TEXT NOT NULL,"
        " archive INTEGER NOT NULL CHECK (archive IN (0, 1)),"
        " state TEXT NOT NULL CHECK (state IN ('connected', 'disabled', 'softDeleted')),"
        " disconnected INTEGER,"
        " kept INTEGER,"
        " connected_run INTEGER REFERENCES run,"
        " items INTEGER,"
        " bytes INTEGER,"
        " last_logon INTEGER,"
        " owner TEXT CHECK (length(owner) = 36),"
        " type_detail TEXT NOT NULL,"
        " move_destination INTEGER NOT NULL CHECK (move_destination IN (0, 1)),"
        " last_seen INTEGER,"
        " vanished INTEGER,"
        " UNIQUE (guid, database)"
        ") STRICT;"
        "CREATE INDEX mailbox_name ON mailbox (folded_name);"
        "CREATE INDEX mailbox_legacy_dn ON mailbox (folded_legacy_dn);"
        "CREATE TABLE intent ("
        " id INTEGER PRIMARY KEY,"
        " run INTEGER NOT NULL REFERENCES run,"
        " manifest TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " mailbox TEXT NOT NULL CHECK (length(mailbox) = 36),"
        " archive INTEGER NOT NULL CHECK (archive IN (0, 1)),"
        " mailbox_row INTEGER REFERENCES mailbox ON DELETE SET NULL,"
        " user TEXT NOT NULL,"
        " user_dn TEXT NOT NULL,"
        " before TEXT NOT NULL,"
        " after TEXT NOT NULL,"
        " wish TEXT NOT NULL,"
        " mailbox_text TEXT NOT NULL,"
        " user_text TEXT,"
        " uncertain INTEGER NOT NULL DEFAULT 0 CHECK (uncertain IN (0, 1))"
        ") STRICT;"
        "CREATE INDEX intent_item ON intent (run, manifest, name);"
        "CREATE INDEX intent_mailbox_row ON intent (mailbox_row);"
        "CREATE TABLE change ("
        " id INTEGER PRIMARY KEY,"
        " run INTEGER NOT NULL REFERENCES run,"
        " at INTEGER NOT NULL,"
        " manifest TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " mailbox TEXT NOT NULL,"
        " user TEXT NOT NULL,"
        " user_dn TEXT NOT NULL,"
        " target TEXT NOT NULL,"
        " attribute TEXT NOT NULL,"
        " before TEXT NOT NULL,"
        " after TEXT NOT NULL,"
        " result TEXT NOT NULL,"
        " message TEXT NOT NULL,"
        " chain TEXT NOT NULL CHECK (length(chain) = 64)"
        ") STRICT;"
        "CREATE INDEX change_run ON change (run);"
        "CREATE TABLE applied ("
        " manifest TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " wish TEXT NOT NULL,"
        " mailbox TEXT CHECK (length(mailbox) = 36),"
        " user TEXT NOT NULL,"
        " mailbox_text TEXT NOT NULL,"
        " user_text TEXT,"
        " PRIMARY KEY (manifest, name)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE condition ("
        " manifest TEXT NOT NULL,"
        " name TEXT NOT NULL,"
        " suspended TEXT,"
        " suspended_until INTEGER,"
        " failures INTEGER NOT NULL DEFAULT 0,"
        " next_try INTEGER,"
        " undone INTEGER NOT NULL DEFAULT 0,"
        " released INTEGER,"
        " PRIMARY KEY (manifest, name)"
        ") STRICT, WITHOUT ROWID;"
        "CREATE TABLE manifest ("
        " path TEXT PRIMARY KEY,"
        " sha256 TEXT NOT NULL CHECK (length(sha256) = 64),"
        " bytes BLOB NOT NULL"
        ") STRICT;"
        "CREATE TABLE mark ("
        " server TEXT PRIMARY KEY,"
        " invocation TEXT NOT NULL,"
        " position TEXT NOT NULL"
        ") STRICT;";

/* What an older store does not know is put so that an undo is rather suspended than done again. */
static const char to_2[] =
        "ALTER TABLE run ADD COLUMN undoes INTEGER;"
        "ALTER TABLE change ADD COLUMN connection TEXT;"
        "CREATE INDEX change_connection ON change (run, mailbox) WHERE connection IS NOT NULL;"
        "ALTER TABLE intent ADD COLUMN action TEXT NOT NULL DEFAULT 'update';"
        "ALTER TABLE intent ADD COLUMN reconnect INTEGER NOT NULL DEFAULT 1"
        " CHECK (reconnect IN (0, 1));"
        "ALTER TABLE intent ADD COLUMN disconnected INTEGER;"
        "UPDATE intent SET action = 'connect' WHERE after ->> '$.store.state[0]' = 'connected';"
        "ALTER TABLE applied ADD COLUMN manifest_written TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE applied ADD COLUMN name_written TEXT NOT NULL DEFAULT '';"
        "UPDATE applied SET manifest_written = manifest, name_written = name;"
        "CREATE TABLE undone ("
        " mailbox TEXT NOT NULL CHECK (length(mailbox) = 36),"
        " user TEXT NOT NULL,"
        " run INTEGER NOT NULL REFERENCES run,"
        " connected INTEGER NOT NULL CHECK (connected IN (0, 1)),"
        " reconnect INTEGER NOT NULL CHECK (reconnect IN (0, 1)),"
        " mailbox_text TEXT NOT NULL,"
        " user_text TEXT,"
        " wish TEXT NOT NULL,"
        " PRIMARY KEY (mailbox, user)"
        ") STRICT, WITHOUT ROWID;";

/* For the agent: how often others undid what it wrote, and what stands in a connection's way. */
static const char to_3[] = "ALTER TABLE condition ADD COLUMN undone_at INTEGER;"
                           "ALTER TABLE condition ADD COLUMN undone_what TEXT NOT NULL DEFAULT '';"
                           "ALTER TABLE condition ADD COLUMN code TEXT NOT NULL DEFAULT '';"
                           "ALTER TABLE condition ADD COLUMN since INTEGER;";

/* Where a write went, so that it is looked for there. */
static const char to_4[] = "ALTER TABLE intent ADD COLUMN server TEXT;";

/* Nothing leads to version 1: a new store begins with it and takes every step. */
const char *const schema_steps[SCHEMA_VERSION] = { NULL, to_2, to_3, to_4 };

static int set_version(struct inventory *inv, int version, struct error *err) {
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	return sql_exec(inv, sql, err);
}

int schema_create(struct inventory *inv, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	char application[64];
	int64_t there;
	int r = txn_begin(inv, &txn, err);

	(void)snprintf(application, sizeof(application), "PRAGMA application_id = %d",
	               SCHEMA_APPLICATION);
	if (r < 0 || (r = sql_number(inv, "PRAGMA user_version", &there, err)) < 0 || there)
		return r;
	if ((r = sql_exec(inv, application, err)) < 0 || (r = sql_exec(inv, tables, err)) < 0)
		return r;
	for (int v = 1; v < SCHEMA_VERSION && r == OK; v++)
		r = sql_exec(inv, schema_steps[v], err);
	if (r < 0 || (r = set_version(inv, SCHEMA_VERSION, err)) < 0)
		return r;
	return txn_commit(&txn, err);
}

/* The file as it was, under a name that nothing has yet. */
static int copy_aside(struct inventory *inv, int from, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct arena *a = arena_new();
	const char *name = arena_printf(a, "%s.v%d", inv->path, from);
	int r = sql_prepare(inv, "VACUUM INTO ?", &q, err);

	for (int i = 2; access(name, F_OK) == 0; i++)
		name = arena_printf(a, "%s.v%d.%d", inv->path, from, i);
	if (r == OK)
		r = sql_run(inv, q, err, "s", name);
	arena_free(a);
	return r;
}

int schema_migrate(struct inventory *inv, int from, int to, const char *const *steps,
                   struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	int64_t there;
	int r = copy_aside(inv, from, err);

	if (r < 0 || (r = txn_begin(inv, &txn, err)) < 0 ||
	    (r = sql_number(inv, "PRAGMA user_version", &there, err)) < 0)
		return r;
	if (there != from)
		return error_set(err, ERR_CONFLICT,
		                 "another process has changed the store %s; run it again",
		                 inv->path);
	for (int v = from; v < to; v++)
		if (sql_exec(inv, steps[v], err) < 0)
			return error_wrap(err, "cannot bring the store to version %d", v + 1);
	if ((r = set_version(inv, to, err)) < 0)
		return r;
	return txn_commit(&txn, err);
}
