#include <inttypes.h>
#include <string.h>

#include "store/inventory/record.h"

int inventory_open_intents(struct inventory *inv, struct arena *a, struct open_intent **ret,
                           size_t *ret_n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct {
		struct open_intent *v;
		size_t n, cap;
	} intents = { 0 };
	int r = sql_prepare(inv,
	                    "SELECT id, run, manifest, name, mailbox, archive, user, user_dn,"
	                    " before, after, server FROM intent ORDER BY id",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct open_intent i = { .id = sql_int(q, 0),
			                 .run = sql_int(q, 1),
			                 .manifest = sql_text(a, q, 2),
			                 .name = sql_text(a, q, 3),
			                 .mailbox = sql_guid(q, 4),
			                 .archive = sql_int(q, 5) != 0,
			                 .user = sql_text(a, q, 6),
			                 .dn = sql_text(a, q, 7),
			                 .server = sql_maybe_text(a, q, 10) };
		struct change *changes;
		if (image_read_directory(a, sql_text(a, q, 8), sql_text(a, q, 9),
		                         arena_printf(a, "intent %" PRId64, i.id), &changes,
		                         &i.n_changes, err) < 0)
			return error_wrap(err, "the store %s", inv->path);
		i.changes = changes;
		ARENA_PUSH(a, &intents, i);
	}
	if (r < 0)
		return r;
	*ret = intents.v;
	*ret_n = intents.n;
	return OK;
}

struct closing {
	struct deed deed;
	bool uncertain;
};

static enum action action_of(const char *name) {
	enum action action = ACTION_CONNECT;

	while (action < ACTION_DISCONNECT && strcmp(action_names[action], name) != 0)
		action++;
	return action;
}

static int read_intent(struct inventory *inv, struct arena *a, int64_t id, struct closing *ret,
                       struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct image_change *changes;
	int r = sql_prepare(inv,
	                    "SELECT run, manifest, name, mailbox, mailbox_row, user, user_dn,"
	                    " wish, mailbox_text, user_text, uncertain, before, after,"
	                    " archive, reconnect, disconnected, action"
	                    " FROM intent WHERE id = ?",
	                    &q, err);

	if (r < 0)
		return r;
	sql_bind(q, "i", id);
	if ((r = sql_row(inv, q, err)) < 0)
		return r;
	if (r == 0)
		return error_set(err, ERR_CONFLICT, "intent %" PRId64 " of the store %s is closed",
		                 id, inv->path);
	ret->deed = (struct deed){ .run = sql_int(q, 0),
		                   .manifest = sql_text(a, q, 1),
		                   .name = sql_text(a, q, 2),
		                   .mailbox = sql_guid(q, 3),
		                   .mailbox_row = sql_int(q, 4),
		                   .user = sql_text(a, q, 5),
		                   .user_dn = sql_text(a, q, 6),
		                   .connection = { .action = action_of(sql_text(a, q, 16)),
		                                   .archive = sql_int(q, 13) != 0,
		                                   .reconnect = sql_int(q, 14) != 0,
		                                   .wish = sql_text(a, q, 7),
		                                   .mailbox_text = sql_text(a, q, 8),
		                                   .user_text = sql_maybe_text(a, q, 9) },
		                   .disconnected = sql_maybe(q, 15) };
	ret->uncertain = sql_int(q, 10) != 0;
	if (image_read(a, sql_text(a, q, 11), sql_text(a, q, 12),
	               arena_printf(a, "intent %" PRId64, id), &changes, &ret->deed.n_changes,
	               err) < 0)
		return error_wrap(err, "the store %s", inv->path);
	ret->deed.changes = changes;
	return OK;
}

static int remove_intent(struct inventory *inv, int64_t id, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv, "DELETE FROM intent WHERE id = ?", &q, err);

	return r < 0 ? r : sql_run(inv, q, err, "i", id);
}

/* The run's counts, and its end where it was killed and nothing of it is open any more. */
static int settle_run(struct inventory *inv, const struct closing *c, enum intent_end how,
                      struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *counts = NULL;
	CLEANUP(sql_finalize) sqlite3_stmt *end = NULL;
	int r;

	if ((r = sql_prepare(inv,
	                     "UPDATE run SET applied = applied + ?2, failed = failed + ?3,"
	                     " not_attempted = not_attempted + ?4, uncertain = uncertain - ?5"
	                     " WHERE id = ?1",
	                     &counts, err)) < 0 ||
	    (r = sql_run(inv, counts, err, "iiiii", c->deed.run, (int64_t)(how == INTENT_DONE),
	                 (int64_t)(how == INTENT_FAILED), (int64_t)(how == INTENT_DROPPED),
	                 (int64_t)c->uncertain)) < 0 ||
	    (r = sql_prepare(inv,
	                     "UPDATE run SET ended = ?2, outcome = 'recovered' WHERE id = ?1"
	                     " AND ended IS NULL"
	                     " AND NOT EXISTS (SELECT 1 FROM intent WHERE run = ?1)",
	                     &end, err)) < 0)
		return r;
	return sql_run(inv, end, err, "ii", c->deed.run, c->deed.now);
}

static int record_end(struct inventory *inv, const struct deed *d, enum intent_end how,
                      struct error *err) {
	CLEANUP(recorder_done) struct recorder recorder = { 0 };
	int r = recorder_init(&recorder, inv, d->run, err);

	if (r == OK && how == INTENT_DONE)
		return record_applied(&recorder, d, err);
	if (r == OK && how == INTENT_FAILED)
		return record_failed(&recorder, d, err);
	return r;
}

static int close_intent(struct inventory *inv, struct arena *a, int64_t id, enum intent_end how,
                        int64_t now, const char *message, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	struct closing c = { 0 };
	int r;

	if ((r = txn_begin(inv, &txn, err)) < 0 || (r = read_intent(inv, a, id, &c, err)) < 0)
		return r;
	c.deed.now = now;
	c.deed.message = message ? message : "";
	if ((r = record_end(inv, &c.deed, how, err)) < 0 || (r = remove_intent(inv, id, err)) < 0 ||
	    (r = settle_run(inv, &c, how, err)) < 0)
		return r;
	return txn_commit(&txn, err);
}

int inventory_close_intent(struct inventory *inv, int64_t id, enum intent_end how, int64_t now,
                           const char *message, struct error *err) {
	struct arena *a = arena_new();
	int r = close_intent(inv, a, id, how, now, message, err);

	arena_free(a);
	return r;
}
