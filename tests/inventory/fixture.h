/*
 * fixture -- stores in folders of their own, and texts of what is in them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/inventory/import.h"

/* 2026-11-01T00:00:00Z; `DAY` later each further import is made. */
enum { NOW = 1793491200, DAY = 86400 };

struct fixture {
	char folder[64];
	char path[96]; /* of the store in it */
	struct arena *arena;
	struct inventory *inv; /* NULL until it is opened */
};
void fixture_make(struct fixture *f);
void fixture_done(struct fixture *f); /* removes the folder with all in it */

void fixture_open(struct fixture *f, enum inventory_mode mode); /* must succeed */
void fixture_close(struct fixture *f);

/* Every name in the folder with its size and a checksum of its bytes, a line each. */
const char *fixture_files(struct fixture *f);
void fixture_write(struct fixture *f, const char *name, const void *data, size_t len);
/* All of a file's bytes. */
const char *fixture_read(struct fixture *f, const char *name, size_t *ret_len);

/*
 * What the store said to an import: `+1 ~0 =0 -0` (and `x1` for one pruned), or its diagnostics,
 * without the lines shown.
 */
const char *fixture_import(struct fixture *f, const char *label, const char *bytes, size_t len,
                           int64_t now);
const char *fixture_import_as(struct fixture *f, const char *label, const char *bytes, size_t len,
                              const struct import_options *options);
/* All rows as text. */
const char *fixture_list(struct fixture *f);
/* All runs and audit rows, oldest first, and the open intents. */
const char *fixture_history(struct fixture *f);
/* SQL on the store, past the program; its first column as text. */
const char *fixture_sql(struct fixture *f, const char *sql);

/*
 * The item that connects the mailbox with this GUID, as the store has it, to a user with the
 * other. Manifest `hq`, the connection's name is the display name.
 */
struct item *fixture_connect(struct fixture *f, const char *mailbox, const char *user);
/* Run, intent and record of one item in one go. Returns the run. */
int64_t fixture_apply(struct fixture *f, struct item *item, int64_t now);

/* What inventory_done() says of a run, a line for each connection; or its error. */
const char *fixture_done_text(struct fixture *f, int64_t run);

/* Compares, and prints both texts with the case's name where they differ. Returns 1 then. */
int differs(const char *name, const char *got, const char *expected);
