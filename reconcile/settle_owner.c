/* Who holds the mailbox, and what that makes of the connection. */
#include <string.h>

#include "base/dn.h"
#include "reconcile/decide.h"

void settle_owner(struct decision *d) {
	struct answer answer;
	char text[GUID_TEXT];

	if (guid_none(d->mailbox) ||
	    !ask(d, owner_key(d->c->archive), guid_text(d->mailbox, text), &answer))
		return;
	struct value v = { (const char *)d->mailbox.bytes, sizeof(d->mailbox.bytes) };
	const struct entry **owners = ARENA_ARRAY(d->a, const struct entry *, answer.n + 1);
	/* A disabled archive is remembered by the third attribute: that is no ownership. */
	for (size_t i = 0; i < answer.n; i++)
		if (entry_holds(answer.entries[i], ATTR_MAILBOX_GUID, v) ||
		    entry_holds(answer.entries[i], ATTR_ARCHIVE_GUID, v))
			owners[d->n_owners++] = answer.entries[i];
	d->owners = owners;
	d->owners_known = true;
}

bool mail_enabled(const struct entry *user) {
	return entry_has(user, ATTR_TARGET_ADDRESS) ||
	       entry_has(user, ATTR_REMOTE_RECIPIENT_TYPE) ||
	       entry_int(user, ATTR_RECIPIENT_DISPLAY_TYPE, 0) < 0 ||
	       (entry_has(user, ATTR_MAIL_NICKNAME) && !entry_has(user, ATTR_HOME_SERVER_NAME));
}

static bool is_working_mailbox(const struct entry *user, struct guid mailbox, bool archive) {
	struct value v = { (const char *)mailbox.bytes, sizeof(mailbox.bytes) };

	return entry_holds(user, archive ? ATTR_ARCHIVE_GUID : ATTR_MAILBOX_GUID, v) &&
	       entry_has(user, archive ? ATTR_ARCHIVE_DATABASE_LINK : ATTR_HOME_MDB) &&
	       !mail_enabled(user);
}

enum recipient_type type_of(const struct entry *user) {
	switch (entry_int(user, ATTR_RECIPIENT_TYPE_DETAILS, 0)) {
	case 1:
		return TYPE_USER;
	case 2:
		return TYPE_LINKED;
	case 4:
		return TYPE_SHARED;
	case 16:
		return TYPE_ROOM;
	case 32:
		return TYPE_EQUIPMENT;
	default:
		return TYPE_NONE;
	}
}

void settle_ownership(struct decision *d) {
	d->type = d->c->type;
	if (!d->owners_known)
		return;
	if (d->n_owners == 0) {
		d->ownership = OWNER_NOBODY;
		if (d->type == TYPE_NONE && d->user)
			d->type = TYPE_USER;
		return;
	}
	if (!d->user)
		return;
	d->ownership = OWNER_OTHER;
	if (d->type == TYPE_NONE)
		d->type = type_of(d->user);
	if (d->n_owners == 1 && d->owners[0] == d->user) {
		bool works = is_working_mailbox(d->user, d->mailbox, d->c->archive);
		d->ownership = works ? OWNER_WANTED : OWNER_WANTED_BROKEN;
	}
	for (size_t i = 0; i < d->n_owners; i++)
		d->item->owned |= d->owners[i] == d->user;
}
