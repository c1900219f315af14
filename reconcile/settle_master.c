/* The account of another forest that a linked mailbox belongs to, and whether it may. */
#include <string.h>

#include "base/sid.h"
#include "reconcile/decide.h"
#include "reconcile/elsewhere.h"

static void several_match(struct decision *d, const struct match *m, size_t n) {
	reason(d, "master-account-ambiguous",
	       "\"%s\" fits %zu accounts of the account forest; write the one you mean",
	       d->c->linked.master_account, n);
	for (size_t i = 0; i < n; i++)
		candidate_user(d, "masterAccount", m[i].entry, m[i].why);
}

/* An account's SID is one of a domain: others mean everybody, whoever logs on and the like. */
static const char of_a_domain[] = "S-1-5-21-";

/* What counts of it is its SID. */
static void take(struct decision *d, const struct match *m) {
	size_t n;
	const struct value *sid = entry_values(m->entry, ATTR_OBJECT_SID, &n);
	const char *text = n ? sid_text(d->a, sid->data, sid->len) : NULL;

	if (!text || strncmp(text, of_a_domain, strlen(of_a_domain)) != 0) {
		reason(d, "master-account-not-found",
		       "%s has %s: it is no account that a mailbox can be linked to", m->entry->dn,
		       text ? arena_printf(d->a, "the objectSid %s", text)
		            : "no objectSid that can be read");
		return;
	}
	d->item->master = d->master = m->entry;
	d->master_why = m->why;
	d->master_sid = *sid;
	if (d->user)
		claim(d, CLAIM_MASTER_ACCOUNT, text, m->entry->dn);
}

void settle_master(struct decision *d) {
	const char *wanted = d->c->linked.master_account;
	struct match *m;
	size_t n;

	if (d->c->type != TYPE_LINKED || d->c->archive)
		return;
	asks(d, "forest-unreachable");
	d->forest = elsewhere_forest(d->a, d->c);
	if (!find_users(d, d->forest, wanted, &m, &n))
		return;
	asks(d, "master-account-not-found");
	asks(d, "master-account-ambiguous");
	if (n == 1)
		take(d, m);
	else if (n)
		several_match(d, m, n);
	else
		reason(d, "master-account-not-found",
		       "nobody in the account forest (%s) is \"%s\"; give a UPN, "
		       "DOMAIN\\sAMAccountName, DN, canonical name, GUID or name",
		       d->c->linked.domain_controller, wanted);
}

/* A SID without its last number is its domain's (MS-DTYP 2.4.2). */
static struct value domain_of(struct arena *a, struct value sid) {
	enum { COUNT = 1, RID = 4 };
	char *domain = arena_copy(a, sid.data, sid.len);

	domain[COUNT]--;
	return (struct value){ domain, sid.len - RID };
}

/* A domain's first entry has its SID; a file may lack that entry. */
static bool of_our_domain(struct decision *d) {
	struct value domain = domain_of(d->a, d->master_sid);
	struct answer heads;
	size_t n;
	const struct value *own = entry_values(d->user, ATTR_OBJECT_SID, &n);
	bool ours = n && own->len == d->master_sid.len &&
	            value_equal(ATTR_OBJECT_SID, domain_of(d->a, *own), domain);

	(void)ask(d, KEY_HOLDER_SID, sid_text(d->a, domain.data, domain.len), &heads);
	for (size_t i = 0; i < heads.n; i++)
		ours |= entry_holds(heads.entries[i], ATTR_OBJECT_SID, domain);
	return ours;
}

/* Foreign security principals and groups have the SID as a matter of course: they are no people. */
static void look_at_holders(struct decision *d, const struct answer *holders, bool *ret_local) {
	for (size_t i = 0; i < holders->n; i++) {
		const struct entry *e = holders->entries[i];
		if (!e->person)
			continue;
		*ret_local |= entry_holds(e, ATTR_OBJECT_SID, d->master_sid);
		if (e != d->user && has_mailbox(e))
			reason(d, "master-account-linked",
			       "master account %s has the mailbox of %s already; a master account "
			       "has one mailbox: correct `masterAccount`, or disconnect that "
			       "mailbox "
			       "first",
			       d->master->dn, e->dn);
	}
}

void rules_of_master(struct decision *d) {
	struct answer holders;

	if (!d->master)
		return;
	asks(d, "master-account-linked");
	asks(d, "master-account-local");
	asks(d, "master-account-disabled");
	const char *sid = sid_text(d->a, d->master_sid.data, d->master_sid.len);
	bool local = of_our_domain(d);
	/* Of a forest that is not whole, those who are known all the same. */
	(void)ask(d, KEY_HOLDER_SID, sid, &holders);
	look_at_holders(d, &holders, &local);
	if (local)
		reason(d, "master-account-local",
		       "master account %s is an account of the mailbox's own forest; a linked "
		       "mailbox "
		       "belongs to one of another forest: correct `linked`, or write another "
		       "`type`",
		       d->master->dn);
	if (account_disabled(d->master))
		reason(d, "master-account-disabled",
		       "master account %s is disabled; enable it, or correct `masterAccount`",
		       d->master->dn);
}
