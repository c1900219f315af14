#include "store/directory/ldap_fetch.h"

#include <string.h>

#include "store/directory/ldap_filter.h"

enum {
	BATCH = 50,        /* keys in one filter */
	OUTSTANDING = 8,   /* searches at a time */
	SWEEP_FROM = 1000, /* keys; a sweep pays where they are more than a tenth of everybody */
	SWEEP_TIMES = 10,
	BARREN = 100 /* pages in a row that bring nobody; a few may */
};

/* A key, and what has become of it. */
struct lookup {
	struct key key;
	const char *filter;     /* NULL: nobody can have it */
	const char *code, *why; /* it is unknown; NULL: it is not */
};

/* A search on its way: one batch below one base. */
struct search {
	struct ldap_ask ask;
	struct lookup *first;
	size_t n;
	bool people;
	const char *page; /* whom the page before began with; NULL: nobody */
	unsigned barren;  /* how many in a row brought nobody */
	struct search *next;
};

struct searches {
	struct search *first, *last;
};

struct fetch {
	struct ldap_reader *r;
	struct arena *a;
	struct ldap_catch *into;
	const char *const *names;
	struct searches waiting, alone; /* alone: one page after the other, nothing beside it */
	size_t outstanding;
};

static void push(struct searches *q, struct search *s) {
	s->next = NULL;
	if (q->last)
		q->last->next = s;
	else
		q->first = s;
	q->last = s;
}

static struct search *pop(struct searches *q) {
	struct search *s = q->first;

	if (s) {
		q->first = s->next;
		if (!q->first)
			q->last = NULL;
	}
	return s;
}

/* ---- what is asked -------------------------------------------------------------------------- */

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

static void search_below(struct fetch *f, const char *base, struct lookup *first, size_t n,
                         bool people, bool alone) {
	struct search *s = ARENA_NEW(f->a, struct search);
	const char *filter = "";

	for (size_t i = 0; i < n; i++)
		filter = arena_printf(f->a, "%s%s", filter, first[i].filter);
	filter = arena_printf(f->a, "(|%s)", filter);
	if (people)
		filter = arena_printf(f->a, "(&%s%s)", ldap_filter_people(f->r->server), filter);
	s->ask = (struct ldap_ask){ .dn = base,
		                    .scope = LDAP_SCOPE_SUBTREE,
		                    .filter = filter,
		                    .names = f->names,
		                    .paged = alone,
		                    .here = f->r->server->domain_scope };
	s->first = first;
	s->n = n;
	s->people = people;
	push(alone ? &f->alone : &f->waiting, s);
}

/* One batch, below every base where those may be whom it means. */
static void search_batch(struct fetch *f, struct lookup *first, size_t n, bool people,
                         const char *base, bool alone) {
	const struct ldap_server *s = f->r->server;

	if (base)
		search_below(f, base, first, n, people, alone);
	for (size_t i = 0; !base && i < s->n_contexts; i++)
		search_below(f, s->contexts[i], first, n, people, alone);
}

static void search_dn(struct fetch *f, struct lookup *l) {
	struct search *s = ARENA_NEW(f->a, struct search);

	s->ask = (struct ldap_ask){ .dn = l->key.text,
		                    .scope = LDAP_SCOPE_BASE,
		                    .filter = ldap_filter_people(f->r->server),
		                    .names = f->names };
	s->first = l;
	s->n = 1;
	push(&f->waiting, s);
}

/* ---- what came of it ------------------------------------------------------------------------ */

static void unknown(struct search *s, const char *code, const char *why) {
	for (size_t i = 0; i < s->n; i++)
		if (!s->first[i].code) {
			s->first[i].code = code;
			s->first[i].why = why;
		}
}

/* Half of the keys at a time, then a page at a time: what still is too much cannot be read. */
static void ask_for_less(struct fetch *f, struct search *s, const char *why) {
	size_t half = s->n / 2;

	if (s->n > 1) {
		search_below(f, s->ask.dn, s->first, half, s->people, false);
		search_below(f, s->ask.dn, s->first + half, s->n - half, s->people, false);
	} else if (!s->ask.paged)
		search_below(f, s->ask.dn, s->first, 1, s->people, true);
	else
		unknown(s, "read-incomplete", why);
}

static bool too_much(int code) {
	return code == LDAP_SIZELIMIT_EXCEEDED || code == LDAP_ADMINLIMIT_EXCEEDED ||
	       code == LDAP_TIMELIMIT_EXCEEDED;
}

