/* What we may do with one entry. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "reconcile/writes.h"
#include "store/directory/access_list.h"
#include "store/directory/ldap_dn.h"
#include "store/directory/ldap_examine.h"
#include "store/directory/ldap_filter.h"

enum { SHOWN = 5 }; /* of those that are counted */

struct asking {
	struct ldap_link *l;
	const struct ldap_server *server;
	const char *base;
	struct arena *a;
};

static void ask_entry(const struct asking *q, const char *dn, const char *const *names,
                      bool access_list, struct ldap_ask *ret) {
	*ret = (struct ldap_ask){ .dn = dn,
		                  .scope = LDAP_SCOPE_BASE,
		                  .filter = "(objectClass=*)",
		                  .names = names,
		                  .access_list = access_list };
	ldap_link_ask(q->l, ret);
}

static int compare(const void *pa, const void *pb) {
	return strcasecmp(*(const char *const *)pa, *(const char *const *)pb);
}

/* All values of an attribute, in an order that is always the same. */
static void take(const struct asking *q, const struct ldap_ask *ask, const char *name,
                 struct examined_texts *ret) {
	size_t n;
	const struct value *v = ldap_examine_values(q->a, ask, name, &n);

	for (size_t i = 0; i < n; i++)
		ARENA_PUSH(q->a, ret, arena_copy(q->a, v[i].data, v[i].len));
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), compare);
}

static bool holds(const struct examined_texts *list, const char *name) {
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], name) == 0)
			return true;
	return false;
}

/* ---- whom ----------------------------------------------------------------------------------- */

static struct ldap_ask ask_people(const struct asking *q, const char *filter,
                                  const char *const *names) {
	struct ldap_ask ask = { .dn = q->base,
		                .scope = LDAP_SCOPE_SUBTREE,
		                .filter = filter,
		                .names = names,
		                .paged = true,
		                .here = q->server->domain_scope };

	ldap_link_ask(q->l, &ask);
	return ask;
}

static bool is_us(const struct ldap_ask *ask, size_t i, const struct value *us) {
	const struct ldap_found *found = ask->found.v + i;

	for (size_t k = 0; k < found->n; k++)
		if (strcasecmp(found->lines[k].name, "objectSid") == 0 &&
		    found->lines[k].value.len == us->len &&
		    memcmp(found->lines[k].value.data, us->data, us->len) == 0)
			return true;
	return false;
}

/* Somebody without a mailbox, on whose rights nobody but his OU decides, and who is not us. */
static const char *choose(const struct asking *q, const struct value *us) {
	static const char *const names[] = { "objectSid", NULL };
	const char *unowned = q->server->known[ATTR_MAILBOX_GUID] ? "(!(msExchMailboxGuid=*))" : "";
	const char *open = q->server->active_directory
	                           ? "(!(adminCount=1))(!(isCriticalSystemObject=TRUE))"
	                           : "";
	struct ldap_ask ask = ask_people(
	        q, arena_printf(q->a, "(&%s%s%s)", ldap_filter_people(q->server), unowned, open),
	        names);
	const char *first = NULL;

	for (size_t i = 0; i < ask.found.n; i++)
		if (!is_us(&ask, i, us) && (!first || strcasecmp(ask.found.v[i].dn, first) < 0))
			first = ask.found.v[i].dn;
	first = first ? ldap_dn_tidy(q->a, first, strlen(first)) : NULL;
	arena_free(ask.arena);
	return first;
}

static void count_protected(const struct asking *q, struct examined_user *ret) {
	static const char *const names[] = { LDAP_NO_ATTRS, NULL };
	struct ldap_ask ask =
	        ask_people(q,
	                   arena_printf(q->a, "(&%s(adminCount=1)(!(isCriticalSystemObject=TRUE)))",
	                                ldap_filter_people(q->server)),
	                   names);

	ret->n_protected = ask.found.n;
	for (size_t i = 0; i < ask.found.n && i < SHOWN; i++)
		ARENA_PUSH(q->a, &ret->protected_names, arena_strdup(q->a, ask.found.v[i].dn));
	arena_free(ask.arena);
}

/* ---- what may be written -------------------------------------------------------------------- */

static void take_effective(const struct asking *q, const char *dn, struct examined_texts *writable,
                           struct examined_texts *children) {
	static const char *const names[] = { "allowedAttributesEffective",
		                             "allowedChildClassesEffective", NULL };
	struct ldap_ask ask;

	ask_entry(q, dn, names, false, &ask);
	take(q, &ask, names[0], writable);
	if (children)
		take(q, &ask, names[1], children);
	arena_free(ask.arena);
}

/* False, with the reason, where there is no such entry. */
static bool take_rights(const struct asking *q, const char *dn, struct examined_user *ret) {
	static const char *const names[] = { "allowedAttributes",
		                             "allowedAttributesEffective",
		                             "allowedChildClassesEffective",
		                             "sDRightsEffective",
		                             "adminCount",
		                             NULL };
	struct ldap_ask ask;

	ask_entry(q, dn, names, false, &ask);
	const char *fault = ldap_ask_fault(q->a, q->l, &ask), *number;
	if (fault || !ask.found.n) {
		ret->why = fault ? fault : "it is not shown to this account";
		arena_free(ask.arena);
		return false;
	}
	ret->dn = ldap_dn_tidy(q->a, ask.found.v[0].dn, strlen(ask.found.v[0].dn));
	take(q, &ask, names[0], &ret->allowed);
	take(q, &ask, names[1], &ret->writable);
	take(q, &ask, names[2], &ret->children);
	ret->tells_writable = ret->allowed.n > 0;
	number = ldap_examine_text(&ask, names[3]);
	ret->descriptor = number ? (unsigned)strtoul(number, NULL, 10) : 0;
	number = ldap_examine_text(&ask, names[4]);
	ret->protected = number && strtol(number, NULL, 10) > 0;
	arena_free(ask.arena);
	return true;
}

