/* Which email address policy and which address lists a user will belong to. */
#include <stdlib.h>
#include <string.h>

#include "reconcile/decide.h"

/* False where the classes could not be read; the reason was added. */
static bool read_rules(struct decision *d, const char *class_name) {
	struct answer objects;

	return ask_class(d, class_name, &objects) && world_rulebook(d->w);
}

/* The entry as it will be, without what the policy is to decide about. */
bool find_address_policy(struct decision *d, const struct entry **ret) {
	static const enum attribute hidden[] = { ATTR_PROXY_ADDRESSES, ATTR_MAIL,
		                                 ATTR_SHOW_IN_ADDRESS_BOOK, ATTR_COUNT };
	static const enum attribute nameless[] = { ATTR_PROXY_ADDRESSES, ATTR_MAIL,
		                                   ATTR_SHOW_IN_ADDRESS_BOOK, ATTR_MAIL_NICKNAME,
		                                   ATTR_COUNT };
	const struct rulebook *r = world_rulebook(d->w);
	struct after_subject after = { changed_user(d), d->alias ? hidden : nameless, d->a };

	*ret = NULL;
	if (!read_rules(d, "msExchRecipientPolicy"))
		return false;
	for (size_t i = 0; i < r->n_policies; i++) {
		const struct recipient_rule *policy = r->policies + i;
		enum verdict verdict =
		        policy->filter ? after_matches(&after, policy->filter) : VERDICT_UNREADABLE;
		asks(d, "filter-unreadable");
		if (verdict == VERDICT_UNREADABLE) {
			reason(d, "filter-unreadable",
			       "the filter of email address policy %s %s; whether it applies is "
			       "not known",
			       policy->object->dn,
			       policy->why ? policy->why
			                   : "asks about values that were not "
			                     "all read");
			return false;
		}
		if (verdict == VERDICT_YES) {
			*ret = policy->object;
			return true;
		}
	}
	return true;
}

void change_address_lists(struct decision *d) {
	const struct rulebook *r = world_rulebook(d->w);
	struct after_subject after = { changed_user(d), NULL, d->a };
	size_t n = 0;

	if (is_hidden(d->seen)) {
		change_to(d, ATTR_SHOW_IN_ADDRESS_BOOK, NULL, 0);
		return;
	}
	if (!read_rules(d, "addressBookContainer"))
		return;
	struct value *lists = ARENA_ARRAY(d->a, struct value, r->n_lists + 1);
	for (size_t i = 0; i < r->n_lists; i++) {
		const struct recipient_rule *list = r->lists + i;
		enum verdict verdict =
		        list->filter ? after_matches(&after, list->filter) : VERDICT_UNREADABLE;
		if (verdict == VERDICT_YES)
			lists[n++] = (struct value){ list->object->dn, strlen(list->object->dn) };
		if (verdict == VERDICT_UNREADABLE)
			warning(d, "address-list-skipped",
			        "the filter of address list %s %s; it is left out",
			        list->object->dn,
			        list->why ? list->why : "asks about values that were not all read");
	}
	change_to(d, ATTR_SHOW_IN_ADDRESS_BOOK, lists, n);
}
