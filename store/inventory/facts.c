#include "store/inventory/facts.h"

#include <stddef.h>
#include <string.h>

#define TOLD(field) offsetof(struct told, field)

const struct column told_columns[TOLD_COLUMNS] = {
	[TOLD_DISPLAY_NAME] = { { "DisplayName", NULL }, MUST_HAVE, take_text, TOLD(display_name) },
	[TOLD_GUID] = { { "MailboxGuid", "ExchangeGuid" }, MUST_BE_SAID, take_guid, TOLD(guid) },
	[TOLD_LEGACY_DN] = { { "LegacyDN", "LegacyExchangeDN" },
	                     MUST_HAVE,
	                     take_text,
	                     TOLD(legacy_dn) },
	[TOLD_DATABASE] = { { "Database", "DatabaseName" },
	                    MUST_BE_SAID,
	                    take_text,
	                    TOLD(database) },
	[TOLD_DATE] = { { "DisconnectDate", NULL }, MAY_LACK, take_date, TOLD(disconnected) },
	[TOLD_REASON] = { { "DisconnectReason", NULL }, MAY_LACK, take_reason, TOLD(reason) },
	[TOLD_ARCHIVE] = { { "IsArchiveMailbox", NULL }, MAY_LACK, take_bool, TOLD(archive) },
	[TOLD_ITEMS] = { { "ItemCount", NULL }, MAY_LACK, take_count, TOLD(items) },
	[TOLD_BYTES] = { { "TotalItemSize", NULL }, MAY_LACK, take_size, TOLD(bytes) },
	[TOLD_LAST_LOGON] = { { "LastLogonTime", NULL }, MAY_LACK, take_date, TOLD(last_logon) },
	[TOLD_SERVER] = { { "ServerName", NULL }, MAY_LACK, take_text, TOLD(server) },
	[TOLD_OWNER] = { { "OwnerADGuid", NULL }, MAY_LACK, take_guid, TOLD(owner) },
	[TOLD_TYPE_DETAIL] = { { "MailboxTypeDetail", NULL },
	                       MAY_LACK,
	                       take_type_detail,
	                       TOLD(type_detail) },
	[TOLD_MOVE_DESTINATION] = { { "IsMoveDestination", NULL },
	                            MAY_LACK,
	                            take_bool,
	                            TOLD(move_destination) },
};

/* A date is what makes a mailbox disconnected; a soft-deleted one is so without, too. */
static enum mailbox_state state_of(const struct told *t) {
	if (t->reason == REASON_SOFT_DELETED)
		return MAILBOX_SOFT_DELETED;
	return t->disconnected == TIMESTAMP_NONE ? MAILBOX_CONNECTED : MAILBOX_DISABLED;
}

static void tell_state(struct facts *f, const struct told *t, const bool there[TOLD_COLUMNS]) {
	enum mailbox_state state = state_of(t);

	/* The server's old mark: it was not told yet that we connected the mailbox. */
	if (f->kept != TIMESTAMP_NONE && t->disconnected == f->kept)
		return;
	/* Without the column nothing says that what was soft-deleted could be connected now. */
	if (!there[TOLD_REASON] && f->state == MAILBOX_SOFT_DELETED && state == MAILBOX_DISABLED)
		state = MAILBOX_SOFT_DELETED;
	f->state = state;
	if (there[TOLD_DATE])
		f->disconnected = t->disconnected;
	f->kept = TIMESTAMP_NONE;
	if (state != MAILBOX_CONNECTED)
		f->connected_run = TIMESTAMP_NONE;
}

/* An inventory that names no owner says nothing about him, unless the mailbox changed hands. */
static void tell_owner(struct facts *f, const struct told *t, enum mailbox_state before) {
	if (!guid_none(t->owner) || f->state != before)
		f->owner = t->owner;
}

struct facts facts_after(const struct told *t, const bool there[TOLD_COLUMNS],
                         const struct facts *old) {
	static const struct facts fresh = { .display_name = "",
		                            .legacy_dn = "",
		                            .type_detail = "",
		                            .disconnected = TIMESTAMP_NONE,
		                            .kept = TIMESTAMP_NONE,
		                            .connected_run = TIMESTAMP_NONE,
		                            .items = TIMESTAMP_NONE,
		                            .bytes = TIMESTAMP_NONE,
		                            .last_logon = TIMESTAMP_NONE };
	struct facts f = old ? *old : fresh;
	enum mailbox_state before = f.state;

	f.display_name = t->display_name;
	f.legacy_dn = t->legacy_dn;
	if (there[TOLD_DATE] || t->reason == REASON_SOFT_DELETED)
		tell_state(&f, t, there);
	tell_owner(&f, t, before);
	if (there[TOLD_ARCHIVE])
		f.archive = t->archive;
	if (there[TOLD_ITEMS])
		f.items = t->items;
	if (there[TOLD_BYTES])
		f.bytes = t->bytes;
	if (there[TOLD_LAST_LOGON])
		f.last_logon = t->last_logon;
	if (there[TOLD_TYPE_DETAIL])
		f.type_detail = t->type_detail;
	if (there[TOLD_MOVE_DESTINATION])
		f.move_destination = t->move_destination;
	f.last_seen = f.vanished = TIMESTAMP_NONE;
	return f;
}

bool facts_same(const struct facts *x, const struct facts *y) {
	return strcmp(x->display_name, y->display_name) == 0 &&
	       strcmp(x->legacy_dn, y->legacy_dn) == 0 &&
	       strcmp(x->type_detail, y->type_detail) == 0 && x->archive == y->archive &&
	       x->move_destination == y->move_destination && x->state == y->state &&
	       x->disconnected == y->disconnected && x->kept == y->kept &&
	       x->connected_run == y->connected_run && x->items == y->items &&
	       x->bytes == y->bytes && x->last_logon == y->last_logon &&
	       guid_equal(x->owner, y->owner) && x->last_seen == y->last_seen &&
	       x->vanished == y->vanished;
}
