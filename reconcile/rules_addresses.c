/* The addresses of a user: proxyAddresses, mail, and whether the address policy is followed. */
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "reconcile/decide.h"

/* {26491cfc-...}: the address part of a recipient policy, in msExchPoliciesIncluded/Excluded. */
#define ADDRESS_POLICY "{26491cfc-9e50-4857-861b-0cb8df22b5d7}"

/* proxyAddresses as they will be. */
struct addresses {
	struct value *v;
	size_t n, cap;
};

static bool is_primary(const char *address) {
	return strncmp(address, "SMTP:", 5) == 0;
}

static bool is_smtp(const char *address) {
	return strncasecmp(address, "smtp:", 5) == 0;
}

static bool is_x500(const char *address) {
	return strncasecmp(address, "x500:", 5) == 0;
}

static const char *primary_of(const struct addresses *list) {
	for (size_t i = 0; i < list->n; i++)
		if (is_primary(list->v[i].data))
			return list->v[i].data;
	return NULL;
}

static struct value *find(const struct addresses *list, const char *address) {
	for (size_t i = 0; i < list->n; i++)
		if (text_same(list->v[i].data, address))
			return list->v + i;
	return NULL;
}

static struct value text(const char *s) {
	return (struct value){ s, strlen(s) };
}

/* ---- may it be added? ---- */

