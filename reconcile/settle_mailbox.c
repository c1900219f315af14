/* Which database and which mailbox a connection means. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "spec/keys.h"

const struct database_row *database_row_of(const struct decision *d, const struct entry *e) {
	size_t n;
	const struct database_row *rows = world_databases(d->w, &n), *by_name = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!guid_none(rows[i].guid) && guid_equal(rows[i].guid, e->guid))
			return rows + i;
		bool other = !guid_none(rows[i].guid) && !guid_none(e->guid);
		if (!other && entry_named(e, rows[i].folded))
			by_name = rows + i;
	}
	return by_name;
}

void settle_database(struct decision *d) {
	struct answer all;

	if (!ask_class(d, "msExchPrivateMDB", &all))
		return;
	const struct entry **hits = ARENA_ARRAY(d->a, const struct entry *, all.n + 1);
	asks(d, "database-not-found");
	asks(d, "database-ambiguous");
	size_t n = match_objects(d, &all, d->c->database, hits, all.n);
	if (n == 0)
		reason(d, "database-not-found",
		       "no mailbox database \"%s\" is in the directory; give its name, DN or GUID",
		       d->c->database);
	if (n > 1)
		reason(d, "database-ambiguous",
		       "%zu mailbox databases are called \"%s\"; write the one you mean: %s", n,
		       d->c->database, lines_for(d, "database", hits, n));
	if (n != 1)
		return;
	d->database = hits[0];
	d->database_row = database_row_of(d, hits[0]);
	d->item->database = dn_name(d->a, hits[0]->dn);
}

const char *database_name(struct decision *d, const struct database_row *row) {
	struct answer all = world_ask(d->w, KEY_CLASS, "msexchprivatemdb");

	if (all.state == ANSWER_NOT_ASKED)
		keys_add(d->needs, KEY_CLASS, "msexchprivatemdb");
	for (size_t i = 0; i < all.n; i++)
		if (database_row_of(d, all.entries[i]) == row)
			return dn_name(d->a, all.entries[i]->dn);
	return row->name;
}

static bool ask_rows(struct decision *d, struct answer *ret) {
	const char *text = d->c->mailbox;
	struct guid guid;
	char guid_form[GUID_TEXT];

	switch (mailbox_key_parse(text, &guid)) {
	case MAILBOX_BY_GUID:
		return ask(d, KEY_ROW_GUID, guid_text(guid, guid_form), ret);
	case MAILBOX_BY_LEGACY_DN:
		return ask(d, KEY_ROW_LEGACY_DN, text_fold(d->a, text), ret);
	case MAILBOX_BY_NAME:
		break;
	}
	return ask(d, KEY_ROW_NAME, text_fold(d->a, text), ret);
}

static void not_found(struct decision *d, const struct answer *rows) {
	const struct mailbox_row *gone = NULL, *elsewhere = NULL;
	char text[TIMESTAMP_TEXT];

	for (size_t i = 0; i < rows->n; i++) {
		if (rows->rows[i]->database == d->database_row)
			gone = rows->rows[i];
		else if (rows->rows[i]->vanished == TIMESTAMP_NONE)
			elsewhere = rows->rows[i];
	}
	if (gone)
		reason(d, "mailbox-not-found",
		       "mailbox \"%s\" is no longer in database %s; it was last seen at %s",
		       d->c->mailbox, d->item->database, timestamp_text(gone->last_seen, text));
	else if (elsewhere)
		reason(d, "mailbox-not-found",
		       "database %s has no mailbox \"%s\", but database %s has; correct `database`",
		       d->item->database, d->c->mailbox, database_name(d, elsewhere->database));
	else if (!d->database_row)
		reason(d, "mailbox-not-found",
		       "nothing is known of the mailboxes of database %s; run `mbxctl store "
		       "import` "
		       "with its Get-MailboxStatistics",
		       d->item->database);
	else
		reason(d, "mailbox-not-found", "database %s has no mailbox \"%s\"",
		       d->item->database, d->c->mailbox);
}

/* Leaves those of a list that `keep` wants, unless that would leave none. */
static void narrow(const struct mailbox_row **list, size_t *n, const struct connection *c,
                   bool (*keep)(const struct mailbox_row *, const struct connection *)) {
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		kept += keep(list[i], c);
	if (!kept || kept == *n)
		return;
	kept = 0;
	for (size_t i = 0; i < *n; i++)
		if (keep(list[i], c))
			list[kept++] = list[i];
	*n = kept;
}

