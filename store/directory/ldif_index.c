#include "store/directory/ldif_index.h"

#include <string.h>

#include "base/dn.h"
#include "base/text.h"

static int same_dn(const struct ldif_record *x, const struct ldif_record *y, const char *file,
                   struct error *err) {
	return error_set(err, ERR_INVALID,
	                 "%s:%d: line %d has an entry with this DN already; leave one of them",
	                 file, y->line, x->line);
}

static int same_guid(const struct ldif_record *x, const struct ldif_record *y, const char *file,
                     struct error *err) {
	return error_set(err, ERR_INVALID,
	                 "%s:%d: the entry of line %d has the same objectGUID or entryUUID; leave "
	                 "the newer one of them",
	                 file, y->line, x->line);
}

/* Where a component of a normal DN ends: its comma, or the end. An escaped one is no comma. */
static const char *component_end(const char *p) {
	for (; *p && *p != ','; p++)
		if (*p == '\\' && p[1])
			p++;
	return p;
}

bool ldif_below(const char *normal, const char *base) {
	const char *end;

	for (const char *p = normal;; p = end + 1) {
		if (strcmp(p, base) == 0)
			return true;
		end = component_end(p);
		if (!*end)
			return false;
	}
}

/* A single `dc=`: what stands behind a plus is another part of the name. */
static bool is_domain(const char *p, const char *end) {
	if (strncmp(p, "dc=", 3) != 0)
		return false;
	for (; p < end; p++) {
		if (*p == '+')
			return false;
		if (*p == '\\')
			p++;
	}
	return true;
}

const char *ldif_domain(const char *normal) {
	const char *domain = NULL, *end;

	for (const char *p = normal;; p = end + 1) {
		end = component_end(p);
		if (!is_domain(p, end))
			domain = NULL;
		else if (!domain)
			domain = p;
		if (!*end)
			return domain;
	}
}

/* The domain that all entries are in, as one of them writes it. */
static const char *shared_base(struct ldif_snapshot *s) {
	const struct ldif_record *shortest = NULL;
	const char *base = NULL;

	for (size_t i = 0; i < s->n; i++) {
		const char *domain = ldif_domain(s->records[i].normal);
		if (domain && (!base || strlen(domain) < strlen(base))) {
			shortest = s->records + i;
			base = domain;
		}
	}
	for (size_t i = 0; base && i < s->n; i++)
		if (ldif_domain(s->records[i].normal) && !ldif_below(s->records[i].normal, base))
			return NULL;
	if (!base)
		return NULL;
	const char *written = shortest->dn, *normal = shortest->normal;
	while (normal && strcmp(normal, base) != 0) {
		written = dn_parent(s->arena, written);
		normal = written ? dn_normal(s->arena, written) : NULL;
	}
	/* What libldap writes of an odd DN is not always one that it reads. */
	return normal ? written : base;
}

int ldif_index(struct ldif_snapshot *s, const char *file, struct error *err) {
	struct ldif_record *other;

	for (size_t i = 0; i < s->n; i++) {
		struct ldif_record *r = s->records + i;
		size_t len = strlen(r->normal);
		HASH_FIND(by_dn, s->by_dn, r->normal, len, other);
		if (other)
			return same_dn(other, r, file, err);
		HASH_ADD_KEYPTR(by_dn, s->by_dn, r->normal, len, r);
		if (guid_none(r->guid))
			continue;
		HASH_FIND(by_guid, s->by_guid, &r->guid, sizeof(r->guid), other);
		if (other)
			return same_guid(other, r, file, err);
		HASH_ADD(by_guid, s->by_guid, guid, sizeof(r->guid), r);
	}
	if (!s->base)
		s->base = shared_base(s);
	return OK;
}

const struct ldif_record *ldif_by_identity(const struct ldif_snapshot *s, const char *identity) {
	struct ldif_record *r = NULL;
	size_t len = strlen(identity);
	struct guid g;

	if (guid_parse(identity, &g))
		HASH_FIND(by_guid, s->by_guid, &g, sizeof(g), r);
	else
		HASH_FIND(by_dn, s->by_dn, identity, len, r);
	return r && r->object ? r : NULL;
}

size_t ldif_values(const struct ldif_snapshot *s, const struct ldif_record *r, uint16_t id,
                   struct arena *a, struct value **ret) {
	const struct ldif_field *f = r->n ? s->fields + r->first : NULL;
	size_t n = 0, count = 0;

	for (size_t i = 0; i < r->n; i++)
		count += f[i].id == id && f[i].data;
	*ret = ARENA_ARRAY(a, struct value, count);
	for (size_t i = 0; i < r->n; i++)
		if (f[i].id == id && f[i].data)
			(*ret)[n++] = (struct value){ f[i].data, f[i].len };
	return n;
}
