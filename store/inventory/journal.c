#include <inttypes.h>

#include "store/inventory/record.h"

int inventory_run_begin(struct inventory *inv, const struct run *run, int64_t *ret_id,
                        struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = txn_begin(inv, &txn, err);

	if (r < 0 ||
	    (r = sql_prepare(inv,
	                     "INSERT INTO run (started, mode, revision, digest, undoes)"
	                     " VALUES (?, ?, ?, ?, ?)",
	                     &q, err)) < 0 ||
	    (r = sql_run(inv, q, err, "isssn", run->started, run->mode, run->revision, run->digest,
	                 run->undoes ? run->undoes : INT64_MIN)) < 0)
		return r;
	int64_t id = sqlite3_last_insert_rowid(inv->db);
	if ((r = txn_commit(&txn, err)) == OK)
		*ret_id = id;
	return r;
}

int inventory_run_end(struct inventory *inv, const struct run *run, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = txn_begin(inv, &txn, err);

	if (r < 0 ||
	    (r = sql_prepare(inv,
	                     "UPDATE run SET ended = ?2, applied = ?3, failed = ?4, stale = ?5,"
	                     " uncertain = ?6, held = ?7, not_attempted = ?8, outcome = ?9"
	                     " WHERE id = ?1",
	                     &q, err)) < 0 ||
	    (r = sql_run(inv, q, err, "iniiiiiis", run->id, run->ended, run->applied, run->failed,
	                 run->stale, run->uncertain, run->held, run->not_attempted, run->outcome)) <
	            0)
		return r;
	if (sqlite3_changes(inv->db) != 1)
		return error_set(err, ERR_CONFLICT, "the store %s has no run %" PRId64, inv->path,
		                 run->id);
	return txn_commit(&txn, err);
}

/* ---- intents ---- */

static int add_intent(struct inventory *inv, sqlite3_stmt *q, int64_t run, const struct item *item,
                      struct error *err) {
	const struct connection *c = item->connection;
	struct arena *a = arena_new();

	int r = sql_run(
	        inv, q, err, "issginsssssssisns", run, c->manifest, c->name, item->mailbox,
	        (int64_t)c->archive, item->row ? item->row->id : INT64_MIN, item->user->identity,
	        item->user->dn, image_write(a, item->changes.v, item->changes.n, false),
	        image_write(a, item->changes.v, item->changes.n, true),
	        item->wish ? item->wish : "", c->mailbox, c->user,
	        (int64_t)((c->allow & CONSENT_RECONNECT) != 0), action_names[item->action],
	        item->action == ACTION_DISCONNECT ? item->disconnected : INT64_MIN, item->server);
	arena_free(a);
	return r;
}

int inventory_intend(struct inventory *inv, int64_t run, const struct item *const *items, size_t n,
                     struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = txn_begin(inv, &txn, err);

	if (r == OK)
		r = sql_prepare(inv,
		                "INSERT INTO intent (run, manifest, name, mailbox, archive,"
		                " mailbox_row, user, user_dn, before, after, wish, mailbox_text,"
		                " user_text, reconnect, action, disconnected, server)"
		                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		                &q, err);
	for (size_t i = 0; i < n && r == OK; i++)
		r = add_intent(inv, q, run, items[i], err);
	return r < 0 ? r : txn_commit(&txn, err);
}

/* ---- what became of them ---- */

static struct deed deed_of(struct arena *a, int64_t run, int64_t now, const struct item *item) {
	const struct connection *c = item->connection;

	return (struct deed){
		.run = run,
		.now = now,
		.manifest = c->manifest,
		.name = c->name,
		.mailbox = item->mailbox,
		.mailbox_row = item->row ? item->row->id : 0,
		.user = item->user ? item->user->identity : "",
		.user_dn = item->user ? item->user->dn : "",
		.connection = { .action = item->action,
		                .archive = c->archive,
		                .reconnect = (c->allow & CONSENT_RECONNECT) != 0,
		                .mailbox_text = c->mailbox,
		                .user_text = c->user,
		                .wish = item->wish ? item->wish : "" },
		.disconnected = item->disconnected,
		.changes = image_changes(a, item->changes.v, item->changes.n),
		.n_changes = item->changes.n,
		.message = item->message ? item->message : "",
	};
}

