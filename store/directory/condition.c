#include "store/directory/condition.h"

/* Some of the values, for people. */
static const char *shown(struct arena *a, enum attribute id, const struct value *v, size_t n) {
	enum { SHOWN = 3 };
	const char *text = n ? value_text(a, id, v[0]) : "nothing";

	for (size_t i = 1; i < n && i < SHOWN; i++)
		text = arena_printf(a, "%s, %s", text, value_text(a, id, v[i]));
	return n > SHOWN ? arena_printf(a, "%s and %zu more", text, n - SHOWN) : text;
}

const char *condition_refuses(struct arena *a, const struct change *c, const struct value *there,
                              size_t n) {
	if (values_equal(c->id, there, n, c->before, c->n_before))
		return NULL;
	return arena_printf(a, "%s was %s when this was planned and is %s now",
	                    attributes[c->id].name, shown(a, c->id, c->before, c->n_before),
	                    shown(a, c->id, there, n));
}

const char *condition_gone(struct arena *a, const char *dn) {
	return arena_printf(a, "%s is not in the directory any more", dn);
}
