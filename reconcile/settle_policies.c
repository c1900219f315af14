/* Which policies a connection means, and what they change on the user. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "reconcile/decide.h"

/* One row a key of `policies`: its class, its link on the user, the words for messages. */
static const struct {
	const char *class_name;
	enum attribute link;
	const char *called;
} kinds[POLICY_KINDS] = {
	[POLICY_ACTIVE_SYNC] = { "msExchMobileMailboxPolicy", ATTR_MOBILE_POLICY_LINK,
	                         "mobile device mailbox policy" },
	[POLICY_RETENTION] = { "msExchMailboxRecipientTemplate", ATTR_TEMPLATE_LINK,
	                       "retention policy" },
	[POLICY_ADDRESS_BOOK] = { "msExchAddressBookMailboxPolicy", ATTR_ADDRESS_BOOK_POLICY_LINK,
	                          "address book policy" },
	[POLICY_MANAGED_FOLDER] = { "msExchMailboxRecipientTemplate", ATTR_TEMPLATE_LINK,
	                            "managed folder mailbox policy" },
};

bool policy_managed(const struct decision *d, enum policy_kind kind) {
	const struct policy_wish *wish = d->c->policies + kind;

	if (wish->how == UNMANAGED)
		return false;
	/* An address book policy from `defaults` is meant for user mailboxes. */
	return !(kind == POLICY_ADDRESS_BOOK && wish->defaulted && d->type != TYPE_NONE &&
	         d->type != TYPE_USER);
}

bool policy_is_retention(const struct entry *policy) {
	return entry_within(policy, "retention policies container");
}

bool policy_is_managed_folder(const struct entry *policy) {
	return entry_within(policy, "elc mailbox policies");
}

static bool of_kind(const struct entry *policy, enum policy_kind kind) {
	if (kind == POLICY_RETENTION)
		return policy_is_retention(policy);
	return kind != POLICY_MANAGED_FOLDER || policy_is_managed_folder(policy);
}

static void settle_one(struct decision *d, enum policy_kind kind) {
	struct answer all;
	const char *text = d->c->policies[kind].text;

	if (!ask_class(d, kinds[kind].class_name, &all))
		return;
	const struct entry **hits = ARENA_ARRAY(d->a, const struct entry *, all.n + 1);
	size_t named = match_objects(d, &all, text, hits, all.n), n = 0;
	for (size_t i = 0; i < named; i++)
		if (of_kind(hits[i], kind))
			hits[n++] = hits[i];
	asks(d, "policy-not-found");
	asks(d, "policy-ambiguous");
	if (n == 1)
		d->policies[kind] = hits[0];
	else if (n == 0)
		reason(d, "policy-not-found", "no %s is called \"%s\"; give its name, DN or GUID",
		       kinds[kind].called, text);
	else
		reason(d, "policy-ambiguous",
		       "%zu objects are %s %s called \"%s\"; write the one you mean: %s", n,
		       text_article(kinds[kind].called), kinds[kind].called, text,
		       lines_for(d, policy_names[kind], hits, n));
}

void settle_policies(struct decision *d) {
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		if (d->c->policies[kind].how == SET && policy_managed(d, kind))
			settle_one(d, kind);
}

/* Does the user's template link lead to a policy of this kind? */
static bool template_is(struct decision *d, enum policy_kind kind) {
	const char *link = entry_text(d->user, ATTR_TEMPLATE_LINK);
	struct answer all;

	if (!link || !ask_class(d, kinds[kind].class_name, &all))
		return false;
	const char *normal = dn_normal(d->a, link);
	for (size_t i = 0; i < all.n; i++)
		if (normal && strcmp(all.entries[i]->normal, normal) == 0)
			return of_kind(all.entries[i], kind);
	return false;
}

static void change_one(struct decision *d, enum policy_kind kind) {
	bool template = kinds[kind].link == ATTR_TEMPLATE_LINK;

	if (!policy_managed(d, kind))
		return;
	if (d->c->policies[kind].how == SET) {
		if (d->policies[kind])
			change_to_text(d, kinds[kind].link, d->policies[kind]->dn);
	} else if (!template || template_is(d, kind))
		change_to_text(d, kinds[kind].link, NULL);
}

/* msExchELCMailboxFlags, bit 2: the template link holds a retention policy. */
static void change_elc_flags(struct decision *d, bool connecting) {
	enum { ELC_RETENTION = 2, ELC_NEW_MAILBOX = 130 };
	int64_t now = entry_int(d->user, ATTR_ELC_FLAGS, connecting ? ELC_NEW_MAILBOX : 0), after;

	if (d->policies[POLICY_RETENTION])
		after = now | ELC_RETENTION;
	else if (d->policies[POLICY_MANAGED_FOLDER])
		after = now & ~(int64_t)ELC_RETENTION;
	else
		return;
	/* Absent flags count as 0 at an update: writing a 0 there would change nothing. */
	if (connecting || after != now)
		change_to_int(d, ATTR_ELC_FLAGS, after);
}

void change_policies(struct decision *d, bool connecting) {
	bool sets_template = d->c->policies[POLICY_RETENTION].how == SET ||
	                     d->c->policies[POLICY_MANAGED_FOLDER].how == SET;

	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		/* Where one kind is set, a null of the other has nothing left to clear. */
		bool null_beside = sets_template && kinds[kind].link == ATTR_TEMPLATE_LINK &&
		                   d->c->policies[kind].how == CLEAR;
		if (!null_beside)
			change_one(d, kind);
	}
	change_elc_flags(d, connecting);
}

/* Is the template link (or another policy link) something that the manifest speaks of? */
bool policy_link_managed(struct decision *d, enum attribute link) {
	for (int kind = 0; kind < POLICY_KINDS; kind++)
		if (kinds[kind].link == link && policy_managed(d, kind) &&
		    (d->c->policies[kind].how == SET || link != ATTR_TEMPLATE_LINK ||
		     template_is(d, kind)))
			return true;
	return false;
}
