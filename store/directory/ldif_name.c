#include "store/directory/ldif_name.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "store/directory/ldif_read.h"

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

/* `0-1499` or `1500-*`; false where it is neither. */
static bool read_range(struct ldif_name *n, const char *p, const char *end) {
	if (!number(&p, end, &n->low) || p == end || *p++ != '-')
		return false;
	n->high = LDIF_RANGE_END;
	if (end - p == 1 && *p == '*')
		return true;
	return number(&p, end, &n->high) && p == end;
}

static void read_options(struct ldif_name *n) {
	static const char range[] = "range=";
	const char *end = n->text + n->len;

	for (const char *p = memchr(n->text, ';', n->len); p;) {
		const char *option = p + 1;
		p = memchr(option, ';', (size_t)(end - option));
		const char *stop = p ? p : end;
		if ((size_t)(stop - option) < sizeof(range) - 1 ||
		    strncasecmp(option, range, sizeof(range) - 1) != 0)
			continue;
		n->ranged = true;
		/* A range that cannot be read joins no other. */
		if (!read_range(n, option + sizeof(range) - 1, stop))
			n->low = LDIF_RANGE_BROKEN;
	}
}

/* An attribute outside the table: address lists may ask about any. */
static int other_id(struct ldif_snapshot *s, const char *name, size_t len) {
	enum { OTHERS = 4096 };
	const char *option = memchr(name, ';', len);
	const char *folded =
	        text_fold_bytes(s->arena, name, option ? (size_t)(option - name) : len);

	for (size_t i = 0; i < s->others.n; i++)
		if (strcmp(s->others.v[i], folded) == 0)
			return LDIF_OTHER + (int)i;
	if (s->others.n == OTHERS)
		return -1;
	ARENA_PUSH(s->arena, &s->others, folded);
	return LDIF_OTHER + (int)s->others.n - 1;
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
	/* A writer asks about our attributes alone. */
	if (n->id < 0 && t->snapshot &&
	    (n->meaning == LDIF_ATTRIBUTE || n->meaning == LDIF_OBJECT_CATEGORY))
		n->id = other_id(t->snapshot, l->name, l->name_len);
	read_options(n);
	HASH_ADD_KEYPTR(hh, t->table, n->text, n->len, n);
	return n;
}

void ldif_names_done(struct ldif_names *t) {
	HASH_CLEAR(hh, t->table);
}
