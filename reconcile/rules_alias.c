/* The alias (mailNickname): given, or derived as the cmdlet does. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "reconcile/decide.h"
#include "spec/alias.h"

void check_alias_taken(struct decision *d, const char *alias) {
	struct answer answer;

	if (!ask(d, KEY_HOLDER_ALIAS, text_fold(d->a, alias), &answer))
		return;
	asks(d, "alias-taken");
	for (size_t i = 0; i < answer.n; i++)
		if (answer.entries[i] != d->user) {
			reason(d, "alias-taken",
			       "alias \"%s\" belongs to %s; give another one with `alias`", alias,
			       answer.entries[i]->dn);
			return;
		}
}

/* The left side of the UPN; for one without, the name (connect-mailbox, parameter Alias). */
static const char *derived(struct decision *d, const char **ret_from) {
	const char *upn = entry_text(d->user, ATTR_USER_PRINCIPAL_NAME);

	if (upn) {
		const char *at = strrchr(upn, '@');
		char *left = arena_copy(d->a, upn, at ? (size_t)(at - upn) : strlen(upn));
		/* Blanks are dropped from names alone. */
		for (char *p = strchr(left, ' '); p; p = strchr(p, ' '))
			*p = '?';
		*ret_from = upn;
		return alias_derive(d->a, left);
	}
	*ret_from = dn_name(d->a, d->user->dn);
	return alias_derive(d->a, *ret_from ? *ret_from : "");
}

void rules_of_alias(struct decision *d) {
	const char *from = NULL, *alias = d->c->alias;

	if (!alias) {
		asks(d, "alias-invalid");
		alias = derived(d, &from);
		const char *fault = alias_fault(d->a, alias);
		if (fault) {
			reason(d, "alias-invalid",
			       "alias \"%s\", made from \"%s\", %s; give one with `alias`", alias,
			       from, fault);
			return;
		}
		claim(d, CLAIM_ALIAS, text_fold(d->a, alias), alias);
	}
	d->alias = alias;
	check_alias_taken(d, alias);
	change_to_text(d, ATTR_MAIL_NICKNAME, alias);
}
