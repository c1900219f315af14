#include "store/directory/ldap_fetch.h"

#include <string.h>

#include "store/directory/ldap_filter.h"
#include "store/directory/ldap_search.h"

enum {
	BATCH = 50,        /* keys in one filter */
	SWEEP_FROM = 1000, /* keys; a sweep pays where they are more than a tenth of everybody */
	SWEEP_TIMES = 10
};

/* The attributes of the table, what tells who a person is, and what filters ask about. */
static const char *const *names_of(struct arena *a, const struct ldap_server *s,
                                   const struct world *w) {
	static const char *const own[] = { "objectClass", "objectCategory", "objectGUID",
		                           "entryUUID", "isDeleted" };
	enum { OWN = sizeof(own) / sizeof(*own) };
	size_t n_wanted, n = 0;
	const char *const *wanted = world_wanted(w, &n_wanted);
	const char **names = ARENA_ARRAY(a, const char *, ATTR_COUNT + OWN + n_wanted + 1);

	/* Elsewhere than on AD `name` stands for all that derive from it: cn, sn, ou, ... */
	for (int id = 0; id < ATTR_COUNT; id++)
		if (s->known[id] && (id != ATTR_NAME || s->active_directory))
			names[n++] = attributes[id].name;
	for (size_t i = 0; i < OWN; i++)
		names[n++] = own[i];
	for (size_t i = 0; i < n_wanted; i++)
		names[n++] = wanted[i];
	return names;
}

