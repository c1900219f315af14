#include "reconcile/undo.h"

#include <inttypes.h>
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/decide.h"

struct connection undo_connection_of(struct arena *a, const struct done *done) {
	return (struct connection){ .manifest = done->manifest,
		                    .name = done->name,
		                    .mailbox = done->mailbox_text,
		                    .user = done->user_text,
		                    .database = "",
		                    .archive = done->archive,
		                    .at = { arena_printf(a, "run %" PRId64, done->run), 0, 0 } };
}

static bool is(const struct entry *e, const struct change *c, const struct value *v, size_t n) {
	size_t have;
	const struct value *values = entry_values(e, c->id, &have);

	return values_equal(c->id, values, have, v, n);
}

/* The attribute as the run found it, unless somebody changed it since. */
static void take_back(struct decision *d, const struct change *c) {
	if (entry_incomplete(d->seen, c->id))
		reason(d, "read-incomplete", "not all values of %s of %s could be read",
		       attributes[c->id].name, d->user->dn);
	else if (is(d->seen, c, c->after, c->n_after))
		change_back_to(d, c->id, c->before, c->n_before);
	else if (!is(d->seen, c, c->before, c->n_before))
		warning(d, "left-alone", "%s was changed since by somebody else and stays as it is",
		        attributes[c->id].name);
}

/* A row that an update set belongs to a user who keeps the mailbox: no purge begins. */
static void take_back_row(struct decision *d, const struct done *done) {
	char date[TIMESTAMP_TEXT];
	const struct mailbox_row *row = d->row;

	if (!(done->connected || done->row) || !row || row->state != MAILBOX_CONNECTED)
		return;
	int64_t from = row->kept != TIMESTAMP_NONE ? row->kept : d->now;
	if (!done->connected && row->kept == TIMESTAMP_NONE) {
		warning(d, "left-alone",
		        "the server confirmed since that the mailbox is connected; the row stays "
		        "so");
		return;
	}
	change_store(d, "state", mailbox_state_names[MAILBOX_CONNECTED],
	             mailbox_state_names[MAILBOX_DISABLED]);
	if (!done->connected)
		return;
	d->item->disconnected = from;
	d->item->purge = from + row->database->retention;
	warning(d, "purge-starts", "the mailbox is disconnected again and will be purged at %s",
	        timestamp_text(d->item->purge, date));
}

static bool settle(struct decision *d, const struct done *done) {
	struct guid guid;
	char text[GUID_TEXT];
	struct answer users, rows;
	bool known = ask(d, guid_parse(done->user, &guid) ? KEY_USER_GUID : KEY_USER_DN, done->user,
	                 &users);

	if (!ask(d, KEY_ROW_GUID, guid_text(done->mailbox, text), &rows) || !known)
		return false;
	for (size_t i = 0; i < rows.n; i++)
		if (rows.rows[i]->archive == done->archive &&
		    (!d->row || rows.rows[i]->state == MAILBOX_CONNECTED))
			d->row = rows.rows[i];
	d->user = d->seen = users.n ? users.entries[0] : NULL;
	d->item->user = d->user;
	d->item->row = d->row;
	d->item->database = d->row ? database_name(d, d->row->database) : NULL;
	if (!d->user)
		warning(d, "left-alone", "%s is gone; nothing of it can be taken back", done->dn);
	return d->user != NULL;
}

static enum action action_of(const struct item *item, bool connected) {
	for (size_t i = 0; i < item->reasons.n; i++)
		if (!code_unknown(item->reasons.v[i].code))
			return ACTION_BLOCKED;
	if (item->reasons.n)
		return ACTION_UNKNOWN;
	if (!item->changes.n)
		return ACTION_NONE;
	return connected ? ACTION_DISCONNECT : ACTION_UPDATE;
}

void plan_undo(struct arena *a, const struct connection *c, const struct done *done,
               const struct world *w, int64_t now, const struct item *earlier, struct keys *needs,
               struct item *ret) {
	struct decision d = { .a = a, .c = c, .w = w, .now = now, .needs = needs, .item = ret };
	struct value v = { (const char *)done->mailbox.bytes, sizeof(done->mailbox.bytes) };

	*ret = (struct item){ .connection = c,
		              .mailbox = done->mailbox,
		              .disconnected = TIMESTAMP_NONE,
		              .purge = TIMESTAMP_NONE };
	d.mailbox = done->mailbox;
	if (settle(&d, done)) {
		if (earlier && item_writes(earlier)) {
			d.seen = after_item(a, d.user, earlier);
			ret->after_partner = true;
		}
		bool ours = entry_holds(d.user,
		                        done->archive ? ATTR_ARCHIVE_GUID : ATTR_MAILBOX_GUID, v);
		if (!ours)
			warning(&d, "left-alone",
			        "%s does not have this mailbox any more; nothing is taken back "
			        "from it",
			        d.user->dn);
		for (size_t i = 0; ours && i < done->n; i++)
			if (!done->changes[i].store)
				take_back(&d, done->changes + i);
		if (ours)
			take_back_row(&d, done);
	}
	ret->action = action_of(ret, done->connected);
	if (!item_writes(ret))
		item_writes_nothing(ret);
	ret->wish = "";
	item_fingerprint(ret);
}
