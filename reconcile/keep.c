/* Of all that a decision made on its way, the item alone is kept. */
#include <string.h>

#include "reconcile/plan.h"

struct move {
	struct arena *to;
	const struct arena *from;
	const struct item *like;
};

/* What lies elsewhere (in the world, in a manifest, in the program) stays where it is. */
static const void *moved(const struct move *m, const void *p, size_t size) {
	if (!p || !arena_owns(m->from, p))
		return p;
	void *copy = arena_alloc(m->to, 1, size);
	return memcpy(copy, p, size);
}

static void move_text(const struct move *m, const char **text) {
	if (*text)
		*text = moved(m, *text, strlen(*text) + 1);
}

static const struct value *moved_values(const struct move *m, const struct value *list, size_t n) {
	if (!n)
		return NULL;
	struct value *copy = ARENA_ARRAY(m->to, struct value, n);
	for (size_t i = 0; i < n; i++) {
		copy[i] = list[i];
		if (arena_owns(m->from, list[i].data))
			copy[i].data = arena_copy(m->to, list[i].data, list[i].len);
	}
	return copy;
}

static void move_notes(const struct move *m, struct notes *notes) {
	notes->v = (struct note *)moved(m, notes->v, notes->n * sizeof(*notes->v));
	notes->cap = notes->n;
	for (size_t i = 0; i < notes->n; i++) {
		struct note *note = notes->v + i;
		move_text(m, &note->message);
		note->related = moved(m, note->related, note->n_related * sizeof(*note->related));
	}
}

static bool same_values(const struct value *x, size_t nx, const struct value *y, size_t ny) {
	if (nx != ny)
		return false;
	for (size_t i = 0; i < nx; i++)
		if (x[i].len != y[i].len ||
		    (x[i].data != y[i].data && memcmp(x[i].data, y[i].data, x[i].len) != 0))
			return false;
	return true;
}

/* The change of the other item that stands at about the same place, of the same attribute. */
static const struct change *likely(const struct item *like, size_t i, const struct change *c) {
	for (size_t k = i ? i - 1 : 0; like && k < like->changes.n && k <= i + 1; k++)
		if (like->changes.v[k].store == c->store && like->changes.v[k].id == c->id)
			return like->changes.v + k;
	return NULL;
}

static void move_changes(const struct move *m, struct item *item) {
	item->changes.v = (struct change *)moved(m, item->changes.v,
	                                         item->changes.n * sizeof(*item->changes.v));
	item->changes.cap = item->changes.n;
	for (size_t i = 0; i < item->changes.n; i++) {
		struct change *c = item->changes.v + i;
		move_text(m, &c->column);
		const struct change *other = likely(m->like, i, c);
		if (other && same_values(other->before, other->n_before, c->before, c->n_before))
			c->before = other->before;
		else
			c->before = moved_values(m, c->before, c->n_before);
		if (other && same_values(other->after, other->n_after, c->after, c->n_after))
			c->after = other->after;
		else
			c->after = moved_values(m, c->after, c->n_after);
	}
}

static void move_candidates(const struct move *m, struct item *item) {
	item->candidates.v = (struct candidate *)moved(
	        m, item->candidates.v, item->candidates.n * sizeof(*item->candidates.v));
	item->candidates.cap = item->candidates.n;
	for (size_t i = 0; i < item->candidates.n; i++) {
		move_text(m, &item->candidates.v[i].why);
		move_text(m, &item->candidates.v[i].write);
	}
}

static void move_claims(const struct move *m, struct item *item) {
	item->claims.v =
	        (struct claim *)moved(m, item->claims.v, item->claims.n * sizeof(*item->claims.v));
	item->claims.cap = item->claims.n;
	for (size_t i = 0; i < item->claims.n; i++) {
		move_text(m, &item->claims.v[i].key);
		move_text(m, &item->claims.v[i].shown);
	}
}

void item_keep(struct arena *to, const struct arena *from, struct item *item,
               const struct item *like) {
	const struct move m = { to, from, like };

	move_text(&m, &item->database);
	move_text(&m, &item->server);
	move_changes(&m, item);
	move_notes(&m, &item->reasons);
	move_notes(&m, &item->warnings);
	item->holds.v =
	        (const char **)moved(&m, item->holds.v, item->holds.n * sizeof(*item->holds.v));
	item->holds.cap = item->holds.n;
	move_candidates(&m, item);
	move_claims(&m, item);
	move_text(&m, &item->suspended);
	move_text(&m, &item->wish);
	move_text(&m, &item->message);
}
