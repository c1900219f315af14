#include "store/directory/ldap_filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/dn.h"
#include "reconcile/writes.h"

/* Where a kind of key is sought: the attribute, and what of the key's text stands in it. */
static const struct look {
	enum key_kind kind;
	int id;
	const char *without; /* only keys that begin so, and without it; NULL: all */
	const char *with;    /* put before it */
} looks[] = {
	{ KEY_USER_UPN, ATTR_USER_PRINCIPAL_NAME, NULL, "" },
	{ KEY_USER_SAM, ATTR_SAM_ACCOUNT_NAME, NULL, "" },
	{ KEY_USER_LEGACY_DN, ATTR_LEGACY_EXCHANGE_DN, NULL, "" },
	{ KEY_USER_DISPLAY_NAME, ATTR_DISPLAY_NAME, NULL, "" },
	{ KEY_OWNER, ATTR_MAILBOX_GUID, NULL, "" },
	{ KEY_OWNER, ATTR_ARCHIVE_GUID, NULL, "" },
	{ KEY_OWNER, ATTR_DISABLED_ARCHIVE_GUID, NULL, "" },
	{ KEY_ARCHIVE_OWNER, ATTR_MAILBOX_GUID, NULL, "" },
	{ KEY_ARCHIVE_OWNER, ATTR_ARCHIVE_GUID, NULL, "" },
	{ KEY_ARCHIVE_OWNER, ATTR_DISABLED_ARCHIVE_GUID, NULL, "" },
	{ KEY_HOLDER_ALIAS, ATTR_MAIL_NICKNAME, NULL, "" },
	{ KEY_HOLDER_ADDRESS, ATTR_PROXY_ADDRESSES, NULL, "" },
	{ KEY_HOLDER_ADDRESS, ATTR_MAIL, "smtp:", "" },
	{ KEY_HOLDER_LEGACY_DN, ATTR_LEGACY_EXCHANGE_DN, NULL, "" },
	{ KEY_HOLDER_LEGACY_DN, ATTR_PROXY_ADDRESSES, NULL, "x500:" },
	{ KEY_HOLDER_SID, ATTR_OBJECT_SID, NULL, "" },
	{ KEY_HOLDER_SID, ATTR_SID_HISTORY, NULL, "" },
	{ KEY_HOLDER_SID, ATTR_MASTER_ACCOUNT_SID, NULL, "" },
	{ KEY_TYPE_DETAILS, ATTR_RECIPIENT_TYPE_DETAILS, NULL, "" },
};
enum { LOOKS = sizeof(looks) / sizeof(*looks) };

/* `(name=value)`, whatever bytes the value has. */
static const char *equals(struct arena *a, const char *name, const void *data, size_t len) {
	struct berval in = { len, (char *)(size_t)data }, out = { 0 };

	if (ldap_bv2escaped_filter_value(&in, &out) != 0)
		abort();
	const char *text = arena_printf(a, "(%s=%s)", name, out.bv_val ? out.bv_val : "");
	ber_memfree(out.bv_val);
	return text;
}

/*
 * A key is folded, and what folds alike is the same to us; a server that compares letter by letter
 * keeps some of it apart. So these are sought in each spelling. A sigma within a word has but one.
 */
static const struct spelling {
	const char *folded, *other, *capital;
	bool at_end; /* of a word */
} spellings[] = {
	{ "ss", "\303\237", "\341\272\236", false }, /* sharp s */
	{ "\317\203", "\317\202", NULL, true },      /* sigma, as the last letter */
	{ "i\314\207", "\304\260", NULL, false },    /* dotted capital i */
};
enum { SPELLINGS = sizeof(spellings) / sizeof(*spellings), SPOTS_MAX = 4 };

/* Where a text may be spelt otherwise. */
struct spot {
	const char *at;
	const struct spelling *as;
};

static bool goes_on(const char *p) {
	return (*p >= 'a' && *p <= 'z') || (*p & 0x80);
}

static const struct spelling *spelling_at(const char *p) {
	for (size_t i = 0; i < SPELLINGS; i++) {
		const struct spelling *s = spellings + i;
		size_t len = strlen(s->folded);
		if (strncmp(p, s->folded, len) == 0 && !(s->at_end && goes_on(p + len)))
			return s;
	}
	return NULL;
}

/* Their number; one more than there is room for where there are more. */
static size_t find_spots(const char *text, struct spot spots[SPOTS_MAX]) {
	const struct spelling *s;
	size_t n = 0;

	for (const char *p = text; *p; p += s ? strlen(s->folded) : 1) {
		s = spelling_at(p);
		if (s && n == SPOTS_MAX)
			return n + 1;
		if (s)
			spots[n++] = (struct spot){ p, s };
	}
	return n;
}

/* With the other spelling at those spots whose bit is set. */
static const char *spelt(struct arena *a, const char *text, const struct spot *spots, size_t n,
                         unsigned others, bool capital) {
	const char *out = "", *from = text;

	for (size_t i = 0; i < n; i++) {
		const struct spelling *s = spots[i].as;
		if (!(others >> i & 1))
			continue;
		out = arena_printf(a, "%s%.*s%s", out, (int)(spots[i].at - from), from,
		                   capital && s->capital ? s->capital : s->other);
		from = spots[i].at + strlen(s->folded);
	}
	return arena_printf(a, "%s%s", out, from);
}

