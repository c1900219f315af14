#include "store/directory/ldif_forest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "store/directory/ldif_index.h"

enum { CR_NTDS_DOMAIN = 2 }; /* systemFlags of a crossRef (MS-ADTS 2.2.10) */

static const struct ldif_field *field(const struct ldif_snapshot *s, const struct ldif_record *r,
                                      int id) {
	for (size_t i = 0; i < r->n; i++)
		if (s->fields[r->first + i].id == id && s->fields[r->first + i].data)
			return s->fields + r->first + i;
	return NULL;
}

static bool is_crossref(const struct ldif_snapshot *s, const struct ldif_record *r) {
	for (size_t i = 0; i < r->n; i++)
		if (s->fields[r->first + i].id == LDIF_CLASS &&
		    strcasecmp(s->fields[r->first + i].data, "crossRef") == 0)
			return r->object;
	return false;
}

/* Other naming contexts have crossRefs, too, but no NetBIOS name; a file may lack the flags. */
static const char *domain_named_by(const struct ldif_snapshot *s, const struct ldif_record *r) {
	const struct ldif_field *name = field(s, r, ATTR_NETBIOS_NAME), *flags, *context;

	if (!name || !is_crossref(s, r))
		return NULL;
	flags = field(s, r, ATTR_SYSTEM_FLAGS);
	context = field(s, r, ATTR_NC_NAME);
	if (flags && !(strtol(flags->data, NULL, 10) & CR_NTDS_DOMAIN))
		return NULL;
	return context ? context->data : NULL;
}

/* The configuration stands below the root domain and is none of its entries. */
static bool is_of(const struct ldif_record *r, const struct ldif_gap *gap) {
	const char *domain = ldif_domain(r->normal);

	return r->object && domain && strcmp(domain, gap->normal) == 0 &&
	       !ldif_below(r->normal, gap->configuration);
}

static void note_domain(struct ldif_snapshot *s, const char *dn) {
	const char *normal = dn_normal(s->arena, dn), *domain = normal ? ldif_domain(normal) : NULL;

	if (!domain || domain != normal)
		return;
	struct ldif_gap gap = { .dn = dn,
		                .normal = normal,
		                .configuration =
		                        arena_printf(s->arena, "cn=configuration,%s", normal) };
	ARENA_PUSH(s->arena, &s->gaps, gap);
}

void ldif_forest(struct ldif_snapshot *s) {
	for (size_t i = 0; i < s->n; i++) {
		const char *dn = domain_named_by(s, s->records + i);
		if (dn)
			note_domain(s, dn);
	}
	for (size_t i = 0; s->gaps.n && i < s->n; i++)
		for (size_t k = 0; k < s->gaps.n;) {
			if (is_of(s->records + i, s->gaps.v + k))
				s->gaps.v[k] = s->gaps.v[--s->gaps.n];
			else
				k++;
		}
}