/* Stops where it turns out that there are too many to be worth it. */
static bool sweep(struct ldap_reader *r, struct searching *f, size_t keys) {
	const struct ldap_server *s = r->server;
	bool all = true;

	f->into = ldap_catch_new(!s->active_directory);
	for (size_t i = 0; all && i < s->n_contexts; i++)
		all = search_everybody(f, s->contexts[i], keys * SWEEP_TIMES);
	if (all) {
		ldap_catch_settle(f->into);
		r->swept = f->into;
	} else
		ldap_catch_free(f->into);
	r->no_sweep = !all;
	return all;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Those that are asked together. Nobody can have what the last group seeks. */
enum { BY_DN, PEOPLE, ANYBODY, CLASSES, SCHEMA, NOBODY, GROUPS };

struct group {
	struct lookup *v;
	size_t n;
};

static int group_of(const struct lookup *l) {
	enum key_kind kind = l->key.kind;

	if (!l->filter)
		return NOBODY;
	if (kind == KEY_USER_DN)
		return BY_DN;
	if (kind == KEY_CLASS)
		return strcmp(l->key.text, "attributeschema") == 0 ||
		                       strcmp(l->key.text, "classschema") == 0
		               ? SCHEMA
		               : CLASSES;
	return kind >= KEY_USER_GUID && kind <= KEY_USER_DISPLAY_NAME ? PEOPLE : ANYBODY;
}

/* The schema, as the planner asks for it: as entries. */
static void answer_schema(const struct ldap_server *s, struct key key, struct world *w) {
	struct arena *a = world_arena(w);
	const struct entry **v = ARENA_ARRAY(a, const struct entry *, s->n_types + 1);

	for (size_t i = 0; i < s->n_types; i++) {
		const char *name = s->types[i].name, *syntax = s->types[i].syntax;
		struct entry *e = ARENA_NEW(a, struct entry);
		struct value *values = ARENA_ARRAY(a, struct value, 2);
		e->attributes = ARENA_ARRAY(a, struct attribute_values, 2);
		values[0] = (struct value){ name, strlen(name) };
		e->attributes[e->n++] =
		        (struct attribute_values){ ATTR_LDAP_DISPLAY_NAME, false, 1, values };
		if (syntax) {
			values[1] = (struct value){ syntax, strlen(syntax) };
			e->attributes[e->n++] = (struct attribute_values){ ATTR_ATTRIBUTE_SYNTAX,
				                                           false, 1, values + 1 };
		}
		e->dn = e->normal = e->identity = arena_printf(a, "cn=%s,cn=subschema", name);
		v[i] = e;
	}
	world_answer_entries(w, key, v, s->n_types);
}

/* "": the DN itself is all that is asked for. */
static const char *filter_of(const struct searching *f, struct key key) {
	if (key.kind != KEY_USER_DN)
		return ldap_filter_of(f->a, f->server, key);
	const char *filter = ldap_filter_of_dn(f->a, f->server, key.text);
	return filter ? filter : "";
}

static void take_keys(struct searching *f, const struct keys *keys, struct world *w,
                      struct group groups[GROUPS]) {
	const struct ldap_server *s = f->server;

	for (int i = 0; i < GROUPS; i++)
		groups[i].v = ARENA_ARRAY(f->a, struct lookup, keys->n + 1);
	for (size_t i = 0; i < keys->n; i++) {
		struct lookup l = { .key = keys->v[i] };
		if (key_of_inventory(l.key.kind))
			continue;
		if (l.key.kind == KEY_CLASS && s->has_schema &&
		    strcmp(l.key.text, "attributeschema") == 0) {
			answer_schema(s, l.key, w);
			continue;
		}
		l.filter = filter_of(f, l.key);
		struct group *group = groups + group_of(&l);
		group->v[group->n++] = l;
	}
}

static void look_up(const struct ldap_reader *r, struct searching *f, struct group *group,
                    int which) {
	/* On Active Directory a search of the configuration does not reach the schema. */
	const char *base = which == PEOPLE                        ? r->base
	                   : which == SCHEMA && r->server->schema ? r->server->schema
	                   : which == CLASSES || which == SCHEMA  ? r->configuration
	                                                          : NULL;
	bool classes = which == CLASSES || which == SCHEMA;

	for (size_t i = 0; which == BY_DN && i < group->n; i++) {
		search_dn(f, group->v + i);
		if (*group->v[i].filter)
			search_batch(f, group->v + i, 1, true, NULL, false);
	}
	for (size_t i = 0; which != BY_DN && i < group->n; i += BATCH) {
		size_t n = group->n - i < BATCH ? group->n - i : BATCH;
		search_batch(f, group->v + i, n, which == PEOPLE, base, classes);
	}
}

/* What is known, from the entries; what is not, with its reason. */
static void answer(struct ldap_reader *r, struct ldap_catch *from, const struct group *groups,
                   size_t n_groups, struct world *w) {
	struct arena *a = arena_new();
	struct keys known = { .arena = a };

	for (size_t g = 0; g < n_groups; g++)
		for (size_t i = 0; i < groups[g].n; i++) {
			const struct lookup *l = groups[g].v + i;
			if (l->code)
				world_unknown(w, l->key, l->code,
				              arena_strdup(world_arena(w), l->why));
			else
				keys_add(&known, l->key.kind, l->key.text);
		}
	/* What the global catalogue was asked for is no gap; where it failed, the key says so. */
	from->snapshot->gaps.v = r->gaps;
	from->snapshot->gaps.n = r->catalog && !r->gaps->archives_alone ? 0 : r->n_gaps;
	ldif_find(from->snapshot, &r->scope, &known, w);
	arena_free(a);
}

/* The same keys, of the domains that the server does not hold. The configuration is not asked for:
 * every server has all of it. */
static void ask_catalog(const struct ldap_reader *r, const struct searching *own,
                        struct group *groups, int first) {
	struct searching f = { .link = r->catalog,
		               .server = r->catalog_server,
		               .a = own->a,
		               .into = own->into,
		               .names = own->names };
	const struct ldap_reader everywhere = { 0 };

	f.into->copies = true;
	for (int i = first; i < CLASSES; i++)
		look_up(&everywhere, &f, groups + i, i);
	search_run(&f);
	f.into->copies = false;
}

static void answer_unknown(const struct ldap_reader *r, const struct keys *keys, struct world *w) {
	const char *why = arena_strdup(world_arena(w), r->why);

	for (size_t i = 0; i < keys->n; i++)
		if (!key_of_inventory(keys->v[i].kind))
			world_unknown(w, keys->v[i], "read-failed", why);
}

void ldap_fetch(struct ldap_reader *r, const struct keys *keys, struct world *w) {
	struct searching f = { .link = r->link, .server = r->server };
	struct group groups[GROUPS] = { 0 };

	if (!r->link) {
		answer_unknown(r, keys, w);
		return;
	}
	f.a = arena_new();
	f.names = names_of(f.a, r->server, w);
	take_keys(&f, keys, w, groups);
	/* Classes are few, and a sweep does not bring them. */
	size_t others = groups[BY_DN].n + groups[PEOPLE].n + groups[ANYBODY].n;
	int first = BY_DN;
	if (others &&
	    (r->swept || (others >= SWEEP_FROM && !r->no_sweep && sweep(r, &f, others)))) {
		answer(r, r->swept, groups, CLASSES, w);
		first = CLASSES;
	}
	f.into = ldap_catch_new(!r->server->active_directory);
	for (int i = first; i < NOBODY; i++)
		look_up(r, &f, groups + i, i);
	search_run(&f);
	if (r->catalog)
		ask_catalog(r, &f, groups, first);
	ldap_catch_settle(f.into);
	answer(r, f.into, groups + first, (size_t)(GROUPS - first), w);
	ldap_catch_free(f.into);
	arena_free(f.a);
}
