/*
 * facts -- what a mailbox's row says, and what becomes of it when an inventory says something.
 *
 * Pure: docs/store.md, "What an import does to a row".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/guid.h"
#include "reconcile/world.h"
#include "store/inventory/columns.h"

/* A row as it is stored. Numbers that may be NULL are INT64_MIN (TIMESTAMP_NONE) then. */
struct facts {
	const char *display_name, *legacy_dn, *type_detail;
	bool archive, move_destination;
	enum mailbox_state state;
	int64_t disconnected, kept, connected_run;
	int64_t items, bytes, last_logon;
	struct guid owner;
	int64_t last_seen, vanished;
};

/* A row as a file tells it. */
struct told {
	struct guid guid;
	const char *database, *server;
	const char *display_name, *legacy_dn, *type_detail;
	bool archive, move_destination;
	enum disconnect_reason reason;
	int64_t disconnected;
	int64_t items, bytes, last_logon;
	struct guid owner;
};

/* The file's columns by number, and which of them it has. */
enum told_column {
	TOLD_DISPLAY_NAME,
	TOLD_GUID,
	TOLD_LEGACY_DN,
	TOLD_DATABASE,
	TOLD_DATE,
	TOLD_REASON,
	TOLD_ARCHIVE,
	TOLD_ITEMS,
	TOLD_BYTES,
	TOLD_LAST_LOGON,
	TOLD_SERVER,
	TOLD_OWNER,
	TOLD_TYPE_DETAIL,
	TOLD_MOVE_DESTINATION,
	TOLD_COLUMNS
};
extern const struct column told_columns[TOLD_COLUMNS];

/* The row afterwards; `old` NULL: the store does not know it yet. */
struct facts facts_after(const struct told *t, const bool there[TOLD_COLUMNS],
                         const struct facts *old);
bool facts_same(const struct facts *x, const struct facts *y);
