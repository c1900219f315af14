/* Which user a connection means, in every form that its text fits. */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/beside.h"
#include "reconcile/decide.h"
#include "spec/keys.h"

struct matches {
	struct match *v;
	size_t n, cap;
};

static void found(struct decision *d, struct matches *m, const struct entry *e, const char *why) {
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].entry == e) {
			if (strcmp(m->v[i].why, why) != 0)
				m->v[i].why = arena_printf(d->a, "%s, %s", m->v[i].why, why);
			return;
		}
	struct match match = { e, why };
	ARENA_PUSH(d->a, m, match);
}

/* Those behind a text, in one of its forms, and where they are looked for. */
struct search {
	struct decision *d;
	const char *directory; /* NULL: the config's own */
	const char *text;
	struct user_key key;
	struct matches m;
};

static bool ask_search(struct search *s, enum key_kind kind, const char *text, struct answer *ret) {
	return ask_in(s->d, s->directory, kind, text, ret);
}

static bool all_of(struct search *s, enum key_kind kind, const char *text, const char *why) {
	struct answer answer;

	if (!ask_search(s, kind, text, &answer))
		return false;
	for (size_t i = 0; i < answer.n; i++)
		found(s->d, &s->m, answer.entries[i], why);
	return true;
}

/* The DNS name of the domain that DOMAIN\ means (crossRef, MS-ADTS 6.1.1.2.1.1.4), or NULL. */
static bool domain_named(struct search *s, const char *name, const char **ret) {
	struct arena *a = s->d->a;
	const char *base = world_base_of(s->d->w, s->directory);
	struct answer refs;

	*ret = NULL;
	if (!ask_search(s, KEY_CLASS, "crossref", &refs))
		return false;
	for (size_t i = 0; i < refs.n; i++) {
		const struct entry *ref = refs.entries[i];
		struct value v = { name, strlen(name) };
		const char *nc = entry_text(ref, ATTR_NC_NAME);
		if (nc &&
		    (entry_holds(ref, ATTR_NETBIOS_NAME, v) || entry_holds(ref, ATTR_DNS_ROOT, v)))
			*ret = dn_domain(a, nc);
	}
	if (refs.n || !base)
		return true;
	const char *dotted = dn_domain(a, base);
	if (!dotted)
		return true;
	const char *first = arena_copy(a, dotted, strcspn(dotted, "."));
	if (text_same(name, dotted) || text_same(name, first))
		*ret = dotted;
	return true;
}

static bool in_domain(struct search *s, const struct entry *e, const char *domain) {
	const char *own = dn_domain(s->d->a, e->dn);

	return own && domain && text_same(own, domain);
}

static bool by_sam(struct search *s) {
	struct answer answer;
	const char *domain;
	bool known = domain_named(s, s->key.domain, &domain);

	if (!ask_search(s, KEY_USER_SAM, text_fold(s->d->a, s->key.sam), &answer) || !known)
		return false;
	for (size_t i = 0; i < answer.n; i++)
		if (in_domain(s, answer.entries[i], domain))
			found(s->d, &s->m, answer.entries[i], "DOMAIN\\sAMAccountName");
	return true;
}

/* An implicit UPN counts only for a user without a userPrincipalName (MS-ADTS 5.1.1.1.1). */
static bool by_upn(struct search *s) {
	struct arena *a = s->d->a;
	struct answer answer;
	bool known = all_of(s, KEY_USER_UPN, text_fold(a, s->text), "userPrincipalName");

	if (!ask_search(s, KEY_USER_SAM, text_fold(a, s->key.upn_left), &answer))
		return false;
	for (size_t i = 0; i < answer.n; i++)
		if (!entry_has(answer.entries[i], ATTR_USER_PRINCIPAL_NAME) &&
		    in_domain(s, answer.entries[i], s->key.upn_right))
			found(s->d, &s->m, answer.entries[i], "implicit userPrincipalName");
	return known;
}

/* Of a forest that is not whole, too, those are found whom it has. */
static bool named(struct search *s, const char *name, struct answer *ret) {
	if (look_in(s->d, s->directory, KEY_USER_NAME, text_fold(s->d->a, name), ret) ||
	    ret->in_part)
		return true;
	unread(s->d, s->directory, ret);
	return false;
}

static bool by_canonical(struct search *s) {
	struct arena *a = s->d->a;
	struct answer answer;

	if (!named(s, s->key.canonical_name, &answer))
		return false;
	for (size_t i = 0; i < answer.n; i++) {
		const char *canonical = dn_canonical(a, answer.entries[i]->dn);
		if (canonical && text_same(canonical, s->text))
			found(s->d, &s->m, answer.entries[i], "canonical name");
	}
	return true;
}