static void check_taken(struct decision *d, const char *address) {
	struct answer answer;
	bool x500 = is_x500(address);

	if (!ask(d, x500 ? KEY_HOLDER_LEGACY_DN : KEY_HOLDER_ADDRESS,
	         text_fold(d->a, x500 ? address + 5 : address), &answer))
		return;
	asks(d, "address-taken");
	for (size_t i = 0; i < answer.n; i++)
		if (answer.entries[i] != d->user) {
			reason(d, "address-taken",
			       "address %s belongs to %s; give another one, or free it there",
			       address, answer.entries[i]->dn);
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

static void check_accepted(struct decision *d, const char *address) {
	struct answer all;
	const char *domain = strrchr(address, '@');

	if (!is_smtp(address) || !domain || !ask_class(d, "msExchAcceptedDomain", &all) || !all.n)
		return;
	asks(d, "domain-not-accepted");
	for (size_t i = 0; i < all.n; i++) {
		const char *accepted = entry_text(all.entries[i], ATTR_ACCEPTED_DOMAIN_NAME);
		if (accepted && accepts(accepted, domain + 1))
			return;
	}
	reason(d, "domain-not-accepted",
	       "%s is no accepted domain of the organisation, so %s cannot be used; correct it, or "
	       "add "
	       "the domain",
	       domain + 1, address);
}

static void claim_address(struct decision *d, const char *address) {
	if (is_x500(address))
		claim(d, CLAIM_LEGACY_DN, text_fold(d->a, address + 5), address + 5);
	else
		claim(d, CLAIM_ADDRESS, text_fold(d->a, address), address);
}

static void add(struct decision *d, struct addresses *list, const char *address) {
	check_taken(d, address);
	check_accepted(d, address);
	ARENA_PUSH(d->a, list, text(address));
}

/* An address that is there as a secondary one is not added, its prefix changes. */
static void make_primary(struct decision *d, struct addresses *list, const char *address) {
	struct value *there = find(list, address);

	for (size_t i = 0; i < list->n; i++)
		if (is_primary(list->v[i].data) && list->v + i != there)
			list->v[i] = text(arena_printf(d->a, "smtp:%s", list->v[i].data + 5));
	if (there)
		*there = text(is_primary(there->data)
		                      ? there->data
		                      : arena_printf(d->a, "SMTP:%s", there->data + 5));
	else
		add(d, list, address);
}

/* ---- what the manifest gives ---- */

/* Claimed as soon as the user is known, whether they are there already or not. */
void claim_given_addresses(struct decision *d) {
	for (const char *const *p = d->c->addresses; p && *p; p++)
		claim_address(d, *p);
}

static const char *add_given(struct decision *d, struct addresses *list) {
	const char *primary = NULL;

	for (const char *const *p = d->c->addresses; p && *p; p++)
		if (is_primary(*p)) {
			primary = *p;
			make_primary(d, list, primary);
		} else if (!find(list, *p))
			add(d, list, *p);
	return primary;
}

static void have(struct decision *d, struct addresses *list) {
	size_t n;
	const struct value *values = entry_values(d->seen, ATTR_PROXY_ADDRESSES, &n);

	for (size_t i = 0; i < n; i++)
		ARENA_PUSH(d->a, list, values[i]);
}

/* The manifest gives the primary address: no policy shall change it any more. */
static void leave_policy(struct decision *d) {
	struct value excluded = text(ADDRESS_POLICY);

	change_add(d, ATTR_POLICIES_EXCLUDED, excluded);
	change_to(d, ATTR_POLICIES_INCLUDED, NULL, 0);
}

/* ---- what a policy makes ---- */

static void follow_policy(struct decision *d, const struct entry *policy) {
	char guid[GUID_TEXT];
	struct value included[] = { text(arena_strdup(d->a, guid_text(policy->guid, guid))),
		                    text(ADDRESS_POLICY) };

	if (!entry_has(d->seen, ATTR_POLICIES_EXCLUDED))
		change_to(d, ATTR_POLICIES_INCLUDED, included, 2);
}

static void made(struct decision *d, struct addresses *list, const char *address) {
	claim_address(d, address);
	if (is_primary(address))
		make_primary(d, list, address);
	else if (!find(list, address))
		add(d, list, address);
}

/* The templates of a policy; true where it has one for a primary address. */
static bool by_templates(struct decision *d, struct addresses *list, const struct entry *policy) {
	size_t n;
	const struct value *templates = entry_values(policy, ATTR_GATEWAY_PROXY, &n);
	bool primary = false;

	for (size_t i = 0; i < n; i++)
		primary |= is_primary(templates[i].data);
	for (size_t i = 0; primary && d->alias && i < n; i++) {
		if (!is_smtp(templates[i].data))
			continue;
		const char *address = template_address(d, templates[i].data + 5);
		if (address)
			made(d, list, arena_printf(d->a, "%.5s%s", templates[i].data, address));
	}
	return primary;
}

static void by_primary_domain(struct decision *d, struct addresses *list) {
	if (!d->s->primary_domain) {
		reason(d, "primary-address-missing",
		       "%s has no primary address; no email address policy applies to it, and the "
		       "config "
		       "has no `primaryDomain` to make one in",
		       d->user->dn);
		return;
	}
	const char *left = d->alias ? address_left_side(d->a, d->alias) : NULL;
	if (d->alias && !left)
		reason(d, "alias-invalid",
		       "alias \"%s\" leaves nothing for the left side of an address; give another "
		       "with "
		       "`alias`",
		       d->alias);
	if (left)
		made(d, list, arena_printf(d->a, "SMTP:%s@%s", left, d->s->primary_domain));
}

static void make(struct decision *d, struct addresses *list) {
	const struct entry *policy;

	asks(d, "primary-address-missing");
	if (!find_address_policy(d, &policy))
		return;
	if (policy && by_templates(d, list, policy))
		follow_policy(d, policy);
	else
		by_primary_domain(d, list);
}

/* ---- together ---- */

static void check_mail(struct decision *d, const struct addresses *list) {
	const char *mail = entry_text(d->seen, ATTR_MAIL);

	asks(d, "mail-differs");
	if (mail && !find(list, arena_printf(d->a, "smtp:%s", mail)))
		unless(d, CONSENT_REPLACE_MAIL, "mail-differs",
		       "%s has mail %s, which is none of the addresses that it will have: add it "
		       "to "
		       "`addresses`, clear it, or agree to replacing it by `allow: [replaceMail]`",
		       d->user->dn, mail);
}

void rules_of_addresses(struct decision *d) {
	struct addresses list = { 0 };

	have(d, &list);
	const char *given = add_given(d, &list);
	if (d->x500 && !find(&list, d->x500))
		ARENA_PUSH(d->a, &list, text(d->x500));
	if (!primary_of(&list))
		make(d, &list);
	check_mail(d, &list);
	change_to(d, ATTR_PROXY_ADDRESSES, list.v, list.n);
	if (primary_of(&list))
		change_to_text(d, ATTR_MAIL, primary_of(&list) + 5);
	if (given)
		leave_policy(d);
}

void update_addresses(struct decision *d) {
	struct addresses list = { 0 };
	size_t before = d->item->changes.n;

	if (!d->c->addresses)
		return;
	have(d, &list);
	const char *given = add_given(d, &list);
	change_to(d, ATTR_PROXY_ADDRESSES, list.v, list.n);
	/* The rest is written along with a change of the addresses, and never alone. */
	if (d->item->changes.n == before || !given)
		return;
	change_to_text(d, ATTR_MAIL, primary_of(&list) + 5);
	leave_policy(d);
}
