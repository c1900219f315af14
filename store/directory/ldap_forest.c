#include "store/directory/ldap_forest.h"

#include <string.h>

#include "base/dn.h"

enum { CR_NTDS_DOMAIN = 2 }; /* systemFlags of a crossRef (MS-ADTS 2.2.10) */

/* The domain that it stands for; NULL: for another kind of naming context. */
static const char *domain_of(const struct entry *crossref) {
	int64_t flags = entry_int(crossref, ATTR_SYSTEM_FLAGS, CR_NTDS_DOMAIN);

	return entry_has(crossref, ATTR_NETBIOS_NAME) && (flags & CR_NTDS_DOMAIN)
	               ? entry_text(crossref, ATTR_NC_NAME)
	               : NULL;
}

/* Below a domain of Active Directory may stand another, which is no part of it. */
static bool held(const struct ldap_server *s, struct arena *a, const char *normal) {
	for (size_t i = 0; i < s->n_contexts; i++) {
		const char *context = dn_normal(a, s->contexts[i]);
		bool own = s->active_directory ? context && strcmp(normal, context) == 0
		                               : !context || dn_below(normal, context);
		if (own)
			return true;
	}
	return false;
}

int ldap_forest(struct ldap_reader *r, struct arena *a, struct error *err) {
	struct world *w = world_new(a);
	struct keys keys = { .arena = a };

	keys_add(&keys, KEY_CLASS, "crossref");
	ldap_fetch(r, &keys, w);
	struct answer answer = world_ask(w, KEY_CLASS, "crossref");
	r->gaps = ARENA_ARRAY(a, struct ldif_gap, answer.n + 1);
	r->n_gaps = 0;
	for (size_t i = 0; i < answer.n; i++) {
		const char *dn = domain_of(answer.entries[i]);
		const char *normal = dn ? dn_normal(a, dn) : NULL;
		if (normal && !held(r->server, a, normal))
			r->gaps[r->n_gaps++] = (struct ldif_gap){ .dn = dn,
				                                  .normal = normal,
				                                  .configuration = "" };
	}
	world_free(w);
	if (answer.state == ANSWER_COMPLETE)
		return OK;
	return error_set(err, ERR_IO, "the domains of the forest cannot be read: %s", answer.why);
}
