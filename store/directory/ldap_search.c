#include "store/directory/ldap_search.h"

#include <string.h>

#include "store/directory/ldap_filter.h"

enum {
	OUTSTANDING = 8, /* searches at a time */
	BARREN = 100     /* pages in a row that bring nobody; a few may */
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

static void push(struct search_queue *q, struct search *s) {
	s->next = NULL;
	if (q->last)
		q->last->next = s;
	else
		q->first = s;
	q->last = s;
}

static struct search *pop(struct search_queue *q) {
	struct search *s = q->first;

	if (s) {
		q->first = s->next;
		if (!q->first)
			q->last = NULL;
	}
	return s;
}

/* ---- what is asked -------------------------------------------------------------------------- */

static void search_below(struct searching *f, const char *base, struct lookup *first, size_t n,
                         bool people, bool alone) {
	struct search *s = ARENA_NEW(f->a, struct search);
	const char *filter = "";

	for (size_t i = 0; i < n; i++)
		filter = arena_printf(f->a, "%s%s", filter, first[i].filter);
	filter = arena_printf(f->a, "(|%s)", filter);
	if (people)
		filter = arena_printf(f->a, "(&%s%s)", ldap_filter_people(f->server), filter);
	s->ask = (struct ldap_ask){ .dn = base,
		                    .scope = LDAP_SCOPE_SUBTREE,
		                    .filter = filter,
		                    .names = f->names,
		                    .paged = alone,
		                    .here = f->server->domain_scope };
	s->first = first;
	s->n = n;
	s->people = people;
	push(alone ? &f->alone : &f->waiting, s);
}

/* One batch, below every base where those may be whom it means. */
void search_batch(struct searching *f, struct lookup *first, size_t n, bool people,
                  const char *base, bool alone) {
	const struct ldap_server *s = f->server;

	if (base)
		search_below(f, base, first, n, people, alone);
	for (size_t i = 0; !base && i < s->n_contexts; i++)
		search_below(f, s->contexts[i], first, n, people, alone);
}

void search_dn(struct searching *f, struct lookup *l) {
	struct search *s = ARENA_NEW(f->a, struct search);

	s->ask = (struct ldap_ask){ .dn = l->key.text,
		                    .scope = LDAP_SCOPE_BASE,
		                    .filter = ldap_filter_people(f->server),
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
static void ask_for_less(struct searching *f, struct search *s, const char *why) {
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
static bool goes_round(struct searching *f, struct search *s) {
	const struct ldap_ask *ask = &s->ask;
	const char *first = ask->found.n ? ask->found.v[0].dn : NULL;
	bool again = first && s->page && strcmp(first, s->page) == 0;

	s->barren = first ? 0 : s->barren + 1;
	s->page = first ? arena_strdup(f->a, first) : s->page;
	return ask->next_cookie.len && (again || s->barren >= BARREN);
}

/* Is it an answer that counts? Else what it leaves open is asked again, or is unknown. */
static bool counts(struct searching *f, struct search *s) {
	struct ldap_ask *ask = &s->ask;
	const char *fault = ldap_ask_fault(f->a, f->link, ask);

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
static bool run_alone(struct searching *f, struct search *s, size_t most) {
	bool ahead = !f->server->active_directory, more;

	ldap_link_send(f->link, &s->ask);
	do {
		(void)ldap_link_wait(f->link);
		if (!counts(f, s))
			return false;
		more = s->ask.next_cookie.len && ldap_catch_count(f->into) <= most;
		struct ldap_ask page = s->ask;
		if (page.next_cookie.len)
			page.next_cookie.data =
			        arena_copy(f->a, page.next_cookie.data, page.next_cookie.len);
		s->ask.cookie = page.next_cookie;
		if (more && ahead)
			ldap_link_send(f->link, &s->ask);
		ldap_catch_take(f->into, f->link, &page);
		if (more && !ahead)
			ldap_link_send(f->link, &s->ask);
	} while (more);
	return !s->ask.cookie.len;
}

/* A range is read with nothing outstanding, so answers are taken when all of them are there. */
static void run_some(struct searching *f) {
	struct search *sent[OUTSTANDING], *s;
	size_t n = 0;

	while (n < OUTSTANDING && (s = pop(&f->waiting)) != NULL) {
		ldap_link_send(f->link, &s->ask);
		sent[n++] = s;
	}
	for (size_t i = 0; i < n; i++)
		(void)ldap_link_wait(f->link);
	for (size_t i = 0; i < n; i++)
		if (counts(f, sent[i]))
			ldap_catch_take(f->into, f->link, &sent[i]->ask);
}

void search_run(struct searching *f) {
	struct search *s;

	while (f->waiting.first || f->alone.first) {
		if (f->waiting.first)
			run_some(f);
		else if ((s = pop(&f->alone)) != NULL)
			(void)run_alone(f, s, SIZE_MAX);
	}
}

bool search_everybody(struct searching *f, const char *base, size_t most) {
	struct lookup everybody = { .filter = ldap_filter_anybody(f->a, f->server) };

	search_below(f, base, &everybody, 1, false, true);
	return run_alone(f, pop(&f->alone), most) && !everybody.code;
}
