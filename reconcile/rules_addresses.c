/* The addresses of a user who is given a mailbox: proxyAddresses and mail. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "reconcile/decide.h"
#include "spec/alias.h"

static const char *primary_of(const struct entry *user) {
	size_t n;
	const struct value *values = entry_values(user, ATTR_PROXY_ADDRESSES, &n);

	for (size_t i = 0; i < n; i++)
		if (strncmp(values[i].data, "SMTP:", 5) == 0)
			return values[i].data;
	return NULL;
}

/* `alias` as the left side of an address: best fit to ASCII, without what an address may not have.
 */
static const char *left_side(struct decision *d) {
	const char *fitted = alias_best_fit(d->a, d->alias);
	char *left = arena_strdup(d->a, fitted), *end = left;

	for (const char *p = fitted; *p; p++)
		if (!strchr(" \"(),:;<>@[\\]", *p))
			*end++ = *p;
	*end = '\0';
	bool dots = *left == '.' || (end > left && end[-1] == '.') || strstr(left, "..");
	return *left && !dots ? left : NULL;
}

static void check_taken(struct decision *d, const char *address) {
	struct answer answer;

	if (!ask(d, KEY_HOLDER_ADDRESS, text_fold(d->a, address), &answer))
		return;
	for (size_t i = 0; i < answer.n; i++)
		if (answer.entries[i] != d->user) {
			reason(d, "address-taken",
			       "address %s belongs to %s; give another `alias`, or free it there",
			       address + 5, answer.entries[i]->dn);
			return;
		}
}

/* `*.contoso.com` stands for every domain below contoso.com (Get-AcceptedDomain). */
static bool accepts(const char *accepted, const char *domain) {
	size_t n = strlen(domain), m = strlen(accepted);

	if (strncmp(accepted, "*.", 2) != 0)
		return strcasecmp(accepted, domain) == 0;
	return n > m - 1 && strcasecmp(domain + n - (m - 1), accepted + 1) == 0;
}

static void check_accepted(struct decision *d, const char *domain) {
	struct answer all;

	if (!ask_class(d, "msExchAcceptedDomain", &all) || !all.n)
		return;
	for (size_t i = 0; i < all.n; i++) {
		const char *accepted = entry_text(all.entries[i], ATTR_ACCEPTED_DOMAIN_NAME);
		if (accepted && accepts(accepted, domain))
			return;
	}
	reason(d, "domain-not-accepted",
	       "%s is no accepted domain of the organisation; correct `primaryDomain` in the "
	       "config, "
	       "or add the domain",
	       domain);
}

/* NULL where none can be made; the reason was added then. */
static const char *make_primary(struct decision *d) {
	if (!d->s->primary_domain) {
		reason(d, "primary-address-missing",
		       "%s has no primary address and the config has no `primaryDomain` to make "
		       "one in",
		       d->user->dn);
		return NULL;
	}
	const char *left = d->alias ? left_side(d) : NULL;
	if (d->alias && !left)
		reason(d, "alias-invalid",
		       "alias \"%s\" leaves nothing for the left side of an address; give another "
		       "with "
		       "`alias`",
		       d->alias);
	if (!left)
		return NULL;
	const char *address = arena_printf(d->a, "SMTP:%s@%s", left, d->s->primary_domain);
	check_taken(d, address);
	check_accepted(d, d->s->primary_domain);
	claim(d, CLAIM_ADDRESS, text_fold(d->a, address),
	      arena_printf(d->a, "address %s", address + 5));
	return address;
}

static bool among(const struct value *list, size_t n, const char *mail) {
	for (size_t i = 0; i < n; i++)
		if (strncasecmp(list[i].data, "smtp:", 5) == 0 && text_same(list[i].data + 5, mail))
			return true;
	return false;
}

static void check_mail(struct decision *d, const struct value *list, size_t n) {
	const char *mail = entry_text(d->user, ATTR_MAIL);

	if (mail && !among(list, n, mail))
		reason(d, "mail-differs",
		       "%s has mail %s, which is none of the addresses that it will have: clear "
		       "it, or add "
		       "it to them",
		       d->user->dn, mail);
}

void rules_of_addresses(struct decision *d) {
	size_t n, kept = 0;
	const struct value *have = entry_values(d->user, ATTR_PROXY_ADDRESSES, &n);
	const char *primary = primary_of(d->user);
	const char *made = primary ? NULL : make_primary(d);
	struct value *after = ARENA_ARRAY(d->a, struct value, n + 1);

	for (size_t i = 0; i < n; i++)
		/* A secondary address that becomes the primary one changes its prefix. */
		if (!made || !text_same(have[i].data, made))
			after[kept++] = have[i];
	if (made)
		after[kept++] = (struct value){ made, strlen(made) };
	check_mail(d, after, kept);
	change_to(d, ATTR_PROXY_ADDRESSES, after, kept);
	if (made || primary)
		change_to_text(d, ATTR_MAIL, (made ? made : primary) + 5);
}