/* A server that does not get on: it would be asked for pages for ever. */
static bool goes_round(struct fetch *f, struct search *s) {
	const struct ldap_ask *ask = &s->ask;
	const char *first = ask->found.n ? ask->found.v[0].dn : NULL;
	bool again = first && s->page && strcmp(first, s->page) == 0;

	s->barren = first ? 0 : s->barren + 1;
	s->page = first ? arena_strdup(f->a, first) : s->page;
	return ask->next_cookie.len && (again || s->barren >= BARREN);
}

/* Is it an answer that counts? Else what it leaves open is asked again, or is unknown. */
static bool counts(struct fetch *f, struct search *s) {
	struct ldap_ask *ask = &s->ask;
	const char *fault = ldap_ask_fault(f->a, f->r->link, ask);

	if (!fault && !goes_round(f, s))
		return true;
	if (!fault)
		unknown(s, "read-incomplete", "the server gives page after page, and nobody new");
	else if (ask->end == LDAP_ASK_LOST)
		unknown(s, "read-failed", fault);
	else if (ask->code == LDAP_NO_SUCH_OBJECT && ask->scope == LDAP_SCOPE_BASE)
		; /* there is no such entry: an answer */
	else if (too_much(ask->code))
		ask_for_less(f, s, fault);
	else if (ask->referred || ask->code == LDAP_REFERRAL)
		unknown(s, "read-incomplete", fault);
	else
		unknown(s, "read-failed", fault);
	ask->arena = arena_free(ask->arena);
	return false;
}

/*
 * Page after page, up to so many entries; true where all of them came. Where no range has to be
 * read in between (that is Active Directory's), the server makes the next page while this one is
 * taken.
 */
static bool run_alone(struct fetch *f, struct search *s, size_t most) {
	bool ahead = !f->r->server->active_directory, more;

	ldap_link_send(f->r->link, &s->ask);
	do {
		(void)ldap_link_wait(f->r->link);
		if (!counts(f, s))
			return false;
		more = s->ask.next_cookie.len && ldap_catch_count(f->into) <= most;
		struct ldap_ask page = s->ask;
		if (page.next_cookie.len)
			page.next_cookie.data =
			        arena_copy(f->a, page.next_cookie.data, page.next_cookie.len);
		s->ask.cookie = page.next_cookie;
		if (more && ahead)
			ldap_link_send(f->r->link, &s->ask);
		ldap_catch_take(f->into, f->r->link, &page);
		if (more && !ahead)
			ldap_link_send(f->r->link, &s->ask);
	} while (more);
	return !s->ask.cookie.len;
}

/* A range is read with nothing outstanding, so answers are taken when all of them are there. */
static void run_some(struct fetch *f) {
	struct search *sent[OUTSTANDING], *s;
	size_t n = 0;

	while (n < OUTSTANDING && (s = pop(&f->waiting)) != NULL) {
		ldap_link_send(f->r->link, &s->ask);
		sent[n++] = s;
	}
	for (size_t i = 0; i < n; i++)
		(void)ldap_link_wait(f->r->link);
	for (size_t i = 0; i < n; i++)
		if (counts(f, sent[i]))
			ldap_catch_take(f->into, f->r->link, &sent[i]->ask);
}

static void run(struct fetch *f) {
	struct search *s;

	while (f->waiting.first || f->alone.first) {
		if (f->waiting.first)
			run_some(f);
		else if ((s = pop(&f->alone)) != NULL)
			(void)run_alone(f, s, SIZE_MAX);
	}
}

/* ---- a sweep -------------------------------------------------------------------------------- */

/* Stops where it turns out that there are too many to be worth it. */
static bool sweep_below(struct fetch *f, const char *base, size_t most) {
	struct lookup everybody = { .filter = ldap_filter_anybody(f->a, f->r->server) };
	search_below(f, base, &everybody, 1, false, true);
	return run_alone(f, pop(&f->alone), most) && !everybody.code;
}

static bool sweep(struct fetch *f, size_t keys) {
	const struct ldap_server *s = f->r->server;
	bool all = true;

	f->into = ldap_catch_new(!f->r->server->active_directory);
	for (size_t i = 0; all && i < s->n_contexts; i++)
		all = sweep_below(f, s->contexts[i], keys * SWEEP_TIMES);
	if (all) {
		ldap_catch_settle(f->into);
		f->r->swept = f->into;
	} else
		ldap_catch_free(f->into);
	f->r->no_sweep = !all;
	return all;
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Those that are asked together. Nobody can have what the last group seeks. */
enum { BY_DN, PEOPLE, ANYBODY, CLASSES, NOBODY, GROUPS };

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
		return CLASSES;
	return kind >= KEY_USER_GUID && kind <= KEY_USER_DISPLAY_NAME ? PEOPLE : ANYBODY;
}