static bool of_kind(const struct mailbox_row *row, const struct connection *c) {
	return row->archive == c->archive;
}

static bool not_soft_deleted(const struct mailbox_row *row, const struct connection *c) {
	(void)c;
	return row->state != MAILBOX_SOFT_DELETED;
}

static void ambiguous(struct decision *d, const struct mailbox_row **list, size_t n) {
	static const char *const why[] = {
		[MAILBOX_BY_NAME] = "has this display name",
		[MAILBOX_BY_GUID] = "has this GUID",
		[MAILBOX_BY_LEGACY_DN] = "has this legacyExchangeDN",
	};
	struct guid guid;

	reason(d, "mailbox-ambiguous",
	       "%zu mailboxes of database %s are called \"%s\"; write the GUID of the one you mean",
	       n, d->item->database, d->c->mailbox);
	for (size_t i = 0; i < n; i++)
		candidate_row(d, list[i], why[mailbox_key_parse(d->c->mailbox, &guid)]);
}

static void by_text(struct decision *d, const struct answer *rows, const struct mailbox_row **list,
                    size_t n) {
	asks(d, "mailbox-not-found");
	asks(d, "mailbox-ambiguous");
	narrow(list, &n, d->c, of_kind);
	narrow(list, &n, d->c, not_soft_deleted);
	if (n == 0)
		not_found(d, rows);
	else if (n > 1)
		ambiguous(d, list, n);
	else
		d->row = list[0];
	if (d->row)
		d->mailbox = d->row->guid;
}

/* A pinned mailbox stands as long as it exists and its text does not lead to others only. */
static void by_pin(struct decision *d, const struct mailbox_row **list, size_t n) {
	char text[GUID_TEXT];
	struct answer rows, owners;
	bool there = false, led = n == 0;

	guid_text(d->pin->mailbox, text);
	asks(d, "identity-changed");
	if (!ask(d, KEY_ROW_GUID, text, &rows) || !ask(d, owner_key(d->c->archive), text, &owners))
		return;
	for (size_t i = 0; i < n; i++)
		led |= guid_equal(list[i]->guid, d->pin->mailbox);
	for (size_t i = 0; i < rows.n; i++) {
		there |= rows.rows[i]->vanished == TIMESTAMP_NONE;
		if (rows.rows[i]->database == d->database_row)
			d->row = rows.rows[i];
	}
	if (!led || (!there && owners.n == 0)) {
		char other[GUID_TEXT];
		const char *now =
		        n ? arena_printf(d->a, "mailbox %s", guid_text(list[0]->guid, other))
		          : "nothing any more";
		reason(d, "identity-changed",
		       "\"%s\" meant mailbox %s when it was last applied and now means %s; edit "
		       "`mailbox` (its GUID is surest)",
		       d->c->mailbox, text, now);
		d->row = NULL;
		return;
	}
	d->mailbox = d->pin->mailbox;
}

void settle_mailbox(struct decision *d) {
	struct answer rows;
	size_t n = 0;

	/* A text is sought in a database; a pin needs none. */
	if ((!d->database && !d->pin) || !ask_rows(d, &rows))
		return;
	const struct mailbox_row **list = ARENA_ARRAY(d->a, const struct mailbox_row *, rows.n + 1);
	for (size_t i = 0; i < rows.n; i++)
		if (d->database_row && rows.rows[i]->database == d->database_row &&
		    rows.rows[i]->vanished == TIMESTAMP_NONE)
			list[n++] = rows.rows[i];
	if (d->pin)
		by_pin(d, list, n);
	else
		by_text(d, &rows, list, n);
	if (guid_none(d->mailbox))
		return;
	d->item->mailbox = d->mailbox;
	d->item->row = d->row;
	asks(d, "mailbox-kind");
	if (d->row && d->row->archive != d->c->archive)
		reason(d, "mailbox-kind",
		       d->c->archive ? "mailbox \"%s\" is no archive; leave `archive: true` away"
		                     : "mailbox \"%s\" is an archive; write `archive: true` to "
		                       "connect it as one",
		       d->c->mailbox);
	char text[GUID_TEXT];
	guid_text(d->mailbox, text);
	claim(d, CLAIM_MAILBOX, arena_strdup(d->a, text), d->c->mailbox);
}
