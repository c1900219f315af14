/*
 * Two connections that want one mailbox, user, alias, address or legacyExchangeDN: both are
 * blocked and told where the other stands. No winner is chosen, but that a connection which names
 * no user yields to one that does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "reconcile/decide.h"

/* Everybody who claims one thing. */
struct rivals {
	UT_hash_handle hh;
	const char *key;
	const char *shown;
	struct {
		size_t *v;
		size_t n, cap;
	} items;
	struct rivals *next; /* in the order of their first claim */
};

/* What one item is told about another. */
struct clash {
	size_t other;
	const char *what;
};
struct clashes {
	struct clash *v;
	size_t n, cap;
};

struct join {
	struct arena *a;
	struct plan *p;
	struct rivals *table, *first, **last;
	struct clashes *of; /* by item */
};

static void collect(struct join *j, size_t i, const struct claim *claim) {
	const char *key = arena_printf(j->a, "%d %s", (int)claim->kind, claim->key);
	struct rivals *r;

	HASH_FIND_STR(j->table, key, r);
	if (!r) {
		r = ARENA_NEW(j->a, struct rivals);
		r->key = key;
		r->shown = claim->shown;
		HASH_ADD_KEYPTR(hh, j->table, r->key, strlen(r->key), r);
		*j->last = r;
		j->last = &r->next;
	}
	/* One connection may come to one thing in two ways. */
	if (!r->items.n || r->items.v[r->items.n - 1] != i)
		ARENA_PUSH(j->a, &r->items, i);
}

/* A connection that names no user, beside one that has a better right to this user, yields: it is
 * blocked alone, whatever else the two claim. */
static bool yields(const struct item *one, const struct item *other) {
	return one->user && one->user == other->user && !one->connection->user &&
	       one->connection->archive == other->connection->archive &&
	       (other->connection->user || other->pinned_user || other->owned);
}

static void tell(struct join *j, size_t i, size_t other, const char *what) {
	struct clashes *list = j->of + i;

	for (size_t k = 0; k < list->n; k++)
		if (list->v[k].other == other) {
			list->v[k].what = arena_printf(j->a, "%s, %s", list->v[k].what, what);
			return;
		}
	struct clash clash = { other, what };
	ARENA_PUSH(j->a, list, clash);
}

static void clash(struct join *j, const struct rivals *r) {
	enum { PAIRWISE = 1000 };
	const size_t *v = r->items.v;

	/* So many cannot be told apart pair by pair: all of them are blocked. */
	if (r->items.n > PAIRWISE) {
		for (size_t i = 0; i < r->items.n; i++)
			tell(j, v[i], v[i ? 0 : 1], r->shown);
		return;
	}
	for (size_t i = 0; i < r->items.n; i++)
		for (size_t k = 0; k < r->items.n; k++) {
			const struct item *one = j->p->items + v[i], *other = j->p->items + v[k];
			if (i != k && !(yields(other, one) && !yields(one, other)))
				tell(j, v[i], v[k], r->shown);
		}
}

static void block(struct join *j, struct item *item, const struct clashes *list) {
	struct buf text = { 0 };
	struct place *places = ARENA_ARRAY(j->a, struct place, list->n);
	struct decision d = { .a = j->a, .item = item };

	for (size_t k = 0; k < list->n; k++) {
		const struct connection *c = j->p->items[list->v[k].other].connection;
		buf_printf(&text, "%s%s is also wanted by \"%s\" (%s:%d)", k ? "; " : "",
		           list->v[k].what, c->name, c->at.file, c->at.line);
		places[k] = c->at;
	}
	struct note *note = reason(&d, "claimed-twice", "%s", text.data);
	note->related = places;
	note->n_related = list->n;
	buf_done(&text);
	reasons_sort(&item->reasons);
	if (item->action != ACTION_SUSPENDED)
		item->action = ACTION_BLOCKED;
	item->cause = CAUSE_NONE;
	item->changes.n = item->holds.n = 0;
	item_fingerprint(item);
}

void plan_claims(struct arena *a, struct plan *p, bool archives) {
	struct join j = { .a = a, .p = p, .of = ARENA_ARRAY(a, struct clashes, p->n) };

	j.last = &j.first;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->items[i].claims.n; k++)
			collect(&j, i, p->items[i].claims.v + k);
	for (const struct rivals *r = j.first; r; r = r->next)
		if (r->items.n > 1)
			clash(&j, r);
	HASH_CLEAR(hh, j.table);
	for (size_t i = 0; i < p->n; i++)
		if (j.of[i].n && (!archives || p->items[i].connection->archive))
			block(&j, p->items + i, j.of + i);
}
