#include "store/directory/ldif_entry.h"

#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "base/text.h"

static void *grow(void *v, size_t n, size_t *cap, size_t size) {
	enum { FIRST = 256 };

	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : FIRST;
	v = realloc(v, *cap * size);
	if (!v)
		abort();
	return v;
}

void ldif_builder_init(struct ldif_builder *b, struct ldif_snapshot *s) {
	*b = (struct ldif_builder){ .s = s, .scratch = arena_new() };
	/* Also where no entry has a field there is an array. */
	s->fields = grow(s->fields, s->n_fields, &s->cap_fields, sizeof(*s->fields));
}

void ldif_builder_done(struct ldif_builder *b) {
	arena_free(b->scratch);
	free(b->pieces.v);
}

static struct arena *scratch(struct ldif_builder *b) {
	enum { ENOUGH = 1024 * 1024 };

	if (arena_used(b->scratch) > ENOUGH) {
		arena_free(b->scratch);
		b->scratch = arena_new();
	}
	return b->scratch;
}

static void add_field(struct ldif_snapshot *s, int id, struct value v) {
	s->fields = grow(s->fields, s->n_fields, &s->cap_fields, sizeof(*s->fields));
	s->fields[s->n_fields++] = (struct ldif_field){ v.data, (uint32_t)v.len, (uint16_t)id };
}

/* ---- what a line says about the entry as a whole ---- */

static bool is_class(struct value v, const char *name) {
	return strcasecmp(v.data, name) == 0;
}

static const char *take_class(struct ldif_builder *b, struct value v) {
	struct ldif_marks *m = &b->marks;
	size_t at;

	if (!text_utf8(v.data, v.len, &at))
		return "this value is not UTF-8; export the file as UTF-8";
	m->user |= is_class(v, "user");
	m->human |= is_class(v, "user") || is_class(v, "person") ||
	            is_class(v, "organizationalPerson") || is_class(v, "inetOrgPerson");
	m->other |= is_class(v, "computer") || is_class(v, "contact");
	add_field(b->s, LDIF_CLASS, v);
	return NULL;
}

static const char *take_category(struct ldif_builder *b, struct value v) {
	if (!b->category || strcmp(b->category, v.data) != 0) {
		const char *name = dn_name(scratch(b), v.data);
		b->category = v.data;
		b->category_person = text_same(name ? name : v.data, "Person");
	}
	b->marks.category = true;
	b->marks.category_person |= b->category_person;
	return NULL;
}

static const char *take_guid(struct value v, bool *seen, struct guid *ret) {
	if (*seen)
		return "an entry has this identifier once; here is a second";
	*seen = true;
	return ldif_line_guid(v, ret)
	               ? NULL
	               : "this is neither the 16 bytes of a GUID (base64 after ::) nor its text";
}

static const char *take_context(struct ldif_builder *b, const struct ldif_name *name,
                                struct value v) {
	struct ldif_snapshot *s = b->s;

	if (*b->now.normal || (name->meaning == LDIF_CONTEXTS && s->base))
		return NULL;
	if (dn_normal(scratch(b), v.data))
		s->base = v.data;
	return NULL;
}

static const char *take_meaning(struct ldif_builder *b, const struct ldif_name *name,
                                struct value v) {
	struct ldif_marks *m = &b->marks;

	switch (name->meaning) {
	case LDIF_OBJECT_CLASS:
		return take_class(b, v);
	case LDIF_OBJECT_CATEGORY:
		return take_category(b, v);
	case LDIF_OBJECT_GUID:
		return take_guid(v, &m->has_guid, &m->guid);
	case LDIF_ENTRY_UUID:
		return take_guid(v, &m->has_uuid, &m->uuid);
	case LDIF_IS_DELETED:
		m->deleted |= strcasecmp(v.data, "TRUE") == 0;
		return NULL;
	case LDIF_DEFAULT_CONTEXT:
	case LDIF_CONTEXTS:
		return take_context(b, name, v);
	default:
		return NULL;
	}
}

/* ---- attributes ---- */

