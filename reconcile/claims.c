/*
 * Two connections that want one mailbox, user, alias, address, legacyExchangeDN or master
 * account: both are blocked and told where the other stands. No winner is chosen, but that a
 * connection which names no user yields to one that does.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash.h"
#include "reconcile/decide.h"

/* One claim of one item; sorted, rivals stand side by side. */
struct stake {
	unsigned hash;
	unsigned item;
	const struct claim *claim;
};

/* The items that claim one thing, each once, in their order. */
struct rivals {
	const struct stake *v;
	size_t n;
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
	struct clashes *of; /* by item */
};

/* The order of things claimed means nothing, but it is the same for the same claims. */
static int same_thing(const struct stake *x, const struct stake *y) {
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	if (x->claim->kind != y->claim->kind)
		return x->claim->kind < y->claim->kind ? -1 : 1;
	return strcmp(x->claim->key, y->claim->key);
}

static int by_thing(const void *px, const void *py) {
	const struct stake *x = px, *y = py;
	int order = same_thing(x, y);

	if (order)
		return order;
	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

/* In the order of their first claims. */
static int by_first(const void *px, const void *py) {
	const struct stake *x = ((const struct rivals *)px)->v, *y = ((const struct rivals *)py)->v;

	if (x->item != y->item)
		return x->item < y->item ? -1 : 1;
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

/* All claims, those on one thing side by side; the caller frees them. */
static struct stake *stakes_of(const struct plan *p, size_t *ret_n) {
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->items[i].claims.n;
	struct stake *list = calloc(n + 1, sizeof(*list));
	if (!list)
		abort();
	*ret_n = n;
	n = 0;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < p->items[i].claims.n; k++) {
			const struct claim *claim = p->items[i].claims.v + k;
			list[n++] = (struct stake){ hash_bytes(claim->key, strlen(claim->key)),
				                    (unsigned)i, claim };
		}
	qsort(list, n, sizeof(*list), by_thing);
	return list;
}

static const char *shown(struct arena *a, const struct claim *claim) {
	static const struct {
		const char *before, *after;
	} words[CLAIM_KINDS] = {
		[CLAIM_MAILBOX] = { "mailbox \"", "\"" },
		[CLAIM_USER] = { "user ", "" },
		[CLAIM_ALIAS] = { "alias \"", "\"" },
		[CLAIM_ADDRESS] = { "address ", "" },
		[CLAIM_LEGACY_DN] = { "legacyExchangeDN ", "" },
		[CLAIM_MASTER_ACCOUNT] = { "master account ", "" },
	};

	return arena_printf(a, "%s%s%s", words[claim->kind].before, claim->shown,
	                    words[claim->kind].after);
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
	const struct stake *v = r->v;
	const char *what = shown(j->a, v->claim);

	/* So many cannot be told apart pair by pair: all of them are blocked. */
	if (r->n > PAIRWISE) {
		for (size_t i = 0; i < r->n; i++)
			tell(j, v[i].item, v[i ? 0 : 1].item, what);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->n; k++) {
			const struct item *one = j->p->items + v[i].item;
			const struct item *other = j->p->items + v[k].item;
			if (i != k && !(yields(other, one) && !yields(one, other)))
				tell(j, v[i].item, v[k].item, what);
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
	item_writes_nothing(item);
	item_fingerprint(item);
}

/* Those who claim the same, from v on: how many stakes that are. One connection may come to one
 * thing in two ways: it stays there once. */
static size_t run(struct stake *v, size_t n, struct rivals *ret) {
	size_t same = 0, kept = 0;

	for (; same < n && same_thing(v, v + same) == 0; same++)
		if (!kept || v[kept - 1].item != v[same].item)
			v[kept++] = v[same];
	*ret = (struct rivals){ v, kept };
	return same;
}

void plan_claims(struct arena *a, struct plan *p, bool archives) {
	struct join j = { .a = a, .p = p, .of = ARENA_ARRAY(a, struct clashes, p->n) };
	struct {
		struct rivals *v;
		size_t n, cap;
	} wanted = { 0 };
	struct rivals rivals;
	size_t n;
	struct stake *list = stakes_of(p, &n);

	for (size_t i = 0; i < n;) {
		i += run(list + i, n - i, &rivals);
		if (rivals.n > 1)
			ARENA_PUSH(a, &wanted, rivals);
	}
	if (wanted.n)
		qsort(wanted.v, wanted.n, sizeof(*wanted.v), by_first);
	for (size_t i = 0; i < wanted.n; i++)
		clash(&j, wanted.v + i);
	free(list);
	for (size_t i = 0; i < p->n; i++)
		if (j.of[i].n && (!archives || p->items[i].connection->archive))
			block(&j, p->items + i, j.of + i);
}
