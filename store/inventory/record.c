#include "store/inventory/record.h"

#include <inttypes.h>

#include "base/text.h"

static int find_undoes(struct recorder *c, int64_t run, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(c->inv, "SELECT undoes FROM run WHERE id = ?", &q, err);

	if (r < 0)
		return r;
	sql_bind(q, "i", run);
	if ((r = sql_row(c->inv, q, err)) < 0)
		return r;
	c->undoes = r ? sql_int(q, 0) : 0;
	return OK;
}

static int prepare_rows(struct recorder *c, struct error *err) {
	int r;

	/* The date stays until the server confirms; a row without one had none to lose. */
	if ((r = sql_prepare(c->inv,
	                     "UPDATE mailbox SET state = 'connected',"
	                     " kept = coalesce(disconnected, kept), disconnected = NULL,"
	                     " connected_run = ?2, owner = ?3 WHERE id = ?1",
	                     &c->connect_row, err)) < 0)
		return r;
	return sql_prepare(
	        c->inv,
	        "UPDATE mailbox SET state = 'disabled', disconnected = coalesce(kept, ?2),"
	        " kept = NULL, connected_run = NULL, owner = NULL WHERE id = ?1",
	        &c->disconnect_row, err);
}

static int prepare_wish(struct recorder *c, struct error *err) {
	int r;

	if ((r = sql_prepare(
	             c->inv,
	             "INSERT INTO applied (manifest, name, manifest_written, name_written, wish,"
	             " mailbox, user, mailbox_text, user_text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	             " ON CONFLICT (manifest, name) DO UPDATE SET wish = excluded.wish,"
	             " manifest_written = excluded.manifest_written,"
	             " name_written = excluded.name_written,"
	             " mailbox = excluded.mailbox, user = excluded.user,"
	             " mailbox_text = excluded.mailbox_text, user_text = excluded.user_text"
	             " WHERE wish <> excluded.wish OR mailbox IS NOT excluded.mailbox"
	             " OR manifest_written <> excluded.manifest_written"
	             " OR name_written <> excluded.name_written"
	             " OR user <> excluded.user OR mailbox_text <> excluded.mailbox_text"
	             " OR user_text IS NOT excluded.user_text",
	             &c->set_applied, err)) < 0 ||
	    (r = sql_prepare(c->inv,
	                     "UPDATE condition SET released = NULL, failures = 0,"
	                     " next_try = NULL, undone = 0, undone_at = NULL, undone_what = ''"
	                     " WHERE manifest = ? AND name = ?"
	                     " AND (released IS NOT NULL OR failures OR undone)",
	                     &c->forget, err)) < 0)
		return r;
	return sql_prepare(c->inv, "DELETE FROM undone WHERE mailbox = ? AND user = ?", &c->lift,
	                   err);
}

