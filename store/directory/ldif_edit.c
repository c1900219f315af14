#include "store/directory/ldif_edit.h"

#include <string.h>

#include "store/directory/condition.h"

void ldif_edits_init(struct ldif_edits *e, const struct ldif_snapshot *s, struct arena *a) {
	*e = (struct ldif_edits){ .s = s,
		                  .arena = a,
		                  .of = ARENA_ARRAY(a, struct ldif_edit *, s->n) };
}

bool ldif_has_value(const struct value *v, size_t n, struct value x) {
	for (size_t i = 0; i < n; i++)
		if (v[i].len == x.len && memcmp(v[i].data, x.data, x.len) == 0)
			return true;
	return false;
}

bool ldif_set_keeps(const struct ldif_set *set, const struct value *there, size_t n,
                    struct value x) {
	for (size_t i = 0; i < set->n; i++)
		if (value_equal(set->id, set->values[i], x) &&
		    ldif_has_value(there, n, set->values[i]))
			return true;
	return false;
}

bool ldif_set_met(const struct ldif_set *set, const struct value *there, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (!ldif_set_keeps(set, there, n, there[i]))
			return false;
	for (size_t i = 0; i < set->n; i++)
		if (!ldif_has_value(there, n, set->values[i]))
			return false;
	return true;
}

static struct ldif_set *find_set(const struct ldif_edit *e, enum attribute id) {
	for (size_t i = 0; e && i < e->sets.n; i++)
		if (e->sets.v[i].id == id)
			return e->sets.v + i;
	return NULL;
}

/* ---- the condition ---- */

static bool partial(const struct ldif_snapshot *s, const struct ldif_record *r, enum attribute id) {
	const struct ldif_field *f = s->fields + r->first;

	for (size_t i = 0; i < r->n; i++)
		if (f[i].id == id && !f[i].data)
			return true;
	return false;
}

/* NULL, or why the change cannot be made to the entry as it is. */
static const char *refuse(const struct ldif_edits *e, const struct ldif_record *r, struct arena *a,
                          const struct change *c) {
	const struct ldif_set *set = find_set(e->of[r - e->s->records], c->id);
	struct value *v;

	if (partial(e->s, r, c->id))
		return arena_printf(a, "the file gives %s only in part; export it whole",
		                    attributes[c->id].name);
	size_t n = ldif_values(e->s, r, c->id, e->arena, &v);
	const struct value *there = set ? set->values : v;
	n = set ? set->n : n;
	return condition_refuses(a, c, there, n);
}

/* ---- modifications ---- */

static void put(struct ldif_edits *e, const struct ldif_record *r, const struct change *c) {
	struct ldif_edit **edit = e->of + (r - e->s->records);

	if (!*edit)
		*edit = ARENA_NEW(e->arena, struct ldif_edit);
	struct ldif_set *set = find_set(*edit, c->id);
	if (!set) {
		struct ldif_set fresh = { .id = c->id };
		ARENA_PUSH(e->arena, &(*edit)->sets, fresh);
		set = (*edit)->sets.v + (*edit)->sets.n - 1;
	}
	set->values = c->after;
	set->n = c->n_after;
}

void ldif_edits_add(struct ldif_edits *e, struct arena *a, struct modification *m) {
	const struct ldif_record *r = ldif_by_identity(e->s, m->identity);

	m->outcome = OUTCOME_STALE;
	m->message = NULL;
	if (!r) {
		m->message = condition_gone(a, m->dn);
		return;
	}
	for (size_t i = 0; i < m->n_changes && !m->message; i++)
		if (!m->changes[i].store)
			m->message = refuse(e, r, a, m->changes + i);
	if (m->message)
		return;
	for (size_t i = 0; i < m->n_changes; i++)
		if (!m->changes[i].store)
			put(e, r, m->changes + i);
	m->outcome = OUTCOME_APPLIED;
}

/* ---- all of them ---- */

static bool met(const struct ldif_snapshot *s, const struct ldif_record *r,
                const struct ldif_set *set, struct arena *a) {
	struct value *v;
	size_t n = ldif_values(s, r, set->id, a, &v);

	return !partial(s, r, set->id) && ldif_set_met(set, v, n);
}

bool ldif_edits_settle(struct ldif_edits *e) {
	bool any = false;

	for (size_t i = 0; i < e->s->n; i++) {
		struct ldif_edit *edit = e->of[i];
		for (size_t j = 0; edit && j < edit->sets.n; j++)
			edit->writes |= !met(e->s, e->s->records + i, edit->sets.v + j, e->arena);
		any |= edit && edit->writes;
	}
	return any;
}

/* The next field that is of no attribute that was edited; NULL at the end. */
static const struct ldif_field *next_left(const struct ldif_snapshot *s,
                                          const struct ldif_record *r, const struct ldif_edit *e,
                                          size_t *at) {
	const struct ldif_field *f = s->fields + r->first;

	while (*at < r->n) {
		const struct ldif_field *field = f + (*at)++;
		if (field->id == LDIF_CLASS || !find_set(e, (enum attribute)field->id))
			return field;
	}
	return NULL;
}

static bool same_field(const struct ldif_field *x, const struct ldif_field *y) {
	return x->id == y->id && x->len == y->len && !x->data == !y->data &&
	       (!x->data || memcmp(x->data, y->data, x->len) == 0);
}

/* Everything that was left alone. */
static bool same_rest(const struct ldif_edits *e, const struct ldif_snapshot *written, size_t i) {
	const struct ldif_record *was = e->s->records + i, *is = written->records + i;
	size_t at_was = 0, at_is = 0;

	for (;;) {
		const struct ldif_field *x = next_left(e->s, was, e->of[i], &at_was);
		const struct ldif_field *y = next_left(written, is, e->of[i], &at_is);
		if (!x || !y)
			return !x && !y && strcmp(was->dn, is->dn) == 0 &&
			       guid_equal(was->guid, is->guid) && was->person == is->person &&
			       was->object == is->object;
		if (!same_field(x, y))
			return false;
	}
}

bool ldif_edits_done(const struct ldif_edits *e, const struct ldif_snapshot *written) {
	if (written->n != e->s->n)
		return false;
	for (size_t i = 0; i < written->n; i++) {
		const struct ldif_edit *edit = e->of[i];
		if (!same_rest(e, written, i))
			return false;
		for (size_t j = 0; edit && j < edit->sets.n; j++)
			if (!met(written, written->records + i, edit->sets.v + j, e->arena))
				return false;
	}
	return true;
}
