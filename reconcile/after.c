#include "reconcile/after.h"

#include <string.h>

#include "base/dn.h"

static const struct change *change_of(const struct item *item, enum attribute id) {
	for (size_t i = 0; i < item->changes.n; i++)
		if (!item->changes.v[i].store && item->changes.v[i].id == id)
			return item->changes.v + i;
	return NULL;
}

const struct entry *after_item(struct arena *a, const struct entry *e, const struct item *item) {
	struct entry *copy = ARENA_NEW(a, struct entry);

	*copy = *e;
	copy->n = 0;
	copy->attributes = ARENA_ARRAY(a, struct attribute_values, e->n + item->changes.n + 1);
	for (size_t i = 0; i < e->n; i++)
		if (!change_of(item, e->attributes[i].id))
			copy->attributes[copy->n++] = e->attributes[i];
	for (size_t i = 0; i < item->changes.n; i++) {
		const struct change *c = item->changes.v + i;
		if (c->store || !c->n_after)
			continue;
		struct value *values = ARENA_ARRAY(a, struct value, c->n_after);
		memcpy(values, c->after, c->n_after * sizeof(*values));
		copy->attributes[copy->n++] =
		        (struct attribute_values){ .id = c->id, .n = c->n_after, .values = values };
	}
	return copy;
}

static const struct value *text_value(const struct after_subject *s, const char *text,
                                      size_t *ret_n) {
	struct value *v = ARENA_NEW(s->a, struct value);

	*ret_n = text ? 1 : 0;
	if (text)
		*v = (struct value){ text, strlen(text) };
	return v;
}

static const struct value *values(const void *subject, const char *folded, int id, size_t *ret_n,
                                  bool *ret_incomplete) {
	const struct after_subject *s = subject;
	const struct entry *e = s->entry;

	*ret_n = 0;
	for (const enum attribute *h = s->hidden; id >= 0 && h && *h != ATTR_COUNT; h++)
		if (*h == (enum attribute)id)
			return NULL;
	if (id >= 0) {
		*ret_incomplete = entry_incomplete(e, (enum attribute)id);
		const struct value *list = entry_values(e, (enum attribute)id, ret_n);
		/* An export may leave out what the DN says. */
		if (!*ret_n && (id == ATTR_NAME || id == ATTR_CN))
			return text_value(s, dn_name(s->a, e->dn), ret_n);
		return list;
	}
	if (strcmp(folded, "distinguishedname") == 0)
		return text_value(s, e->dn, ret_n);
	for (size_t i = 0; i < e->n_extra; i++)
		if (strcmp(e->extra[i].name, folded) == 0) {
			*ret_incomplete = e->extra[i].incomplete;
			*ret_n = e->extra[i].n;
			return e->extra[i].values;
		}
	return NULL;
}

enum verdict after_matches(const struct after_subject *s, const struct filter *f) {
	struct filter_subject subject = { values, s, s->a };

	return filter_matches(f, &subject);
}
