#include "store/directory/ldap_catch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/directory/ldap_dn.h"

struct ldap_catch *ldap_catch_new(bool tidy) {
	struct ldap_catch *c = calloc(1, sizeof(*c));

	if (!c || !(c->snapshot = calloc(1, sizeof(*c->snapshot))))
		abort();
	c->tidy = tidy;
	c->snapshot->arena = arena_new();
	c->snapshot->called = "the server";
	c->names = (struct ldif_names){ .arena = c->snapshot->arena, .snapshot = c->snapshot };
	ldif_builder_init(&c->builder, c->snapshot);
	return c;
}

struct ldap_catch *ldap_catch_free(struct ldap_catch *c) {
	if (!c)
		return NULL;
	ldif_builder_done(&c->builder);
	ldif_names_done(&c->names);
	for (size_t i = 0; i < c->arenas.n; i++)
		arena_free(c->arenas.v[i]);
	ldif_snapshot_free(c->snapshot);
	free(c);
	return NULL;
}

size_t ldap_catch_count(const struct ldap_catch *c) {
	return c->snapshot->n;
}

/* ---- ranges --------------------------------------------------------------------------------- */

static const struct ldif_name *name_of(struct ldap_catch *c, const struct ldap_line *line) {
	struct ldif_line l = { line->name, strlen(line->name), line->value };

	return ldif_name_of(&c->names, &l);
}

/* The rest of an attribute whose values came up to `low` (MS-ADTS 3.1.1.3.1.3.3). */
static bool read_rest(struct ldap_catch *c, struct ldap_link *l, const char *dn,
                      struct ldap_found *found, const struct ldif_name **last) {
	struct arena *a = c->snapshot->arena;
	int plain = (int)strcspn((*last)->text, ";");
	const char *names[] = {
		arena_printf(a, "%.*s;range=%ld-*", plain, (*last)->text, (*last)->high + 1), NULL
	};
	struct ldap_ask ask = {
		.dn = dn, .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = names
	};
	long before = (*last)->high;

	ldap_link_ask(l, &ask);
	if (ask.arena)
		ARENA_PUSH(a, &c->arenas, ask.arena);
	if (ldap_ask_fault(a, l, &ask) || ask.found.n != 1 ||
	    strcasecmp(ask.found.v[0].dn, dn) != 0)
		return false;
	size_t n = found->n + ask.found.v[0].n;
	struct ldap_line *lines = ARENA_ARRAY(a, struct ldap_line, n + 1);
	if (found->n)
		memcpy(lines, found->lines, found->n * sizeof(*lines));
	for (size_t i = 0; i < ask.found.v[0].n; i++) {
		const struct ldif_name *name = name_of(c, ask.found.v[0].lines + i);
		lines[found->n + i] = ask.found.v[0].lines[i];
		if (name->ranged && name->id == (*last)->id)
			*last = name;
	}
	found->lines = lines;
	found->n = n;
	return (*last)->high > before;
}

/* What is left out stays in parts, which the snapshot knows to be incomplete. */
static void complete(struct ldap_catch *c, struct ldap_link *l, struct ldap_found *found) {
	size_t n = found->n;

	for (size_t i = 0; i < n; i++) {
		const struct ldif_name *name = name_of(c, found->lines + i);
		bool first = i == 0 || strcmp(found->lines[i - 1].name, found->lines[i].name) != 0;
		while (first && name->ranged && name->low >= 0 && name->high >= 0 &&
		       read_rest(c, l, found->dn, found, &name))
			;
	}
}

/* ---- entries -------------------------------------------------------------------------------- */

/* A value that is not what its syntax says is one that is not known. */
static void take_line(struct ldap_catch *c, const struct ldap_line *line) {
	struct ldif_line l = { line->name, strlen(line->name), line->value };
	const struct ldif_name *name = ldif_name_of(&c->names, &l);

	if (c->tidy && name->id >= 0 && name->id < ATTR_COUNT &&
	    attributes[name->id].syntax == SYNTAX_DN) {
		l.value.data = ldap_dn_tidy(c->snapshot->arena, l.value.data, l.value.len);
		l.value.len = strlen(l.value.data);
	}
	if (ldif_entry_take(&c->builder, name, &l))
		ldif_entry_lack(&c->builder, name);
}

/* Known already, by its name or, moved meanwhile, by its GUID. */
static bool is_second(struct ldif_snapshot *s, const struct ldif_record *r) {
	struct ldif_record *other;
	size_t len = strlen(r->normal);

	HASH_FIND(by_dn, s->by_dn, r->normal, len, other);
	if (!other && !guid_none(r->guid))
		HASH_FIND(by_guid, s->by_guid, &r->guid, sizeof(r->guid), other);
	return other != NULL;
}

static void take_found(struct ldap_catch *c, const struct ldap_found *found) {
	struct ldif_line dn = { "dn", 2, { found->dn, strlen(found->dn) } };

	if (c->tidy)
		dn.value.data = ldap_dn_tidy(c->snapshot->arena, found->dn, dn.value.len);
	dn.value.len = strlen(dn.value.data);

	if (ldif_entry_begin(&c->builder, &dn))
		return;
	for (size_t i = 0; i < found->n; i++)
		take_line(c, found->lines + i);
	c->builder.now.copy = c->copies;
	ldif_entry_finish(&c->builder);
}

void ldap_catch_take(struct ldap_catch *c, struct ldap_link *l, struct ldap_ask *answer) {
	if (answer->arena)
		ARENA_PUSH(c->snapshot->arena, &c->arenas, answer->arena);
	for (size_t i = 0; i < answer->found.n; i++) {
		complete(c, l, answer->found.v + i);
		take_found(c, answer->found.v + i);
	}
	answer->found.n = 0;
	answer->arena = NULL;
}

/* The records do not move any more: they are told apart by what they are known by. */
void ldap_catch_settle(struct ldap_catch *c) {
	struct ldif_snapshot *s = c->snapshot;

	HASH_CLEAR(by_dn, s->by_dn);
	HASH_CLEAR(by_guid, s->by_guid);
	for (size_t i = 0; i < s->n; i++) {
		struct ldif_record *r = s->records + i;
		size_t len = strlen(r->normal);
		if (is_second(s, r)) {
			r->object = false;
			continue;
		}
		HASH_ADD_KEYPTR(by_dn, s->by_dn, r->normal, len, r);
		if (!guid_none(r->guid))
			HASH_ADD(by_guid, s->by_guid, guid, sizeof(r->guid), r);
	}
}
