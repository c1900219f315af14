/* The differences of a mailbox that belongs to the wanted user: only what the manifest says. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"

/* A linked mailbox that stays one, and whose account is another than the wanted. */
static void update_master(struct decision *d) {
	const char *old = entry_text(d->user, ATTR_MASTER_ACCOUNT_SID);
	size_t n;

	asks(d, "relinking");
	if (!d->master || entry_holds(d->user, ATTR_MASTER_ACCOUNT_SID, d->master_sid))
		return;
	rules_of_master(d);
	change_type(d, false);
	const struct value *sid = entry_values(d->user, ATTR_MASTER_ACCOUNT_SID, &n);
	hold(d, "relinking", CONSENT_RELINK,
	     arena_printf(d->a, "the mailbox is taken from %s and given to %s",
	                  old ? value_text(d->a, ATTR_MASTER_ACCOUNT_SID, *sid) : "nobody",
	                  d->master->dn));
}

static void update_type(struct decision *d) {
	enum recipient_type now = type_of(d->user), wanted = d->c->type;

	if (wanted != TYPE_NONE)
		asks(d, "type-change");
	if (wanted == TYPE_LINKED && now == TYPE_LINKED)
		update_master(d);
	if (wanted == TYPE_NONE || wanted == now)
		return;
	check_account(d);
	if (wanted == TYPE_LINKED && !d->master)
		return;
	rules_of_master(d);
	change_type(d, false);
	/* Only user mailboxes are given an address book policy. */
	if (now == TYPE_USER)
		change_to_text(d, ATTR_ADDRESS_BOOK_POLICY_LINK, NULL);
	hold(d, "type-change", CONSENT_TYPE_CHANGE,
	     arena_printf(d->a, "the mailbox becomes %s %s mailbox",
	                  text_article(recipient_type_names[d->c->type]),
	                  recipient_type_names[d->c->type]));
}

static void update_alias(struct decision *d) {
	size_t before = d->item->changes.n;

	if (!d->c->alias)
		return;
	change_to_text(d, ATTR_MAIL_NICKNAME, d->c->alias);
	if (d->item->changes.n == before)
		return;
	check_alias_taken(d, d->c->alias);
	warning(d, "address-unchanged", "a changed alias changes no address; the old ones stay");
}

/* Connected by other means: the store has only to take note of it. */
void update_row(struct decision *d, enum attribute home) {
	const char *dn = entry_text(d->user, home);

	if (d->row && d->database && dn && d->row->database == d->database_row &&
	    dn_same(dn, d->database->dn) && d->row->vanished == TIMESTAMP_NONE &&
	    d->row->state == MAILBOX_DISABLED)
		change_store(d, "state", mailbox_state_names[MAILBOX_DISABLED],
		             mailbox_state_names[MAILBOX_CONNECTED]);
}

void plan_update(struct decision *d) {
	update_type(d);
	update_alias(d);
	update_addresses(d);
	change_policies(d, false);
	rules_of_schema(d);
	asks(d, "adopting");
	if (d->item->changes.n && !world_was_applied(d->w, d->mailbox, d->user->identity) &&
	    !world_is_open(d->w, d->mailbox, d->user->identity))
		hold(d, "adopting", CONSENT_ADOPT,
		     "the mailbox is this user's already, but mbxctl never connected it");
	update_row(d, ATTR_HOME_MDB);
}
