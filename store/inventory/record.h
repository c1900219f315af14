/*
 * record -- what became of one item, written into the tables: its mailbox's row, its applied row,
 * the audit, its intent. Used by the run that wrote it and by the recovery after a crash alike.
 */
#pragma once

#include "store/inventory/audit.h"
#include "store/inventory/image.h"

/* One item, from the plan or from an open intent. */
struct deed {
	int64_t run, now;
	const char *manifest, *name; /* as written */
	struct guid mailbox;
	int64_t mailbox_row; /* 0: none */
	const char *user, *user_dn;
	struct image_connection connection;
	int64_t disconnected; /* of a DISCONNECT: the date that the row gets */
	const struct image_change *changes;
	size_t n_changes;
	const char *message; /* "" */
};

struct recorder {
	struct inventory *inv;
	struct audit audit;
	int64_t undoes; /* the run that is taken back; 0: none is */
	sqlite3_stmt *connect_row, *disconnect_row, *set_applied, *forget, *lift;
	sqlite3_stmt *find_done, *suspend; /* of an undo */
};

/* Of one run, within a transaction that writes. Declared with CLEANUP(recorder_done). */
int recorder_init(struct recorder *c, struct inventory *inv, int64_t run,
                  struct error *err) MUST_USE;
void recorder_done(struct recorder *c);

/*
 * The wish as last applied, with its pins; nothing is written where nothing differs. In an undo
 * nothing is.
 */
int record_wish(struct recorder *c, const struct deed *d, struct error *err) MUST_USE;
/* Row, wish (of an undo: the suspension), and one audit row a change. */
int record_applied(struct recorder *c, const struct deed *d, struct error *err) MUST_USE;
/* One audit row about the whole item. */
int record_failed(struct recorder *c, const struct deed *d, struct error *err) MUST_USE;