/* Names are given anew in every domain, any other form once in a forest: who is found by one is
 * meant, whatever is hidden. */
static bool by_name(struct search *s) {
	struct answer answer;
	bool found_otherwise = s->m.n > 0;

	if (!named(s, s->text, &answer))
		return false;
	for (size_t i = 0; i < answer.n; i++)
		found(s->d, &s->m, answer.entries[i], "name");
	if (!answer.in_part || found_otherwise)
		return true;
	unread(s->d, s->directory, &answer);
	return false;
}

bool find_users(struct decision *d, const char *directory, const char *text, struct match **ret,
                size_t *ret_n) {
	struct search s = { .d = d, .directory = directory, .text = text };
	char guid[GUID_TEXT];
	bool known = true;

	user_key_parse(d->a, text, &s.key);
	if (s.key.is_guid)
		known = all_of(&s, KEY_USER_GUID, guid_text(s.key.guid, guid), "GUID");
	else if (s.key.is_dn)
		known = all_of(&s, KEY_USER_DN, dn_normal(d->a, text), "DN");
	else {
		/* All are asked before any answer is looked at: they are fetched together. */
		if (s.key.canonical_name)
			known &= by_canonical(&s);
		if (s.key.domain)
			known &= by_sam(&s);
		if (s.key.is_upn)
			known &= by_upn(&s);
		known &= by_name(&s);
	}
	*ret = s.m.v;
	*ret_n = s.m.n;
	return known;
}

static void by_text(struct decision *d) {
	struct match *m;
	size_t n;

	if (!find_users(d, d->server, d->c->user, &m, &n))
		return;
	if (n == 1) {
		d->user = m[0].entry;
		d->user_why = m[0].why;
		return;
	}
	if (n == 0) {
		reason(d, "user-not-found",
		       "nobody in the directory is \"%s\"; give a UPN, DOMAIN\\sAMAccountName, DN, "
		       "canonical name, GUID or name",
		       d->c->user);
		return;
	}
	reason(d, "user-ambiguous", "\"%s\" fits %zu users; write the one you mean", d->c->user, n);
	for (size_t i = 0; i < n; i++)
		candidate_user(d, "user", m[i].entry, m[i].why);
}

static void several_match(struct decision *d, const struct answer *answer, const char *why) {
	reason(d, "user-ambiguous",
	       "%zu users match mailbox \"%s\" (%s); name the right one with `user`", answer->n,
	       d->c->mailbox, why);
	for (size_t i = 0; i < answer->n; i++)
		candidate_user(d, "user", answer->entries[i], why);
}

/*
 * No user is given: the one whose legacyExchangeDN equals the mailbox's; where nobody has it, the
 * one whose displayName does (connect-mailbox, parameter User). All are counted before it is asked
 * who could be connected.
 */
static void by_match(struct decision *d) {
	struct answer by_dn = { .n = 0 }, by_name = { .n = 0 };
	const char *dn = d->row->legacy_dn, *name = d->row->display_name;

	if (*dn && !ask(d, KEY_USER_LEGACY_DN, text_fold(d->a, dn), &by_dn))
		return;
	if (!by_dn.n && *name && !ask(d, KEY_USER_DISPLAY_NAME, text_fold(d->a, name), &by_name))
		return;
	if (by_dn.n > 1)
		several_match(d, &by_dn, "legacyExchangeDN");
	else if (by_dn.n == 1) {
		d->user = by_dn.entries[0];
		d->user_why = "the mailbox's legacyExchangeDN";
	} else if (by_name.n > 1)
		several_match(d, &by_name, "displayName");
	else if (by_name.n == 1) {
		d->user = by_name.entries[0];
		d->user_why = "the mailbox's displayName alone";
		d->item->by_name_alone = true;
	} else
		reason(d, "user-not-found",
		       "no user has the legacyExchangeDN or the displayName of mailbox \"%s\"; "
		       "name "
		       "one with `user`",
		       d->c->mailbox);
}

/* Those who own a primary whose row has this legacyExchangeDN; false as ask(). */
static bool owners_of_primary(struct decision *d, const char *dn, struct matches *m) {
	struct answer rows, owners;
	char text[GUID_TEXT];
	bool known = true;

	if (!ask(d, KEY_ROW_LEGACY_DN, text_fold(d->a, dn), &rows))
		return false;
	for (size_t i = 0; i < rows.n; i++) {
		const struct guid *guid = &rows.rows[i]->guid;
		struct value v = { (const char *)guid->bytes, sizeof(guid->bytes) };
		if (rows.rows[i]->archive || rows.rows[i]->vanished != TIMESTAMP_NONE)
			continue;
		if (!ask(d, KEY_OWNER, guid_text(*guid, text), &owners)) {
			known = false;
			continue;
		}
		for (size_t k = 0; k < owners.n; k++)
			if (owners.entries[k]->person &&
			    entry_holds(owners.entries[k], ATTR_MAILBOX_GUID, v))
				found(d, m, owners.entries[k],
				      "its primary has this legacyExchangeDN");
	}
	return known;
}