/* Where there are too many spellings everybody is looked at who has the attribute. */
static const char *equals_text(struct arena *a, const char *name, const char *text) {
	struct spot spots[SPOTS_MAX];
	size_t n = find_spots(text, spots);
	const char *filter = "";

	if (n > SPOTS_MAX)
		return arena_printf(a, "(%s=*)", name);
	for (unsigned others = 0; others < 1u << n; others++) {
		const char *as = spelt(a, text, spots, n, others, false);
		filter = arena_printf(a, "%s%s", filter, equals(a, name, as, strlen(as)));
	}
	if (!n)
		return filter;
	const char *capital = spelt(a, text, spots, n, ~0u, true);
	return arena_printf(a, "%s%s", filter, equals(a, name, capital, strlen(capital)));
}

/* By presence where the schema has no rule to compare by (Debian's msuser.schema has none). */
static const char *by_attribute(struct arena *a, const struct ldap_server *s, int id,
                                const char *text) {
	const char *name = attributes[id].name;
	struct value v;

	if (!s->known[id])
		return "";
	if (!s->searchable[id])
		return arena_printf(a, "(%s=*)", name);
	if (value_is_text(id))
		return equals_text(a, name, text);
	return value_parse(a, id, text, &v) ? equals(a, name, v.data, v.len) : "";
}

static const char *by_look(struct arena *a, const struct ldap_server *s, const struct look *l,
                           const char *text) {
	size_t skip = l->without ? strlen(l->without) : 0;

	if (skip && strncmp(text, l->without, skip) != 0)
		return "";
	return by_attribute(a, s, l->id,
	                    *l->with ? arena_printf(a, "%s%s", l->with, text) : text + skip);
}

static const char *by_guid(struct arena *a, const struct ldap_server *s, const char *text) {
	char plain[GUID_TEXT];
	struct guid g;

	if (!guid_parse(text, &g))
		return "";
	const char *object =
	        s->object_guid ? equals(a, "objectGUID", g.bytes, sizeof(g.bytes)) : "";
	guid_text(g, plain);
	return s->active_directory ? object
	                           : arena_printf(a, "%s%s", object,
	                                          equals(a, "entryUUID", plain, strlen(plain)));
}

/* Its RDN is compared: elsewhere than on AD `name` is what cn, sn and others derive from. */
static const char *by_name(struct arena *a, const struct ldap_server *s, const char *text) {
	if (s->active_directory)
		return equals_text(a, "name", text);
	return arena_printf(a, "%s%s", equals_text(a, "cn", text), equals_text(a, "uid", text));
}

const char *ldap_filter_of_dn(struct arena *a, const struct ldap_server *s, const char *dn) {
	struct spot spots[SPOTS_MAX];
	const char *name = find_spots(dn, spots) ? dn_name(a, dn) : NULL;

	return name ? by_name(a, s, name) : NULL;
}

/* Of the schema, which is large, those that are asked about. */
static const char *by_class(struct arena *a, const struct ldap_server *s, const char *folded) {
	const char *class = equals(a, "objectClass", folded, strlen(folded)), *any = "";

	if (!s->active_directory)
		return class;
	if (strcmp(folded, "attributeschema") == 0)
		for (int id = 0; id < ATTR_COUNT; id++)
			any = arena_printf(a, "%s(lDAPDisplayName=%s)", any, attributes[id].name);
	else if (strcmp(folded, "classschema") == 0)
		for (int i = 0; i < CONFIG_CLASSES; i++)
			any = arena_printf(a, "%s(lDAPDisplayName=%s)", any,
			                   config_classes[i].name);
	return *any ? arena_printf(a, "(&%s(|%s))", class, any) : class;
}

const char *ldap_filter_of(struct arena *a, const struct ldap_server *s, struct key key) {
	const char *parts = "";

	if (key.kind == KEY_USER_GUID)
		parts = by_guid(a, s, key.text);
	else if (key.kind == KEY_USER_NAME)
		parts = by_name(a, s, key.text);
	else if (key.kind == KEY_CLASS)
		parts = by_class(a, s, key.text);
	for (size_t i = 0; i < LOOKS; i++)
		if (looks[i].kind == key.kind)
			parts = arena_printf(a, "%s%s", parts, by_look(a, s, looks + i, key.text));
	return *parts ? parts : NULL;
}

const char *ldap_filter_people(const struct ldap_server *s) {
	return s->active_directory ? "(&(objectCategory=person)(objectClass=user))"
	                           : "(objectClass=person)";
}

const char *ldap_filter_anybody(struct arena *a, const struct ldap_server *s) {
	const char *parts = ldap_filter_people(s);
	bool done[ATTR_COUNT] = { false };

	for (size_t i = 0; i < LOOKS; i++)
		if (s->known[looks[i].id] && !done[looks[i].id]) {
			done[looks[i].id] = true;
			parts = arena_printf(a, "%s(%s=*)", parts, attributes[looks[i].id].name);
		}
	return arena_printf(a, "(|%s)", parts);
}