/* A schema that is no entries, as the planner asks for one. */
static void answer_schema(const struct ldap_server *s, struct key key, struct world *w) {
	struct arena *a = world_arena(w);
	const struct entry **v = ARENA_ARRAY(a, const struct entry *, ATTR_COUNT);
	size_t n = 0;

	for (int id = 0; id < ATTR_COUNT; id++) {
		if (!s->known[id])
			continue;
		struct entry *e = ARENA_NEW(a, struct entry);
		struct value *name = ARENA_NEW(a, struct value);
		*name = (struct value){ attributes[id].name, strlen(attributes[id].name) };
		e->attributes = ARENA_NEW(a, struct attribute_values);
		e->attributes[0] =
		        (struct attribute_values){ ATTR_LDAP_DISPLAY_NAME, false, 1, name };
		e->n = 1;
		e->dn = e->normal = e->identity =
		        arena_printf(a, "cn=%s,cn=subschema", attributes[id].name);
		v[n++] = e;
	}
	world_answer_entries(w, key, v, n);
}

/* "": the DN itself is all that is asked for. */
static const char *filter_of(const struct fetch *f, struct key key) {
	if (key.kind != KEY_USER_DN)
		return ldap_filter_of(f->a, f->r->server, key);
	const char *filter = ldap_filter_of_dn(f->a, f->r->server, key.text);
	return filter ? filter : "";
}

static void take_keys(struct fetch *f, const struct keys *keys, struct world *w,
                      struct group groups[GROUPS]) {
	const struct ldap_server *s = f->r->server;

	for (int i = 0; i < GROUPS; i++)
		groups[i].v = ARENA_ARRAY(f->a, struct lookup, keys->n + 1);
	for (size_t i = 0; i < keys->n; i++) {
		struct lookup l = { .key = keys->v[i] };
		if (key_of_inventory(l.key.kind))
			continue;
		if (l.key.kind == KEY_CLASS && s->schema_is_no_entries &&
		    strcmp(l.key.text, "attributeschema") == 0) {
			answer_schema(s, l.key, w);
			continue;
		}
		l.filter = filter_of(f, l.key);
		struct group *group = groups + group_of(&l);
		group->v[group->n++] = l;
	}
}

static void look_up(struct fetch *f, struct group *group, int which) {
	const struct ldap_reader *r = f->r;
	const char *base = which == PEOPLE ? r->base : which == CLASSES ? r->configuration : NULL;

	for (size_t i = 0; which == BY_DN && i < group->n; i++) {
		search_dn(f, group->v + i);
		if (*group->v[i].filter)
			search_batch(f, group->v + i, 1, true, NULL, false);
	}
	for (size_t i = 0; which != BY_DN && i < group->n; i += BATCH) {
		size_t n = group->n - i < BATCH ? group->n - i : BATCH;
		search_batch(f, group->v + i, n, which == PEOPLE, base, which == CLASSES);
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
	from->snapshot->gaps.v = r->gaps;
	from->snapshot->gaps.n = r->n_gaps;
	ldif_find(from->snapshot, &r->scope, &known, w);
	arena_free(a);
}

static void answer_unknown(const struct ldap_reader *r, const struct keys *keys, struct world *w) {
	const char *why = arena_strdup(world_arena(w), r->why);

	for (size_t i = 0; i < keys->n; i++)
		if (!key_of_inventory(keys->v[i].kind))
			world_unknown(w, keys->v[i], "read-failed", why);
}

void ldap_fetch(struct ldap_reader *r, const struct keys *keys, struct world *w) {
	struct fetch f = { .r = r };
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
	if (others && (r->swept || (others >= SWEEP_FROM && !r->no_sweep && sweep(&f, others)))) {
		answer(r, r->swept, groups, CLASSES, w);
		first = CLASSES;
	}
	f.into = ldap_catch_new(!f.r->server->active_directory);
	for (int i = first; i < NOBODY; i++)
		look_up(&f, groups + i, i);
	run(&f);
	ldap_catch_settle(f.into);
	answer(r, f.into, groups + first, (size_t)(GROUPS - first), w);
	ldap_catch_free(f.into);
	arena_free(f.a);
}
