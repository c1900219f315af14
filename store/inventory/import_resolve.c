#include "store/inventory/import_resolve.h"

#include <string.h>

#include "base/dn.h"
#include "base/hash.h"
#include "base/text.h"
#include "store/inventory/rows.h"

struct asked {
	UT_hash_handle hh;
	const char *key; /* text and server */
	size_t index;
	const char *code, *why; /* NULL: found */
};

enum { DEFAULT_RETENTION = 30 * 86400 };

int resolver_init(struct resolver *r, struct import *im, struct error *err) {
	struct databases known = { 0 };
	int rc = rows_databases(im->inv, im->arena, &known, err);

	*r = (struct resolver){ .im = im };
	for (size_t i = 0; i < known.n && rc == OK; i++) {
		struct named_database d = { .row = known.v[i] };
		ARENA_PUSH(im->arena, r, d);
	}
	return rc;
}

void resolver_done(struct resolver *r) {
	HASH_CLEAR(hh, r->asked);
}

static void by_name(struct resolver *r, const char *text, const char *server, struct asked *ret) {
	const char *folded = text_fold(r->im->arena, text);
	size_t n = 0, on_server = 0, index_on_server = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct database_row *d = &r->v[i].row;
		if (strcmp(d->folded, folded) != 0)
			continue;
		ret->index = i;
		n++;
		if (*server && text_same(d->server, server)) {
			index_on_server = i;
			on_server++;
		}
	}
	if (n > 1 && on_server == 1) {
		ret->index = index_on_server;
		n = 1;
	}
	if (n > 1)
		ret->code = "database-ambiguous";
	else if (n == 0)
		ret->code = "database-unknown";
}

static void by_guid(struct resolver *r, struct guid guid, struct asked *ret) {
	for (size_t i = 0; i < r->n; i++)
		if (guid_equal(r->v[i].row.guid, guid)) {
			ret->index = i;
			ret->code = NULL;
		}
}

static void by_dn(struct resolver *r, const char *text, struct asked *ret) {
	for (size_t i = 0; i < r->n; i++)
		if (*r->v[i].row.dn && dn_same(r->v[i].row.dn, text)) {
			ret->index = i;
			ret->code = NULL;
		}
}

static void add_new(struct resolver *r, const char *text, const char *server, struct asked *ret) {
	struct arena *a = r->im->arena;
	struct named_database d = { .row = { .name = text,
		                             .folded = text_fold(a, text),
		                             .dn = "",
		                             .server = server,
		                             .retention = DEFAULT_RETENTION,
		                             .imported = TIMESTAMP_NONE } };

	ret->index = r->n;
	ret->code = NULL;
	ARENA_PUSH(a, r, d);
}

static void resolve(struct resolver *r, const char *text, const char *server, struct asked *ret) {
	struct arena *a = r->im->arena;
	struct guid guid;

	by_name(r, text, server, ret);
	if (!ret->code)
		return;
	if (strcmp(ret->code, "database-ambiguous") == 0) {
		ret->why = "is the name of several databases; give its GUID, or the ServerName";
		return;
	}
	if (guid_parse(text, &guid) && !guid_none(guid))
		by_guid(r, guid, ret);
	else if (strchr(text, ',') && dn_normal(a, text))
		by_dn(r, text, ret);
	else
		add_new(r, text, server, ret);
	if (ret->code)
		ret->why = "is no database that the store knows; import the output of "
		           "Get-MailboxDatabase first, or give its name";
}

bool resolver_find(struct resolver *r, const char *text, const char *server, size_t *ret,
                   const char **ret_code, const char **ret_why) {
	struct arena *scratch = arena_new();
	const char *key = arena_printf(scratch, "%s\n%s", text, server);
	struct asked *a;

	HASH_FIND_STR(r->asked, key, a);
	if (!a) {
		a = ARENA_NEW(r->im->arena, struct asked);
		a->key = arena_strdup(r->im->arena, key);
		resolve(r, text, server, a);
		HASH_ADD_KEYPTR(hh, r->asked, a->key, strlen(a->key), a);
	}
	arena_free(scratch);
	*ret = a->index;
	*ret_code = a->code;
	*ret_why = a->why;
	return !a->code;
}
