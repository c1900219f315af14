#include "store/inventory/record.h"

#include "base/text.h"

int recorder_init(struct recorder *c, struct inventory *inv, struct error *err) {
	int r;

	*c = (struct recorder){ .inv = inv };
	/* The date stays until the server confirms; a row without one had none to lose. */
	if ((r = sql_prepare(inv,
	                     "UPDATE mailbox SET state = 'connected',"
	                     " kept = coalesce(disconnected, kept), disconnected = NULL,"
	                     " connected_run = ?2, owner = ?3 WHERE id = ?1",
	                     &c->set_row, err)) < 0 ||
	    (r = sql_prepare(
	             inv,
	             "INSERT INTO applied (manifest, name, wish, mailbox, user, mailbox_text,"
	             " user_text) VALUES (?, ?, ?, ?, ?, ?, ?)"
	             " ON CONFLICT (manifest, name) DO UPDATE SET wish = excluded.wish,"
	             " mailbox = excluded.mailbox, user = excluded.user,"
	             " mailbox_text = excluded.mailbox_text, user_text = excluded.user_text"
	             " WHERE wish <> excluded.wish OR mailbox IS NOT excluded.mailbox"
	             " OR user <> excluded.user OR mailbox_text <> excluded.mailbox_text"
	             " OR user_text IS NOT excluded.user_text",
	             &c->set_applied, err)) < 0)
		return r;
	return audit_init(&c->audit, inv, err);
}

void recorder_done(struct recorder *c) {
	sql_finalize(&c->set_row);
	sql_finalize(&c->set_applied);
	audit_done(&c->audit);
}

int record_wish(struct recorder *c, const struct deed *d, struct error *err) {
	struct arena *a = arena_new();
	int r = sql_run(c->inv, c->set_applied, err, "sssgsss", text_fold(a, d->manifest),
	                text_fold(a, d->name), d->wish, d->mailbox, d->user, d->mailbox_text,
	                d->user_text);

	arena_free(a);
	return r;
}

static int add_change(struct recorder *c, const struct deed *d, const struct image_change *change,
                      const char *result, struct error *err) {
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
		                 .message = d->message };

	return audit_add(&c->audit, &row, err);
}

static int connect_row(struct recorder *c, const struct deed *d, struct error *err) {
	struct guid owner = { 0 };

	/* OpenLDAP's users without an entryUUID are known by their DN, which is no GUID. */
	if (!guid_parse(d->user, &owner))
		owner = (struct guid){ 0 };
	return sql_run(c->inv, c->set_row, err, "iig", d->mailbox_row, d->run, owner);
}

int record_applied(struct recorder *c, const struct deed *d, struct error *err) {
	int r = OK;

	if (d->mailbox_row && image_connects(d->changes, d->n_changes))
		r = connect_row(c, d, err);
	if (r == OK)
		r = record_wish(c, d, err);
	for (size_t i = 0; i < d->n_changes && r == OK; i++)
		r = add_change(c, d, d->changes + i, "applied", err);
	return r;
}

int record_failed(struct recorder *c, const struct deed *d, struct error *err) {
	static const struct image_change whole = { "", "", "[]", "[]" };

	return add_change(c, d, &whole, "failed", err);
}