static const char *take_attribute(struct ldif_builder *b, const struct ldif_name *name,
                                  struct value v) {
	bool piece = name->ranged || !v.len;
	struct value exact;

	if (piece && !(b->pieces.n && b->pieces.v[b->pieces.n - 1] == name)) {
		b->pieces.v = grow(b->pieces.v, b->pieces.n, &b->pieces.cap, sizeof(*b->pieces.v));
		b->pieces.v[b->pieces.n++] = name;
	}
	if (!v.len)
		return NULL;
	const char *wrong = NULL;
	if (name->id < ATTR_COUNT)
		wrong = ldif_line_value(b->s->arena, (enum attribute)name->id, v, &exact);
	else
		exact = v;
	if (!wrong)
		add_field(b->s, name->id, exact);
	return wrong;
}

const char *ldif_entry_take(struct ldif_builder *b, const struct ldif_name *name,
                            const struct ldif_line *l) {
	const char *wrong = NULL;

	if (name->meaning != LDIF_ATTRIBUTE) {
		if (!l->value.len)
			return "this line has no value; export values too, not names alone "
			       "(ldapsearch -A)";
		if (name->ranged)
			return "the server gave only a part of these values; export all of them";
		wrong = take_meaning(b, name, l->value);
	}
	if (!wrong && name->id >= 0)
		wrong = take_attribute(b, name, l->value);
	return wrong;
}

static int by_place(const void *x, const void *y) {
	const struct ldif_name *a = *(const struct ldif_name *const *)x,
	                       *b = *(const struct ldif_name *const *)y;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return (a->high > b->high) - (a->high < b->high);
}

/* Do the ranges begin at 0, join, and end in `*`? A name alone says nothing beside them. */
static bool whole(const struct ldif_name *const *v, size_t n) {
	long next = 0;

	for (size_t i = 0; i < n; i++) {
		if (!v[i]->ranged)
			continue;
		if (v[i]->low != next)
			return false;
		if (v[i]->high == LDIF_RANGE_END)
			return true;
		next = v[i]->high + 1;
	}
	return false;
}

void ldif_entry_lack(struct ldif_builder *b, const struct ldif_name *name) {
	if (name->id < 0)
		return;
	add_field(b->s, name->id, (struct value){ NULL, 0 });
	b->now.partial = true;
}

static void mark_missing(struct ldif_builder *b) {
	const struct ldif_name **v = b->pieces.v;
	size_t n = b->pieces.n, unique = 0, same;

	if (!n)
		return;
	qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; i < n; i++)
		if (!unique || by_place(v + unique - 1, v + i) != 0)
			v[unique++] = v[i];
	for (size_t i = 0; i < unique; i += same) {
		for (same = 1; i + same < unique && v[i + same]->id == v[i]->id; same++)
			;
		if (whole(v + i, same))
			continue;
		add_field(b->s, v[i]->id, (struct value){ NULL, 0 });
		b->now.partial = true;
	}
	b->pieces.n = 0;
}

/* ---- the entry ---- */

const char *ldif_entry_begin(struct ldif_builder *b, const struct ldif_line *l) {
	struct arena *a = b->s->arena;
	size_t at;

	if (!text_utf8(l->value.data, l->value.len, &at))
		return "this DN is not UTF-8; export the file as UTF-8";
	const char *normal = l->value.len ? dn_normal(scratch(b), l->value.data) : "";
	if (!normal)
		return "this is no DN; write it as CN=John Evans,OU=Staff,DC=contoso,DC=com";
	b->marks = (struct ldif_marks){ 0 };
	b->now = (struct ldif_record){ .dn = l->value.data,
		                       .normal = arena_strdup(a, normal),
		                       .first = b->s->n_fields };
	return NULL;
}

static void drop_others(struct ldif_snapshot *s, size_t from) {
	size_t kept = from;

	for (size_t i = from; i < s->n_fields; i++)
		if (s->fields[i].id < LDIF_OTHER)
			s->fields[kept++] = s->fields[i];
	s->n_fields = kept;
}

void ldif_entry_finish(struct ldif_builder *b) {
	const struct ldif_marks *m = &b->marks;
	struct ldif_record *r = &b->now;
	struct ldif_snapshot *s = b->s;

	mark_missing(b);
	r->guid = m->has_guid ? m->guid : m->uuid;
	r->object = *r->normal && !m->deleted;
	r->person =
	        r->object && (m->category ? m->category_person && m->user : m->human && !m->other);
	/* Filters are asked about people alone. */
	if (!r->person)
		drop_others(s, r->first);
	r->n = s->n_fields - r->first;
	s->records = grow(s->records, s->n, &s->cap, sizeof(*s->records));
	s->records[s->n++] = *r;
}
