/*
 * inventory -- which mailboxes exist, what mbxctl meant to do, and what became of it.
 *
 * One SQLite file (format: docs/store.md). Every call is one transaction: after a crash it
 * happened or it did not. Blocking, and used from one thread at a time. Knows no directory, no
 * YAML and no loop; the clock comes from the caller.
 *
 * Arguments are borrowed for the call; results live in the caller's arena.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/error.h"
#include "reconcile/plan.h"
#include "reconcile/world.h"

struct inventory;

/*
 * READ changes nothing, leaves no file behind and needs no write permission; there must be a
 * store. WRITE creates it on first use and migrates an older one (after a copy beside it). A file
 * that is no store, is truncated or newer than this program is refused with what it is, untouched.
 */
enum inventory_mode { INVENTORY_READ, INVENTORY_WRITE };
int inventory_open(const char *path, enum inventory_mode mode, struct inventory **ret,
                   struct error *err) MUST_USE;
/* NULL is fine; returns NULL. */
struct inventory *inventory_close(struct inventory *inv);
/*
 * The same, but a file that this inventory_open() made and that nothing was put into is removed
 * again. Nobody else may write meanwhile.
 */
struct inventory *inventory_close_unused(struct inventory *inv);

/* ---- reading: every pass begins with load, and all until end is one snapshot ---------------- */

/*
 * Databases, applied rows, open intents (world_set_tables) and what was undone (world_set_undone)
 * into the world.
 */
int inventory_load(struct inventory *inv, struct world *w, struct error *err) MUST_USE;
/* A new snapshot for the rows alone: the world has its tables already. */
int inventory_look(struct inventory *inv, struct error *err) MUST_USE;
/*
 * Answers every key of the inventory's kinds among `keys`; passes over the others. A row that
 * answers several keys may be several objects: rows are the same where their ids are.
 */
int inventory_fetch(struct inventory *inv, const struct keys *keys, struct world *w,
                    struct error *err) MUST_USE;
/* Ends the read transaction that load began; so does every call that writes. */
void inventory_end(struct inventory *inv);

/* ---- writing -------------------------------------------------------------------------------- */

struct run {
	int64_t id;
	int64_t started, ended; /* ended: TIMESTAMP_NONE while it goes on, or where it was killed */
	const char *mode;       /* "apply", "undo", "agent" */
	int64_t undoes;         /* the run that this one takes back; 0: none */
	const char *revision;   /* of the manifests' git checkout; "" */
	const char *digest;     /* of the plan */
	int64_t applied, failed, stale, uncertain, held, not_attempted;
	const char *outcome; /* "done", "partial", "interrupted"; "" while it goes on */
};

/* Inserts it and gives the id; must come before the first intent. */
int inventory_run_begin(struct inventory *inv, const struct run *run, int64_t *ret_id,
                        struct error *err) MUST_USE;

/*
 * Journals what is about to be written, in one synced transaction. Must succeed before the
 * directory is touched. An intent holds all that recovery needs without the manifest: the
 * changes, the pins, the texts and the wish; of an undo, the date it gives the mailbox.
 */
int inventory_intend(struct inventory *inv, int64_t run, const struct item *const *items, size_t n,
                     struct error *err) MUST_USE;

/*
 * Records what became of items, by their `outcome`, in one transaction: APPLIED sets the
 * mailbox's row (connected, owner, run, its disconnect date kept until the server confirms), the
 * applied row with its pins, one audit row a change, and closes the intent; FAILED and STALE
 * close the intent, FAILED with an audit row; UNCERTAIN leaves it open. An item whose action is
 * `none` gets its applied row and pins where they differ from what is there: a second time
 * nothing is written.
 *
 * In a run that undoes another, an applied row stays as it is, and APPLIED suspends instead: an
 * undone row for mailbox and user, with what the audit of the other run says of the connection. A
 * DISCONNECT that changes the store turns the row to `disabled`, dated `item->disconnected`, and
 * nobody's. Whatever else is applied or found `none` for the two removes their undone row.
 */