static int record_item(struct recorder *c, const struct item *item, const struct deed *d,
                       struct error *err) {
	switch (item->outcome) {
	case OUTCOME_APPLIED:
		return record_applied(c, d, err);
	case OUTCOME_FAILED:
		return record_failed(c, d, err);
	case OUTCOME_NONE:
		return item->action == ACTION_NONE ? record_wish(c, d, err) : OK;
	case OUTCOME_STALE:
	case OUTCOME_UNCERTAIN:
	case OUTCOME_HELD:
	case OUTCOME_NOT_ATTEMPTED:
	case OUTCOMES:
		break;
	}
	return OK;
}

/* An intent whose answer was lost stays open for the next run to settle. */
static int settle_intent(struct inventory *inv, sqlite3_stmt *close, sqlite3_stmt *doubt,
                         const struct deed *d, enum outcome outcome, struct error *err) {
	if (outcome == OUTCOME_NONE)
		return OK;
	return sql_run(inv, outcome == OUTCOME_UNCERTAIN ? doubt : close, err, "iss", d->run,
	               d->manifest, d->name);
}

/* So that a run which is killed later tells what it had done until then. */
static int count(struct inventory *inv, int64_t run, const int64_t counts[OUTCOMES],
                 struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int64_t sum = 0;

	for (int i = OUTCOME_NONE + 1; i < OUTCOMES; i++)
		sum += counts[i];
	if (!sum)
		return OK;
	int r = sql_prepare(inv,
	                    "UPDATE run SET applied = applied + ?2, failed = failed + ?3,"
	                    " stale = stale + ?4, uncertain = uncertain + ?5, held = held + ?6,"
	                    " not_attempted = not_attempted + ?7 WHERE id = ?1",
	                    &q, err);
	return r < 0 ? r
	             : sql_run(inv, q, err, "iiiiiii", run, counts[OUTCOME_APPLIED],
	                       counts[OUTCOME_FAILED], counts[OUTCOME_STALE],
	                       counts[OUTCOME_UNCERTAIN], counts[OUTCOME_HELD],
	                       counts[OUTCOME_NOT_ATTEMPTED]);
}

int inventory_record(struct inventory *inv, int64_t run, int64_t now,
                     const struct item *const *items, size_t n, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	CLEANUP(recorder_done) struct recorder c = { 0 };
	CLEANUP(sql_finalize) sqlite3_stmt *close = NULL;
	CLEANUP(sql_finalize) sqlite3_stmt *doubt = NULL;
	int64_t counts[OUTCOMES] = { 0 };
	int r;

	if ((r = txn_begin(inv, &txn, err)) < 0 || (r = recorder_init(&c, inv, run, err)) < 0 ||
	    (r = sql_prepare(inv, "DELETE FROM intent WHERE run = ? AND manifest = ? AND name = ?",
	                     &close, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "UPDATE intent SET uncertain = 1"
	                     " WHERE run = ? AND manifest = ? AND name = ?",
	                     &doubt, err)) < 0)
		return r;
	for (size_t i = 0; i < n && r == OK; i++) {
		struct arena *a = arena_new();
		struct deed d = deed_of(a, run, now, items[i]);
		counts[items[i]->outcome]++;
		r = record_item(&c, items[i], &d, err);
		if (r == OK)
			r = settle_intent(inv, close, doubt, &d, items[i]->outcome, err);
		arena_free(a);
	}
	if (r < 0 || (r = count(inv, run, counts, err)) < 0)
		return r;
	return txn_commit(&txn, err);
}
