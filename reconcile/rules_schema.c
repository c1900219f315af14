/* Does the directory know the attributes that are to be written? */
#include <string.h>
#include <strings.h>

#include "reconcile/decide.h"

static bool in_schema(const struct answer *schema, const char *name) {
	for (size_t i = 0; i < schema->n; i++) {
		const char *known = entry_text(schema->entries[i], ATTR_LDAP_DISPLAY_NAME);
		if (known && strcasecmp(known, name) == 0)
			return true;
	}
	return false;
}

void rules_of_schema(struct decision *d) {
	struct answer schema;
	struct buf missing = { 0 };

	/* A directory that shows no attributeSchema objects is taken to have every attribute. */
	if (!ask_class(d, "attributeSchema", &schema) || !schema.n)
		return;
	for (size_t i = 0; i < d->item->changes.n; i++) {
		const struct change *change = d->item->changes.v + i;
		if (!change->store && change->n_after &&
		    !in_schema(&schema, attributes[change->id].name))
			buf_printf(&missing, "%s%s", missing.len ? ", " : "",
			           attributes[change->id].name);
	}
	if (missing.len)
		reason(d, "schema-missing",
		       "the directory's schema lacks %s; extend it (Exchange Setup /PrepareSchema)",
		       missing.data);
	buf_done(&missing);
}
