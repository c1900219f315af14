#include "store/directory/ldif_world.h"

#include <string.h>

/* How much of each attribute there is. */
struct measure {
	size_t values[ATTR_COUNT];
	bool incomplete[ATTR_COUNT];
	size_t attributes, all, bytes;
};

static void measure(const struct ldif_snapshot *s, const struct ldif_record *r,
                    struct measure *ret) {
	const struct ldif_field *f = s->fields + r->first;

	for (size_t i = 0; i < r->n; i++) {
		if (f[i].id >= ATTR_COUNT)
			continue;
		if (!ret->values[f[i].id] && !ret->incomplete[f[i].id])
			ret->attributes++;
		if (!f[i].data) {
			ret->incomplete[f[i].id] = true;
			continue;
		}
		ret->values[f[i].id]++;
		ret->all++;
		ret->bytes += f[i].len + 1;
	}
}

/* One piece of memory for all values of an entry, and one for their bytes: there may be many. */
static void copy_attributes(const struct ldif_snapshot *s, const struct ldif_record *r,
                            struct arena *a, struct entry *e) {
	const struct ldif_field *f = s->fields + r->first;
	struct attribute_values *of[ATTR_COUNT] = { 0 };
	struct measure m = { 0 };

	measure(s, r, &m);
	struct value *values = ARENA_ARRAY(a, struct value, m.all);
	char *bytes = arena_alloc(a, m.bytes, 1);
	e->attributes = ARENA_ARRAY(a, struct attribute_values, m.attributes);
	for (int id = 0; id < ATTR_COUNT; id++) {
		if (!m.values[id] && !m.incomplete[id])
			continue;
		of[id] = e->attributes + e->n++;
		of[id]->id = (enum attribute)id;
		of[id]->incomplete = m.incomplete[id];
		of[id]->values = values;
		values += m.values[id];
	}
	for (size_t i = 0; i < r->n; i++) {
		if (f[i].id >= ATTR_COUNT || !f[i].data)
			continue;
		struct attribute_values *v = of[f[i].id];
		v->values[v->n++] = (struct value){ bytes, f[i].len };
		memcpy(bytes, f[i].data, f[i].len + 1);
		bytes += f[i].len + 1;
	}
}

static int other_id(const struct ldif_snapshot *s, const char *folded) {
	if (strcmp(folded, "objectclass") == 0)
		return LDIF_CLASS;
	for (size_t i = 0; i < s->others.n; i++)
		if (strcmp(s->others.v[i], folded) == 0)
			return LDIF_OTHER + (int)i;
	return -1;
}

/* The attributes outside the table that filters ask about. */
static void copy_extra(const struct ldif_snapshot *s, const struct ldif_record *r, struct world *w,
                       struct entry *e) {
	size_t n;
	const char *const *names = world_wanted(w, &n);
	struct arena *a = world_arena(w);

	e->extra = n ? ARENA_ARRAY(a, struct extra_values, n) : NULL;
	for (size_t i = 0; i < n; i++) {
		int id = other_id(s, names[i]);
		struct value *values = NULL;
		size_t count = id < 0 ? 0 : ldif_values(s, r, (uint16_t)id, a, &values);
		bool incomplete = false;
		for (size_t k = 0; id >= 0 && k < r->n; k++)
			incomplete |=
			        s->fields[r->first + k].id == id && !s->fields[r->first + k].data;
		if (!count && !incomplete)
			continue;
		for (size_t k = 0; k < count; k++)
			values[k].data = arena_copy(a, values[k].data, values[k].len);
		e->extra[e->n_extra++] =
		        (struct extra_values){ names[i], incomplete, count, values };
	}
}

const struct entry *ldif_world_entry(const struct ldif_snapshot *s, const struct ldif_record *r,
                                     struct world *w) {
	struct arena *a = world_arena(w);
	struct entry *e = ARENA_NEW(a, struct entry);
	char text[GUID_TEXT];

	e->normal = arena_strdup(a, r->normal);
	const struct entry *known = world_intern(w, e);
	if (known != e)
		return known;
	e->dn = arena_strdup(a, r->dn);
	e->guid = r->guid;
	e->identity = guid_none(r->guid) ? e->normal : arena_strdup(a, guid_text(r->guid, text));
	e->person = r->person;
	e->copy = r->copy;

	copy_attributes(s, r, a, e);
	if (e->person)
		copy_extra(s, r, w, e);
	return e;
}
