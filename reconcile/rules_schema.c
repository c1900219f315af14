/* Does the directory know the attributes that are to be written? */
#include "reconcile/decide.h"

void rules_of_schema(struct decision *d) {
	const struct rulebook *r = world_rulebook(d->w);
	struct answer schema;
	struct buf missing = { 0 };

	/* A directory that shows no attributeSchema objects is taken to have every attribute. */
	if (!ask_class(d, "attributeSchema", &schema) || !r || !r->has_schema)
		return;
	asks(d, "schema-missing");
	for (size_t i = 0; i < d->item->changes.n; i++) {
		const struct change *change = d->item->changes.v + i;
		if (!change->store && change->n_after && !r->attribute_known[change->id])
			buf_printf(&missing, "%s%s", missing.len ? ", " : "",
			           attributes[change->id].name);
	}
	if (missing.len)
		reason(d, "schema-missing",
		       "the directory's schema lacks %s; extend it (Exchange Setup /PrepareSchema)",
		       missing.data);
	buf_done(&missing);
}