int inventory_record(struct inventory *inv, int64_t run, int64_t now,
                     const struct item *const *items, size_t n, struct error *err) MUST_USE;

/*
 * These connections were told as released at `now`; one that was told already keeps its time, and
 * one that was never applied is passed over. Being applied or found `none` again makes it untold.
 */
int inventory_mark_told(struct inventory *inv, const struct released *released, size_t n,
                        int64_t now, struct error *err) MUST_USE;

/* Counts, outcome and end of the run with run->id. */
int inventory_run_end(struct inventory *inv, const struct run *run, struct error *err) MUST_USE;

/* ---- recovery ------------------------------------------------------------------------------- */

struct open_intent {
	int64_t id, run;
	const char *manifest, *name; /* as written */
	struct guid mailbox;
	bool archive;
	const char *user, *dn;        /* entry.identity, and the DN it had */
	const char *server;           /* item.server */
	const struct change *changes; /* of the directory alone */
	size_t n_changes;
};
int inventory_open_intents(struct inventory *inv, struct arena *a, struct open_intent **ret,
                           size_t *ret_n, struct error *err) MUST_USE;

/* How one is closed: DONE as if it had been recorded as applied, DROPPED without a trace but in
 * its run's counts, FAILED with an audit row that says `message`. The run it belongs to is ended
 * as `recovered` with its last intent. One transaction. */
enum intent_end { INTENT_DONE, INTENT_DROPPED, INTENT_FAILED };
int inventory_close_intent(struct inventory *inv, int64_t id, enum intent_end how, int64_t now,
                           const char *message, struct error *err) MUST_USE;

/* ---- looking back --------------------------------------------------------------------------- */

struct audit_row {
	int64_t id, run, at;
	const char *manifest, *name;
	const char *mailbox;        /* GUID text */
	const char *user, *user_dn; /* entry.identity, and the DN it had */
	const char *target,
	        *attribute;         /* "directory" or "store"; "" for a row about the whole item */
	const char *before, *after; /* JSON arrays of texts, as a plan shows them */
	const char *result, *message; /* "applied", "failed" */
	/* On the first row of each connection that was applied: how it stood, as JSON; else NULL.
	 */
	const char *connection;
};
/* Newest first; run_id 0: all of them, or the last `most` where that is not 0. */
int inventory_runs(struct inventory *inv, struct arena *a, int64_t run_id, int64_t most,
                   struct run **ret, size_t *ret_n, struct error *err) MUST_USE;
int inventory_audit(struct inventory *inv, struct arena *a, int64_t run_id, struct audit_row **ret,
                    size_t *ret_n, struct error *err) MUST_USE;

/*
 * Is the audit as it was written? Goes through all of it; *ret_bad is the id of the first row
 * that was altered, or follows one that is missing, and 0 where there is none. The last rows can
 * be taken away without a trace in it.
 */
int inventory_verify(struct inventory *inv, int64_t *ret_rows, int64_t *ret_bad,
                     struct error *err) MUST_USE;

/*
 * What the run did, one for each connection that it applied, in that order. ERR_INVALID: there is
 * no such run, it wrote nothing, or it is of a time when not all that an undo needs was kept.
 */
struct done;
int inventory_done(struct inventory *inv, struct arena *a, int64_t run, struct done **ret,
                   size_t *ret_n, struct error *err) MUST_USE;

/* All rows, sorted by database, display name (folded), GUID. */
int inventory_list(struct inventory *inv, struct arena *a, struct database_row **ret_databases,
                   size_t *ret_n_databases, struct mailbox_row **ret_mailboxes,
                   size_t *ret_n_mailboxes, struct error *err) MUST_USE;

/*
 * Is the file whole? Its format, and what SQLite finds wrong with it, a sentence each; at most ten.
 * Reads all of it.
 */
int inventory_examine(struct inventory *inv, struct arena *a, int64_t *ret_format,
                      const char ***ret_faults, size_t *ret_n, struct error *err) MUST_USE;
