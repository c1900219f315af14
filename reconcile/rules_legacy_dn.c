/*
 * The legacyExchangeDN of a user who is given a mailbox: by it old mail finds its way back.
 *
 * legacyExchangeDN and X500: addresses are one name space, forest wide; nobody may have a value of
 * it that somebody else has.
 */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "reconcile/decide.h"
#include "spec/alias.h"

/* Somebody else who has it, as legacyExchangeDN or as an X500: address; false as ask(). */
static bool ask_holder(struct decision *d, const char *dn, const struct entry **ret) {
	struct answer answer;

	*ret = NULL;
	if (!ask(d, KEY_HOLDER_LEGACY_DN, text_fold(d->a, dn), &answer))
		return false;
	for (size_t i = 0; i < answer.n; i++)
		if (answer.entries[i] != d->user)
			*ret = answer.entries[i];
	return true;
}

static void write_dn(struct decision *d, const char *dn) {
	change_to_text(d, ATTR_LEGACY_EXCHANGE_DN, dn);
	claim(d, CLAIM_LEGACY_DN, text_fold(d->a, dn), dn);
}

/* The legacyExchangeDN of the admin group above the database's server; false as ask(). */
static bool admin_group(struct decision *d, const char **ret) {
	struct answer groups;
	const char *server = entry_text(d->database, ATTR_OWNING_SERVER);
	const char *normal = server ? dn_normal(d->a, server) : NULL;

	*ret = NULL;
	if (!ask_class(d, "msExchAdminGroup", &groups))
		return false;
	for (size_t i = 0; normal && i < groups.n; i++)
		if (dn_below(normal, groups.entries[i]->normal))
			*ret = entry_text(groups.entries[i], ATTR_LEGACY_EXCHANGE_DN);
	return true;
}

/* The end of a name that is made: the first five characters of the alias, without `/`. */
static const char *alias_start(struct decision *d) {
	const char *fitted = alias_best_fit(d->a, d->alias);
	char *start = arena_strdup(d->a, "12345");
	size_t n = 0;

	for (; *fitted && n < 5; fitted++)
		if (*fitted != '/')
			start[n++] = *fitted;
	start[n] = '\0';
	return start;
}

static void make_dn(struct decision *d, const struct entry *holder) {
	char guid[GUID_TEXT], digits[33];
	const char *group;
	const struct entry *taken;
	size_t n = 0;

	if (!admin_group(d, &group) || !d->alias)
		return;
	if (!group) {
		reason(d, "home-server-unknown",
		       "the legacyExchangeDN of the administrative group above the server of "
		       "database "
		       "%s cannot be read, and one has to be made",
		       d->item->database);
		return;
	}
	guid_text(d->mailbox, guid);
	for (const char *p = guid; *p; p++)
		if (*p != '-')
			digits[n++] = *p;
	digits[n] = '\0';
	const char *made =
	        arena_printf(d->a, "%s/cn=Recipients/cn=%s-%s", group, digits, alias_start(d));
	if (!ask_holder(d, made, &taken))
		return;
	asks(d, "address-taken");
	if (taken)
		reason(d, "address-taken", "legacyExchangeDN %s belongs to %s", made, taken->dn);
	write_dn(d, made);
	if (holder)
		warning(d, "legacy-dn-replaced",
		        "%s has the mailbox's legacyExchangeDN %s; %s is written instead, and old "
		        "mail "
		        "to this mailbox will not find it",
		        holder->dn, d->row->legacy_dn, made);
}

/* Beside another legacyExchangeDN, the mailbox's becomes an address: old mail finds its way. */
static void keep_reachable(struct decision *d, const char *dn) {
	const struct entry *holder;

	if (!ask_holder(d, dn, &holder))
		return;
	asks(d, "address-taken");
	if (holder)
		reason(d, "address-taken", "legacyExchangeDN %s belongs to %s", dn, holder->dn);
	claim(d, CLAIM_LEGACY_DN, text_fold(d->a, dn), dn);
	d->x500 = arena_printf(d->a, "X500:%s", dn);
}

void rules_of_legacy_dn(struct decision *d) {
	const char *own = entry_text(d->user, ATTR_LEGACY_EXCHANGE_DN);
	const char *wanted = d->row->legacy_dn;
	const struct entry *holder = NULL;

	asks(d, "legacy-dn-mismatch");
	if (own) {
		/* Never overwritten. */
		if (*wanted && !text_same(own, wanted) &&
		    unless(d, CONSENT_LEGACY_DN_MISMATCH, "legacy-dn-mismatch",
		           "%s has legacyExchangeDN %s, the mailbox %s: they seem to be two "
		           "people's; if "
		           "not, agree by `allow: [legacyDNMismatch]`",
		           d->user->dn, own, wanted))
			keep_reachable(d, wanted);
		return;
	}
	if (*wanted && !ask_holder(d, wanted, &holder))
		return;
	if (*wanted && !holder)
		write_dn(d, wanted);
	else
		make_dn(d, holder);
}
