/* Connecting an archive: five attributes of a user who has a primary, or gets it in this plan. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"

enum { ELC_RETENTION = 2, ELC_ARCHIVE = 32 };

static void check_user(struct decision *d) {
	asks(d, "user-no-primary");
	asks(d, "user-has-archive");
	if (!entry_has(d->seen, ATTR_MAILBOX_GUID) || !entry_has(d->seen, ATTR_HOME_MDB))
		reason(d, "user-no-primary",
		       "%s has no mailbox that the archive could belong to; connect the primary "
		       "first, or "
		       "in the same manifests",
		       d->user->dn);
	if (entry_has(d->seen, ATTR_ARCHIVE_GUID) || entry_has(d->seen, ATTR_ARCHIVE_DATABASE_LINK))
		reason(d, "user-has-archive",
		       "%s has an archive already; correct `user`, or disconnect that one first",
		       d->user->dn);
	check_mail_enabled(d);
}

/* The row of the user's primary: of several the one in homeMDB's database. */
static bool primary_row(struct decision *d, const struct mailbox_row **ret) {
	struct guid guid;
	struct answer rows, databases;
	char text[GUID_TEXT];
	size_t n, left = 0;
	const struct value *v = entry_values(d->seen, ATTR_MAILBOX_GUID, &n);
	const struct entry *home = NULL;

	*ret = NULL;
	if (!n || !guid_from_bytes(v[0].data, v[0].len, &guid))
		return true;
	if (!ask(d, KEY_ROW_GUID, guid_text(guid, text), &rows) ||
	    !ask_class(d, "msExchPrivateMDB", &databases))
		return false;
	if (entry_text(d->seen, ATTR_HOME_MDB))
		(void)match_objects(d, &databases, entry_text(d->seen, ATTR_HOME_MDB), &home, 1);
	for (size_t i = 0; i < rows.n; i++) {
		const struct mailbox_row *row = rows.rows[i];
		if (row->archive || row->vanished != TIMESTAMP_NONE)
			continue;
		left++;
		bool at_home = home && row->database == database_row_of(d, home);
		if (!*ret || at_home)
			*ret = row;
	}
	if (left > 1 && *ret && (!home || (*ret)->database != database_row_of(d, home)))
		*ret = NULL;
	return true;
}

static void check_legacy_dn(struct decision *d) {
	const char *wanted = d->row->legacy_dn, *own = entry_text(d->seen, ATTR_LEGACY_EXCHANGE_DN);
	const char *x500 = arena_printf(d->a, "X500:%s", wanted);
	const struct mailbox_row *primary;
	struct value v = { x500, strlen(x500) };

	if (has_reason(d->item, "user-no-primary") || !primary_row(d, &primary))
		return;
	asks(d, "legacy-dn-mismatch");
	/* An archive without one is tied to nobody. */
	bool tied = (own && text_same(own, wanted)) ||
	            entry_holds(d->seen, ATTR_PROXY_ADDRESSES, v) ||
	            (primary && text_same(primary->legacy_dn, wanted));
	if (*wanted && tied)
		return;
	unless(d, CONSENT_LEGACY_DN_MISMATCH, "legacy-dn-mismatch",
	       "the archive's legacyExchangeDN %s is neither that of %s nor that of its primary: "
	       "it "
	       "seems to be somebody else's; if not, agree by `allow: [legacyDNMismatch]`",
	       wanted, d->user->dn);
}

/* Somebody else may get this archive back by Enable-Mailbox -Archive. */
static void check_remembered(struct decision *d) {
	struct answer answer;
	char text[GUID_TEXT];
	struct value v = { (const char *)d->mailbox.bytes, sizeof(d->mailbox.bytes) };

	if (!ask(d, KEY_ARCHIVE_OWNER, guid_text(d->mailbox, text), &answer))
		return;
	for (size_t i = 0; i < answer.n; i++)
		if (answer.entries[i] != d->user &&
		    entry_holds(answer.entries[i], ATTR_DISABLED_ARCHIVE_GUID, v))
			reason(d, "mailbox-owned",
			       "archive %s is remembered by %s (msExchDisabledArchiveGUID); clear "
			       "it there first",
			       text, answer.entries[i]->dn);
}

static bool template_is_managed_folder(struct decision *d) {
	const char *link = entry_text(d->seen, ATTR_TEMPLATE_LINK);
	struct answer all;
	const struct entry *policy = NULL;

	return link && ask_class(d, "msExchMailboxRecipientTemplate", &all) &&
	       match_objects(d, &all, link, &policy, 1) && policy &&
	       policy_is_managed_folder(policy);
}

static void connect(struct decision *d) {
	struct value guid = { (const char *)d->item->mailbox.bytes,
		              sizeof(d->item->mailbox.bytes) };
	const char *name = entry_text(d->seen, ATTR_DISPLAY_NAME);
	int64_t flags = entry_int(d->seen, ATTR_ELC_FLAGS, 0) | ELC_ARCHIVE;

	check_user(d);
	check_legacy_dn(d);
	check_remembered(d);
	change_to(d, ATTR_ARCHIVE_GUID, &guid, 1);
	change_to_text(d, ATTR_ARCHIVE_DATABASE_LINK, d->database->dn);
	change_to_text(d, ATTR_ARCHIVE_NAME,
	               arena_printf(d->a, "In-Place Archive - %s",
	                            name ? name : dn_name(d->a, d->user->dn)));
	change_to_int(d, ATTR_ELC_FLAGS,
	              template_is_managed_folder(d) ? flags : flags | ELC_RETENTION);
	if (entry_holds(d->seen, ATTR_DISABLED_ARCHIVE_GUID, guid)) {
		change_to(d, ATTR_DISABLED_ARCHIVE_GUID, NULL, 0);
		change_to(d, ATTR_DISABLED_ARCHIVE_LINK, NULL, 0);
	}
	rules_of_schema(d);
	if (d->row->state != MAILBOX_CONNECTED)
		change_store(d, "state", mailbox_state_names[d->row->state],
		             mailbox_state_names[MAILBOX_CONNECTED]);
	asks(d, "reconnecting");
	if (disconnected_since(d))
		hold(d, "reconnecting", CONSENT_RECONNECT,
		     "mbxctl connected it before and it was disconnected since");
}

void plan_archive(struct decision *d) {
	if (d->ownership == OWNER_NOBODY)
		connect(d);
	else
		update_row(d, ATTR_ARCHIVE_DATABASE_LINK);
}