/* ---- what may be read ----------------------------------------------------------------------- */

/* User-Force-Change-Password (MS-ADTS 5.1.3.2.1): a new password without the old one. */
static const struct guid reset = { { 0x70, 0x95, 0x29, 0x00, 0x6d, 0x24, 0xd0, 0x11, 0xa7, 0x68,
	                             0x00, 0xaa, 0x00, 0x6e, 0x05, 0x29 } };
enum { CONFIDENTIAL = 128 }; /* searchFlags, fCONFIDENTIAL (MS-ADTS 2.2.9) */

struct reader {
	struct value descriptor, *sids;
	size_t n_sids;
};

static bool may(const struct reader *r, uint32_t rights, const struct guid *kinds, size_t n) {
	return access_list_ask(r->descriptor, r->sids, r->n_sids, rights, kinds, n) ==
	       ACCESS_ALLOWED;
}

/* An attributeSchema entry, and whether what it describes may be read. */
static void judge_attribute(const struct asking *q, const struct reader *r,
                            const struct ldap_found *found, struct examined_user *ret) {
	const char *name = NULL;
	struct guid kinds[2];
	size_t n = 0;
	long flags = 0;

	for (size_t i = 0; i < found->n; i++) {
		const struct ldap_line *line = found->lines + i;
		if (strcasecmp(line->name, "lDAPDisplayName") == 0)
			name = line->value.data;
		else if (strcasecmp(line->name, "searchFlags") == 0)
			flags = strtol(line->value.data, NULL, 10);
		else if (n < 2 && guid_from_bytes(line->value.data, line->value.len, kinds + n))
			n++;
	}
	int id = name ? attribute_find(name, strlen(name)) : -1;
	if (id < 0 || !n || !holds(&ret->allowed, attributes[id].name))
		return;
	uint32_t rights =
	        ACCESS_READ_PROPERTY | (flags & CONFIDENTIAL ? (uint32_t)ACCESS_CONTROL : 0);
	if (!may(r, rights, kinds, n))
		ARENA_PUSH(q->a, &ret->unreadable, attributes[id].name);
}

static void judge_attributes(const struct asking *q, const struct reader *r,
                             struct examined_user *ret) {
	static const char *const names[] = { "lDAPDisplayName", "schemaIDGUID",
		                             "attributeSecurityGUID", "searchFlags", NULL };
	struct ldap_ask ask = { .dn = q->server->schema,
		                .scope = LDAP_SCOPE_ONELEVEL,
		                .filter = ldap_filter_of(q->a, q->server,
		                                         (struct key){ .kind = KEY_CLASS,
		                                                       .text = "attributeschema" }),
		                .names = names,
		                .paged = true };

	ldap_link_ask(q->l, &ask);
	ret->tells_readable = ask.found.n > 0;
	for (size_t i = 0; i < ask.found.n; i++)
		judge_attribute(q, r, ask.found.v + i, ret);
	if (ret->unreadable.n)
		qsort(ret->unreadable.v, ret->unreadable.n, sizeof(*ret->unreadable.v), compare);
	arena_free(ask.arena);
}

/* What may not be read looks as if it were not there: no answer shows it, only the access list. */
static void reckon_readable(const struct asking *q, const struct value *sids, size_t n_sids,
                            struct examined_user *ret) {
	static const char *const names[] = { "nTSecurityDescriptor", NULL };
	struct ldap_ask ask;
	size_t n;

	if (!q->server->active_directory || !q->server->schema || !n_sids)
		return;
	ask_entry(q, ret->dn, names, true, &ask);
	const struct value *v = ldap_examine_values(q->a, &ask, names[0], &n);
	struct reader r = { n ? v[0] : (struct value){ 0 }, (struct value *)(size_t)sids, n_sids };
	if (access_list_ask(r.descriptor, sids, n_sids, 0, NULL, 0) != ACCESS_UNREADABLE) {
		judge_attributes(q, &r, ret);
		ret->may_reset = may(&r, ACCESS_CONTROL, &reset, 1);
		ret->may_delete = may(&r, ACCESS_DELETE, NULL, 0);
	}
	arena_free(ask.arena);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void look_beside(const struct asking *q, const char *object, struct examined_user *ret) {
	ret->parent = dn_parent(q->a, ret->dn);
	if (ret->parent)
		take_effective(q, ret->parent, &ret->parent_writable, &ret->parent_children);
	ret->object = arena_strdup(q->a, object);
	if (object)
		take_effective(q, object, &ret->object_writable, NULL);
	count_protected(q, ret);
}

void ldap_examine_user(struct ldap_link *l, const struct ldap_server *s, const char *base,
                       struct arena *a, const char *dn, const char *object,
                       struct examined_user *ret) {
	const struct asking q = { l, s, base, a };
	struct value *sids, nobody = { 0 };
	size_t n = ldap_examine_sids(l, a, &sids);

	if (!dn)
		dn = base ? choose(&q, n ? sids : &nobody) : NULL;
	if (!dn) {
		ret->why = "nobody without a mailbox was found";
		return;
	}
	if (!take_rights(&q, dn, ret))
		return;
	if (ret->tells_writable)
		look_beside(&q, object, ret);
	reckon_readable(&q, sids, n, ret);
}
