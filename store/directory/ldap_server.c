#include "store/directory/ldap_server.h"

#include <ctype.h>
#include <ldap_schema.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/text.h"

/* ---- the root DSE --------------------------------------------------------------------------- */

static const char *const root_names[] = { "namingContexts",
	                                  "defaultNamingContext",
	                                  "configurationNamingContext",
	                                  "schemaNamingContext",
	                                  "subschemaSubentry",
	                                  "supportedControl",
	                                  "supportedCapabilities",
	                                  NULL };

static bool is(const struct ldap_line *line, const char *name) {
	return strcasecmp(line->name, name) == 0;
}

/* Entries of DNS are nobody's, and none of them is read for a person. */
static bool is_of_dns(const char *context) {
	return strncasecmp(context, "DC=DomainDnsZones,", 18) == 0 ||
	       strncasecmp(context, "DC=ForestDnsZones,", 18) == 0;
}

struct root {
	const char *subschema, *default_context;
	struct {
		const char **v;
		size_t n, cap;
	} contexts;
};

static void take_root_line(struct ldap_server *s, struct arena *a, struct root *root,
                           const struct ldap_line *line) {
	const char *text = line->value.data;

	if (is(line, "namingContexts") && !is_of_dns(text))
		ARENA_PUSH(a, &root->contexts, arena_strdup(a, text));
	else if (is(line, "defaultNamingContext"))
		root->default_context = arena_strdup(a, text);
	else if (is(line, "configurationNamingContext"))
		s->configuration = arena_strdup(a, text);
	else if (is(line, "schemaNamingContext"))
		s->schema = arena_strdup(a, text);
	else if (is(line, "subschemaSubentry"))
		root->subschema = arena_strdup(a, text);
	else if (is(line, "supportedControl"))
		s->domain_scope |= strcmp(text, "1.2.840.113556.1.4.1339") == 0;
	else if (is(line, "supportedCapabilities"))
		s->active_directory |= strcmp(text, "1.2.840.113556.1.4.800") == 0;
}

static int fail(struct ldap_link *l, struct arena *a, const struct ldap_ask *ask, const char *what,
                struct error *err) {
	const char *fault = ldap_ask_fault(a, l, ask);

	return error_set(err, ERR_IO, "%s cannot be read: %s", what,
	                 fault ? fault : "it is not shown to this account");
}

static int read_root(struct ldap_link *l, struct arena *a, struct ldap_server *s, struct root *root,
                     struct error *err) {
	struct ldap_ask ask = {
		.dn = "", .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = root_names
	};

	ldap_link_ask(l, &ask);
	int r = OK;
	if (ask.end != LDAP_ASK_ANSWERED || ask.code != LDAP_SUCCESS || !ask.found.n)
		r = fail(l, a, &ask, "what the server says of itself (its root DSE)", err);
	for (size_t i = 0; r == OK && i < ask.found.v[0].n; i++)
		take_root_line(s, a, root, ask.found.v[0].lines + i);
	arena_free(ask.arena);
	return r;
}

/* ---- the subschema -------------------------------------------------------------------------- */

struct type {
	const char *name; /* folded; or the OID */
	const char *above, *syntax;
	bool equality;
	UT_hash_handle hh;
};

static void put_type(struct arena *a, struct type **table, const char *name,
                     const LDAPAttributeType *type) {
	struct type *t = ARENA_NEW(a, struct type), *known;

	t->name = text_fold(a, name);
	t->above = type->at_sup_oid ? text_fold(a, type->at_sup_oid) : NULL;
	t->syntax = type->at_syntax_oid ? arena_strdup(a, type->at_syntax_oid) : NULL;
	t->equality = type->at_equality_oid != NULL;
	HASH_FIND_STR(*table, t->name, known);
	if (!known)
		HASH_ADD_KEYPTR(hh, *table, t->name, strlen(t->name), t);
}

static void take_type(struct arena *a, struct type **table, const char *text) {
	const char *at;
	int code;
	LDAPAttributeType *type = ldap_str2attributetype(text, &code, &at, LDAP_SCHEMA_ALLOW_ALL);

	if (!type)
		return;
	put_type(a, table, type->at_oid, type);
	for (char **name = type->at_names; name && *name; name++)
		put_type(a, table, *name, type);
	ldap_attributetype_free(type);
}

static const struct type *type_of(struct type *table, const char *folded) {
	struct type *t = NULL;

	if (folded)
		HASH_FIND_STR(table, folded, t);
	return t;
}

/* A type without a matching rule has that of the one above it (RFC 4512, 2.5.1). */
static bool has_equality(struct type *table, const struct type *t) {
	enum { DEPTH = 16 };

	for (int i = 0; t && i < DEPTH; i++, t = type_of(table, t->above))
		if (t->equality)
			return true;
	return false;
}

