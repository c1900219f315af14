/* Which users may be given a mailbox: interface.md's reasons about the user, at a connect. */
#include <string.h>

#include "base/sid.h"
#include "base/text.h"
#include "reconcile/decide.h"

static void list(struct decision *d, struct buf *out, enum attribute id) {
	size_t n;
	const struct value *values = entry_values(d->seen, id, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s %s", out->len ? ", " : "", attributes[id].name,
		           value_text(d->a, id, values[i]));
}

static void listed(struct decision *d, const char *code, struct buf *what, const char *advice) {
	if (what->len)
		reason(d, code, "%s has %s; %s", d->user->dn, what->data, advice);
	buf_done(what);
}

static void check_has_mailbox(struct decision *d) {
	struct buf mailbox = { 0 };

	asks(d, "user-has-mailbox");
	list(d, &mailbox, ATTR_MAILBOX_GUID);
	list(d, &mailbox, ATTR_HOME_MDB);
	listed(d, "user-has-mailbox", &mailbox,
	       "one user has one mailbox: correct `user`, or "
	       "disconnect the other mailbox first");
}

void check_mail_enabled(struct decision *d) {
	struct buf mail = { 0 };

	asks(d, "user-mail-enabled");
	if (!mail_enabled(d->seen))
		return;
	list(d, &mail, ATTR_TARGET_ADDRESS);
	list(d, &mail, ATTR_REMOTE_RECIPIENT_TYPE);
	if (entry_int(d->seen, ATTR_RECIPIENT_DISPLAY_TYPE, 0) < 0)
		list(d, &mail, ATTR_RECIPIENT_DISPLAY_TYPE);
	if (!entry_has(d->seen, ATTR_HOME_SERVER_NAME))
		list(d, &mail, ATTR_MAIL_NICKNAME);
	listed(d, "user-mail-enabled", &mail,
	       "it is a mail user or a remote mailbox: Disable-MailUser or Disable-RemoteMailbox "
	       "first");
}

/* A user mailbox has no master account, but on a disabled account that a person agreed to. */
static bool wanted_master_sid(const struct decision *d) {
	struct value self = { SID_SELF, SID_SELF_LEN };
	bool none =
	        d->type == TYPE_LINKED ? !d->master : d->type == TYPE_USER && !d->account_lifted;

	return !none && entry_holds(d->user, ATTR_MASTER_ACCOUNT_SID,
	                            d->type == TYPE_LINKED ? d->master_sid : self);
}

static void leftovers(struct decision *d) {
	static const enum attribute links[] = { ATTR_MOBILE_POLICY_LINK, ATTR_TEMPLATE_LINK,
		                                ATTR_ADDRESS_BOOK_POLICY_LINK };
	struct buf what = { 0 };

	asks(d, "user-leftovers");
	list(d, &what, ATTR_ALT_RECIPIENT);
	list(d, &what, ATTR_GENERIC_FORWARDING);
	list(d, &what, ATTR_PUBLIC_DELEGATES);
	if (!wanted_master_sid(d))
		list(d, &what, ATTR_MASTER_ACCOUNT_SID);
	if (is_hidden(d->seen))
		list(d, &what, ATTR_HIDE_FROM_ADDRESS_LISTS);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (entry_has(d->user, links[i]) && !policy_link_managed(d, links[i]))
			list(d, &what, links[i]);
	if (what.len)
		unless(d, CONSENT_LEFTOVERS, "user-leftovers",
		       "%s has %s; this is left from an earlier mailbox and comes into force "
		       "again: clear "
		       "it first, or agree by `allow: [leftovers]`",
		       d->user->dn, what.data);
	buf_done(&what);
}

/* userAccountControl, bit 2 (MS-ADTS 2.2.16); a directory without it tells by slapo-ppolicy(5). */
bool account_disabled(const struct entry *user) {
	enum { ACCOUNTDISABLE = 2 };

	if (entry_has(user, ATTR_USER_ACCOUNT_CONTROL))
		return entry_int(user, ATTR_USER_ACCOUNT_CONTROL, 0) & ACCOUNTDISABLE;
	return entry_has(user, ATTR_PWD_ACCOUNT_LOCKED_TIME);
}

bool is_hidden(const struct entry *user) {
	const char *hidden = entry_text(user, ATTR_HIDE_FROM_ADDRESS_LISTS);

	return hidden && text_same(hidden, "TRUE");
}

void check_account(struct decision *d) {
	bool disabled = account_disabled(d->user);

	asks(d, d->type == TYPE_USER ? "account-disabled" : "account-enabled");
	if (d->type == TYPE_USER && disabled)
		d->account_lifted =
		        unless(d, CONSENT_DISABLED_ACCOUNT, "account-disabled",
		               "the account of %s is disabled; a user mailbox needs one that is "
		               "enabled: enable it, or agree by `allow: [disabledAccount]`",
		               d->user->dn);
	if (d->type == TYPE_LINKED && !disabled)
		reason(d, "account-enabled",
		       "the account of %s is enabled; the user of a linked mailbox needs one that "
		       "is "
		       "disabled, for it is the master account that logs on: disable it, or "
		       "correct "
		       "`type` or `user`",
		       d->user->dn);
	else if (d->type != TYPE_USER && !disabled)
		d->account_lifted = unless(
		        d, CONSENT_ENABLED_ACCOUNT, "account-enabled",
		        "the account of %s is enabled; %s %s mailbox needs one that is disabled: "
		        "disable it, correct `type` or `user`, or agree by `allow: "
		        "[enabledAccount]`",
		        d->user->dn, text_article(recipient_type_names[d->type]),
		        recipient_type_names[d->type]);
}

void rules_of_user(struct decision *d) {
	check_has_mailbox(d);
	check_mail_enabled(d);
	check_account(d);
	rules_of_master(d);
	leftovers(d);
}
