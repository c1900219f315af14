#include "store/directory/ldif_name.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	enum ldif_meaning meaning;
} meanings[] = {
	{ "dn", LDIF_DN },
	{ "changetype", LDIF_CHANGETYPE },
	{ "include", LDIF_INCLUDE },
	{ "version", LDIF_VERSION },
	{ "objectClass", LDIF_OBJECT_CLASS },
	{ "objectCategory", LDIF_OBJECT_CATEGORY },
	{ "objectGUID", LDIF_OBJECT_GUID },
	{ "entryUUID", LDIF_ENTRY_UUID },
	{ "isDeleted", LDIF_IS_DELETED },
	{ "defaultNamingContext", LDIF_DEFAULT_CONTEXT },
	{ "namingContexts", LDIF_CONTEXTS },
	{ "search", LDIF_SEARCH },
	{ "result", LDIF_RESULT },
	{ "ref", LDIF_REFERENCE },
	{ "pagedresults", LDIF_PAGE },
};

static bool number(const char **p, const char *end, long *ret) {
	enum { DIGITS = 9 };
	const char *start = *p;

	for (*ret = 0; *p < end && **p >= '0' && **p <= '9' && *p - start < DIGITS; (*p)++)
		*ret = *ret * 10 + (**p - '0');
	return *p > start;
}

/* `0-1499` or `1500-*` */
static void read_range(struct ldif_name *n, const char *p, const char *end) {
	n->ranged = true;
	n->high = LDIF_RANGE_BROKEN;
	if (!number(&p, end, &n->low) || p == end || *p++ != '-')
		return;
	if (end - p == 1 && *p == '*')
		n->high = LDIF_RANGE_END;
	else if (!number(&p, end, &n->high) || p != end)
		n->high = LDIF_RANGE_BROKEN;
}

static void read_options(struct ldif_name *n) {
	static const char range[] = "range=";
	const char *end = n->text + n->len;

	for (const char *p = memchr(n->text, ';', n->len); p;) {
		const char *option = p + 1;
		p = memchr(option, ';', (size_t)(end - option));
		const char *stop = p ? p : end;
		if ((size_t)(stop - option) >= sizeof(range) - 1 &&
		    strncasecmp(option, range, sizeof(range) - 1) == 0)
			read_range(n, option + sizeof(range) - 1, stop);
	}
}

const struct ldif_name *ldif_name_of(struct ldif_names *t, const struct ldif_line *l) {
	struct ldif_name *n;

	HASH_FIND(hh, t->table, l->name, l->name_len, n);
	if (n)
		return n;
	n = ARENA_NEW(t->arena, struct ldif_name);
	n->text = arena_copy(t->arena, l->name, l->name_len);
	n->len = l->name_len;
	n->id = attribute_find(l->name, l->name_len);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (ldif_line_named(l, meanings[i].name))
			n->meaning = meanings[i].meaning;
	read_options(n);
	HASH_ADD_KEYPTR(hh, t->table, n->text, n->len, n);
	return n;
}

void ldif_names_done(struct ldif_names *t) {
	HASH_CLEAR(hh, t->table);
}