/* An archive's LegacyDN is its primary's: it belongs to whoever has that one, or gets it now. */
static void by_primary(struct decision *d) {
	const char *dn = d->row->legacy_dn, *folded = text_fold(d->a, dn);
	struct matches m = { 0 };
	size_t n;

	if (*dn) {
		struct search s = { .d = d, .directory = d->server };
		bool known = all_of(&s, KEY_USER_LEGACY_DN, folded, "legacyExchangeDN");
		m = s.m;
		if (!owners_of_primary(d, dn, &m) || !known)
			return;
	}
	const struct item *const *items = beside_legacy_dn(d->beside, folded, &n);
	for (size_t i = 0; i < n; i++)
		found(d, &m, items[i]->user, "gets the primary in this plan");
	if (m.n == 1) {
		d->user = m.v[0].entry;
		d->user_why = m.v[0].why;
		return;
	}
	if (m.n == 0)
		reason(d, "user-not-found",
		       "nobody has, or gets, the primary of archive \"%s\"; name the user with "
		       "`user`",
		       d->c->mailbox);
	else
		reason(d, "user-ambiguous",
		       "%zu users fit archive \"%s\"; name the right one with `user`", m.n,
		       d->c->mailbox);
	for (size_t i = 0; m.n > 1 && i < m.n; i++)
		candidate_user(d, "user", m.v[i].entry, m.v[i].why);
}

static void changed(struct decision *d, const struct match *m, size_t n, const struct entry *old) {
	const char *was = old ? old->dn : d->pin->user;
	const char *is = n ? m[0].entry->dn : "nobody any more";

	reason(d, "identity-changed",
	       "%s%s%s meant %s when it was last applied and now means %s; edit `%s` (the GUID is "
	       "surest)",
	       d->c->user ? "\"" : "the matching user", d->c->user ? d->c->user : "",
	       d->c->user ? "\"" : "", was, is, d->c->user ? "user" : "mailbox");
}

/* A pinned user stands as long as it exists and the text does not lead to others only. */
static void by_pin(struct decision *d) {
	struct guid guid;
	bool by_guid = guid_parse(d->pin->user, &guid);
	struct answer pinned;
	struct match *m = NULL;
	size_t n = 0;
	bool known = ask(d, by_guid ? KEY_USER_GUID : KEY_USER_DN, d->pin->user, &pinned);

	if (d->c->user)
		known &= find_users(d, d->server, d->c->user, &m, &n);
	if (!known)
		return;
	const struct entry *old = pinned.n ? pinned.entries[0] : NULL;
	bool led = n == 0;
	for (size_t i = 0; i < n; i++)
		led |= m[i].entry == old;
	if (!old || !led) {
		changed(d, m, n, old);
		return;
	}
	d->user = old;
	d->user_why = "the pin of an earlier apply";
	d->item->pinned_user = true;
}

void settle_user(struct decision *d) {
	if (!d->pin && (d->c->user || d->row)) {
		asks(d, "user-not-found");
		asks(d, "user-ambiguous");
	}
	if (d->pin)
		asks(d, "identity-changed");
	if (d->pin)
		by_pin(d);
	else if (d->c->user)
		by_text(d);
	else if (d->row && d->c->archive)
		by_primary(d);
	else if (d->row)
		by_match(d);
	if (!d->user)
		return;
	if (d->user->copy && !has_reason(d->item, "read-incomplete"))
		reason(d, "read-incomplete",
		       "of %s no more is known than the global catalogue has; name a server of its "
		       "domain in directory.uri, and by the connection's `domainController`",
		       d->user->dn);
	d->item->user = d->seen = d->user;
	const struct item *primary =
	        d->c->archive ? beside_user(d->beside, d->user->identity) : NULL;
	if (primary) {
		d->seen = after_item(d->a, d->user, primary);
		d->item->after_partner = true;
	}
	/* A primary mailbox and an archive are two things that a user can have. */
	claim(d, CLAIM_USER,
	      d->c->archive ? arena_printf(d->a, "%s archive", d->user->identity)
	                    : d->user->identity,
	      d->user->dn);
	if (d->c->alias)
		claim(d, CLAIM_ALIAS, text_fold(d->a, d->c->alias), d->c->alias);
	claim_given_addresses(d);
}