static int prepare_undo(struct recorder *c, struct error *err) {
	int r = sql_prepare(c->inv,
	                    "SELECT connection FROM change WHERE run = ? AND mailbox = ?"
	                    " AND user = ? AND connection IS NOT NULL ORDER BY id DESC LIMIT 1",
	                    &c->find_done, err);

	return r < 0 ? r
	             : sql_prepare(c->inv,
	                           "INSERT OR REPLACE INTO undone (mailbox, user, run, connected,"
	                           " reconnect, mailbox_text, user_text, wish)"
	                           " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	                           &c->suspend, err);
}

int recorder_init(struct recorder *c, struct inventory *inv, int64_t run, struct error *err) {
	int r;

	*c = (struct recorder){ .inv = inv };
	if ((r = find_undoes(c, run, err)) < 0 || (r = prepare_rows(c, err)) < 0 ||
	    (r = c->undoes ? prepare_undo(c, err) : prepare_wish(c, err)) < 0)
		return r;
	return audit_init(&c->audit, inv, err);
}

void recorder_done(struct recorder *c) {
	sql_finalize(&c->connect_row);
	sql_finalize(&c->disconnect_row);
	sql_finalize(&c->set_applied);
	sql_finalize(&c->forget);
	sql_finalize(&c->lift);
	sql_finalize(&c->find_done);
	sql_finalize(&c->suspend);
	audit_done(&c->audit);
}

/* ---- the wish, or its suspension ---- */

static int set_wish(struct recorder *c, struct arena *a, const struct deed *d, struct error *err) {
	const char *manifest = text_fold(a, d->manifest), *name = text_fold(a, d->name);
	int r = sql_run(c->inv, c->set_applied, err, "sssssgsss", manifest, name, d->manifest,
	                d->name, d->connection.wish, d->mailbox, d->user,
	                d->connection.mailbox_text, d->connection.user_text);

	if (r < 0 || (r = sql_run(c->inv, c->forget, err, "ss", manifest, name)) < 0)
		return r;
	return sql_run(c->inv, c->lift, err, "gs", d->mailbox, d->user);
}

int record_wish(struct recorder *c, const struct deed *d, struct error *err) {
	struct arena *a = arena_new();
	int r = c->undoes ? OK : set_wish(c, a, d, err);

	arena_free(a);
	return r;
}

/* How the connection stood in the run that is taken back. */
static int find_done(struct recorder *c, struct arena *a, const struct deed *d,
                     struct image_connection *ret, struct error *err) {
	sql_bind(c->find_done, "igs", c->undoes, d->mailbox, d->user);
	int r = sql_row(c->inv, c->find_done, err);

	/* inventory_done() gives nothing to undo of which this is not known. */
	*ret = d->connection;
	ret->reconnect = true;
	if (r > 0)
		r = image_connection_read(a, sql_text(a, c->find_done, 0),
		                          arena_printf(a, "run %" PRId64, c->undoes), ret, err);
	(void)sqlite3_reset(c->find_done);
	return r;
}

static int suspend(struct recorder *c, const struct deed *d, struct error *err) {
	struct arena *a = arena_new();
	struct image_connection then;
	int r = find_done(c, a, d, &then, err);

	if (r == OK)
		r = sql_run(c->inv, c->suspend, err, "gsiiisss", d->mailbox, d->user, c->undoes,
		            (int64_t)(d->connection.action == ACTION_DISCONNECT),
		            (int64_t)then.reconnect, then.mailbox_text, then.user_text, then.wish);
	arena_free(a);
	return r;
}

/* ---- audit and rows ---- */

static int add_change(struct recorder *c, const struct deed *d, const struct image_change *change,
                      const char *result, const char *connection, struct error *err) {
	char mailbox[GUID_TEXT];
	struct audit_row row = { .run = d->run,
		                 .at = d->now,
		                 .manifest = d->manifest,
		                 .name = d->name,
		                 .mailbox = guid_text(d->mailbox, mailbox),
		                 .user = d->user,
		                 .user_dn = d->user_dn,
		                 .target = change->target,
		                 .attribute = change->attribute,
		                 .before = change->before,
		                 .after = change->after,
		                 .result = result,
		                 .message = d->message,
		                 .connection = connection };

	return audit_add(&c->audit, &row, err);
}

static int add_changes(struct recorder *c, const struct deed *d, struct error *err) {
	struct arena *a = arena_new();
	const char *connection = image_connection(a, &d->connection);
	int r = OK;

	for (size_t i = 0; i < d->n_changes && r == OK; i++)
		r = add_change(c, d, d->changes + i, "applied", i ? NULL : connection, err);
	arena_free(a);
	return r;
}

static int connect_row(struct recorder *c, const struct deed *d, struct error *err) {
	struct guid owner = { 0 };

	/* OpenLDAP's users without an entryUUID are known by their DN, which is no GUID. */
	if (!guid_parse(d->user, &owner))
		owner = (struct guid){ 0 };
	return sql_run(c->inv, c->connect_row, err, "iig", d->mailbox_row, d->run, owner);
}

static int set_row(struct recorder *c, const struct deed *d, struct error *err) {
	if (!d->mailbox_row)
		return OK;
	if (image_sets(d->changes, d->n_changes, MAILBOX_CONNECTED))
		return connect_row(c, d, err);
	if (!image_sets(d->changes, d->n_changes, MAILBOX_DISABLED))
		return OK;
	return sql_run(c->inv, c->disconnect_row, err, "ii", d->mailbox_row,
	               d->disconnected != INT64_MIN ? d->disconnected : d->now);
}

int record_applied(struct recorder *c, const struct deed *d, struct error *err) {
	int r;

	if ((r = set_row(c, d, err)) < 0 ||
	    (r = c->undoes ? suspend(c, d, err) : record_wish(c, d, err)) < 0)
		return r;
	return add_changes(c, d, err);
}

int record_failed(struct recorder *c, const struct deed *d, struct error *err) {
	static const struct image_change whole = { "", "", "[]", "[]" };

	return add_change(c, d, &whole, "failed", NULL, err);
}
