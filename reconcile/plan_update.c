/* The differences of a mailbox that belongs to the wanted user: only what the manifest says. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"

static void update_type(struct decision *d) {
	static const int64_t details[] = { [TYPE_USER] = 1,
		                           [TYPE_LINKED] = 2,
		                           [TYPE_SHARED] = 4,
		                           [TYPE_ROOM] = 16,
		                           [TYPE_EQUIPMENT] = 32 };

	if (d->c->type != TYPE_NONE && d->c->type != TYPE_LINKED &&
	    entry_int(d->user, ATTR_RECIPIENT_TYPE_DETAILS, 0) != details[d->c->type])
		reason(d, "not-supported",
		       "making a connected mailbox a %s mailbox is not done yet",
		       recipient_type_names[d->c->type]);
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

static bool in_database_of_row(const struct decision *d) {
	const char *home = entry_text(d->user, ATTR_HOME_MDB);

	return d->row && d->database && home && d->row->database == d->database_row &&
	       dn_same(home, d->database->dn);
}

/* Connected by other means: the store has only to take note of it. */
static void update_row(struct decision *d) {
	if (in_database_of_row(d) && d->row->vanished == TIMESTAMP_NONE &&
	    d->row->state == MAILBOX_DISABLED)
		change_store(d, "state", mailbox_state_names[MAILBOX_DISABLED],
		             mailbox_state_names[MAILBOX_CONNECTED]);
}

void plan_update(struct decision *d) {
	update_type(d);
	update_alias(d);
	change_policies(d, false);
	rules_of_schema(d);
	if (d->item->changes.n && !world_was_applied(d->w, d->mailbox, d->user->identity) &&
	    !world_is_open(d->w, d->mailbox, d->user->identity))
		hold(d, "adopting", CONSENT_ADOPT,
		     "the mailbox is this user's already, but mbxctl never connected it; a person "
		     "has to "
		     "agree to changing it");
	update_row(d);
}