/* As matching rules: that of the one above it, where it has none itself. */
static const char *syntax_of(struct type *table, const struct type *t) {
	enum { DEPTH = 16 };

	for (int i = 0; t && i < DEPTH; i++, t = type_of(table, t->above))
		if (t->syntax)
			return t->syntax;
	return NULL;
}

static void take_types(struct arena *a, struct ldap_server *s, struct type *table) {
	s->types = ARENA_ARRAY(a, struct ldap_type, HASH_COUNT(table) + 1);
	for (struct type *t = table; t; t = t->hh.next) {
		if (isdigit((unsigned char)*t->name))
			continue; /* the OID */
		const char *syntax = syntax_of(table, t);
		s->types[s->n_types++] =
		        (struct ldap_type){ arena_strdup(a, t->name),
			                    syntax ? arena_strdup(a, syntax) : NULL };
	}
}

static void take_known(struct ldap_server *s, struct type *table) {
	struct arena *scratch = arena_new();

	for (int id = 0; id < ATTR_COUNT; id++) {
		const struct type *t = type_of(table, text_fold(scratch, attributes[id].name));
		s->known[id] = t != NULL;
		s->searchable[id] = s->active_directory ? t != NULL : has_equality(table, t);
	}
	s->object_guid = type_of(table, "objectguid") != NULL;
	s->has_schema = true;
	arena_free(scratch);
}

static void know_everything(struct ldap_server *s) {
	memset(s->known, true, sizeof(s->known));
	memset(s->searchable, true, sizeof(s->searchable));
	s->object_guid = true;
}

static int read_subschema(struct ldap_link *l, struct arena *a, struct ldap_server *s,
                          const char *dn, struct error *err) {
	static const char *const names[] = { "attributeTypes", NULL };
	struct ldap_ask ask = {
		.dn = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = names
	};
	struct arena *scratch = arena_new();
	struct type *table = NULL;
	int r = OK;

	ldap_link_ask(l, &ask);
	bool shown = ask.end == LDAP_ASK_ANSWERED && ask.code == LDAP_SUCCESS && ask.found.n &&
	             ask.found.v[0].n;
	for (size_t i = 0; shown && i < ask.found.v[0].n; i++)
		take_type(scratch, &table, ask.found.v[0].lines[i].value.data);
	if (shown) {
		take_known(s, table);
		take_types(a, s, table);
	} else if (s->active_directory && ask.end == LDAP_ASK_ANSWERED)
		know_everything(s);
	else
		r = fail(l, a, &ask, "the server's schema", err);
	HASH_CLEAR(hh, table);
	arena_free(scratch);
	arena_free(ask.arena);
	return r;
}

/* ---- all of it ------------------------------------------------------------------------------ */

int ldap_server_read(struct ldap_link *l, struct arena *a, struct ldap_server *ret,
                     struct error *err) {
	struct root root = { 0 };

	*ret = (struct ldap_server){ 0 };
	int r = read_root(l, a, ret, &root, err);
	if (r < 0)
		return r;
	ret->contexts = root.contexts.v;
	ret->n_contexts = root.contexts.n;
	ret->base = root.default_context ? root.default_context
	            : root.contexts.n    ? root.contexts.v[0]
	                                 : NULL;
	if (!root.subschema) {
		know_everything(ret);
		return OK;
	}
	return read_subschema(l, a, ret, root.subschema, err);
}

bool ldap_server_catalogs(struct ldap_link *l, const struct ldap_server *s, enum attribute id) {
	static const char *const names[] = { "isMemberOfPartialAttributeSet", NULL };
	struct arena *a = arena_new();
	struct ldap_ask ask = { .dn = s->schema,
		                .scope = LDAP_SCOPE_ONELEVEL,
		                .filter = arena_printf(a, "(lDAPDisplayName=%s)",
		                                       attributes[id].name),
		                .names = names };

	if (s->schema)
		ldap_link_ask(l, &ask);
	const struct ldap_found *found = ask.found.n ? ask.found.v : NULL;
	bool lacks = found && (!found->n || strcasecmp(found->lines[0].value.data, "TRUE") != 0);
	arena_free(ask.arena);
	arena_free(a);
	return !lacks;
}

int ldap_server_has(struct ldap_link *l, const char *dn, const char *what, struct error *err) {
	static const char *const names[] = { LDAP_NO_ATTRS, NULL };
	struct ldap_ask ask = {
		.dn = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = names
	};
	struct arena *a = arena_new();
	int r = OK;

	ldap_link_ask(l, &ask);
	const char *fault = ldap_ask_fault(a, l, &ask);
	if (ask.end == LDAP_ASK_ANSWERED &&
	    (ask.code == LDAP_NO_SUCH_OBJECT || (!fault && !ask.found.n)))
		r = error_set(
		        err, ERR_INVALID,
		        "the directory has no entry %s; check directory.%s in the config, and "
		        "that the account may read it",
		        dn, what);
	else if (fault)
		r = error_set(err, ERR_IO, "%s", fault);
	arena_free(ask.arena);
	arena_free(a);
	return r;
}
