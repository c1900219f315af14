/* Which mailboxes may be connected at all: interface.md's reasons about the mailbox. */
#include <string.h>

#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "reconcile/powershell.h"

/* MailboxTypeDetail of what Connect-Mailbox makes; anything else has a life of its own. */
static bool usual_type_detail(const char *detail) {
	static const char *const usual[] = { "",
		                             "UserMailbox",
		                             "LinkedMailbox",
		                             "SharedMailbox",
		                             "RoomMailbox",
		                             "EquipmentMailbox" };

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (text_same(detail, usual[i]))
			return true;
	return false;
}

static bool usual_recipient_type(int64_t details) {
	return details == 1 || details == 2 || details == 4 || details == 16 || details == 32;
}

static void special(struct decision *d) {
	if (d->row || d->user)
		asks(d, "mailbox-special");
	if (d->row && !usual_type_detail(d->row->type_detail))
		reason(d, "mailbox-special",
		       "mailbox \"%s\" is %s %s, which serves Exchange itself and is never "
		       "connected",
		       d->c->mailbox, text_article(d->row->type_detail), d->row->type_detail);
	if (d->row && d->row->move_destination)
		reason(d, "mailbox-special",
		       "mailbox \"%s\" is the destination of a move that has not ended",
		       d->c->mailbox);
	if (!d->user || mail_enabled(d->user) || !entry_has(d->user, ATTR_MAILBOX_GUID) ||
	    !entry_has(d->user, ATTR_HOME_MDB))
		return;
	const char *details = entry_text(d->user, ATTR_RECIPIENT_TYPE_DETAILS);
	if (!usual_recipient_type(entry_int(d->user, ATTR_RECIPIENT_TYPE_DETAILS, 0)))
		reason(d, "mailbox-special",
		       "%s has a mailbox of another kind (msExchRecipientTypeDetails %s), which is "
		       "never touched",
		       d->user->dn, details ? details : "is absent");
}

static void owned(struct decision *d) {
	struct buf who = { 0 };
	char text[GUID_TEXT];
	struct value v = { (const char *)d->mailbox.bytes, sizeof(d->mailbox.bytes) };

	for (size_t i = 0; i < d->n_owners; i++)
		buf_printf(&who, "%s%s (%s)", i ? ", " : "", d->owners[i]->dn,
		           entry_holds(d->owners[i], ATTR_MAILBOX_GUID, v) ? "msExchMailboxGuid"
		                                                           : "msExchArchiveGUID");
	reason(d, "mailbox-owned",
	       "mailbox %s belongs to %s; disconnect it there first, or correct "
	       "`mailbox` or `user`",
	       guid_text(d->mailbox, text), who.data);
	buf_done(&who);
}

static void owned_but_broken(struct decision *d) {
	if (mail_enabled(d->user))
		reason(d, "user-mail-enabled",
		       "%s holds this mailbox's GUID but is a mail user or a remote mailbox",
		       d->user->dn);
	else
		reason(d, d->c->archive ? "user-has-archive" : "user-has-mailbox",
		       "%s holds this mailbox's GUID already, but without %s; mend or clear it by "
		       "hand",
		       d->user->dn, d->c->archive ? "msExchArchiveDatabaseLink" : "homeMDB");
}

static void soft_deleted(struct decision *d) {
	const char *upn = d->user ? entry_text(d->user, ATTR_USER_PRINCIPAL_NAME) : NULL;
	const char *name = upn ? upn : d->user ? d->user->dn : NULL;
	/* PowerShell takes no `<`: what is still to be filled in cannot be run. */
	const char *target = name ? ps_quoted(d->a, name) : "<TARGET>";
	char text[GUID_TEXT];

	reason(d, "mailbox-soft-deleted",
	       "mailbox \"%s\" is left over from a move and cannot be connected; restore it by: "
	       "New-MailboxRestoreRequest -SourceDatabase %s -SourceStoreMailbox %s -TargetMailbox "
	       "%s",
	       d->c->mailbox, ps_quoted(d->a, d->item->database), guid_text(d->mailbox, text),
	       target);
}

static void lagging(struct decision *d) {
	unless(d, CONSENT_STORE_LAGS, "store-lags",
	       "nobody owns mailbox \"%s\" and its database has not noticed yet; run: %s, and "
	       "import "
	       "again",
	       d->c->mailbox, ps_update_state(d->a, d->item->database, d->mailbox));
}

/* A pinned mailbox may have no row here, or one that the last import did not find. */
static void gone(struct decision *d) {
	char text[GUID_TEXT], seen[TIMESTAMP_TEXT];

	if (d->row)
		reason(d, "mailbox-not-found",
		       "mailbox %s is no longer in database %s; it was last seen at %s",
		       guid_text(d->mailbox, text), d->item->database,
		       timestamp_text(d->row->last_seen, seen));
	else
		reason(d, "mailbox-not-found", "mailbox %s is not in database %s",
		       guid_text(d->mailbox, text), d->item->database);
}

void rules_of_mailbox(struct decision *d) {
	special(d);
	if (d->owners_known && d->user)
		asks(d, "mailbox-owned");
	if (d->ownership == OWNER_OTHER)
		owned(d);
	if (d->ownership == OWNER_WANTED_BROKEN)
		owned_but_broken(d);
	if (d->ownership != OWNER_NOBODY)
		return;
	if (!d->row || d->row->vanished != TIMESTAMP_NONE) {
		if (d->database)
			gone(d);
		return;
	}
	asks(d, "mailbox-soft-deleted");
	asks(d, "store-lags");
	if (d->row->state == MAILBOX_SOFT_DELETED)
		soft_deleted(d);
	if (d->row->disconnected == TIMESTAMP_NONE)
		lagging(d);
}
