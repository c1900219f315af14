#include "store/directory/ldif_render.h"

#include <stdlib.h>
#include <string.h>

#include "store/directory/ldif_library.h"
#include "store/directory/ldif_line.h"
#include "store/directory/ldif_split.h"

enum { COLUMNS = 76 };

/* A piece of the entry, and what becomes of it. */
struct part {
	size_t start, end;
	const struct ldif_set *set; /* of its attribute; NULL: not edited */
	struct value value;
	bool ranged, drop;
};

/* The values of a set that are new, and behind which part they stand. */
struct arrival {
	size_t behind;
	bool *comes;
};

struct render {
	const struct ldif_edit *edit;
	const char *text, *newline;
	struct arena *arena;
	struct {
		struct part *v;
		size_t n, cap;
	} parts;
};

const char *ldif_newline(const char *text, size_t len) {
	const char *end = memchr(text, '\n', len);

	if (!end)
		return NULL;
	return end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

static const struct ldif_set *set_of(const struct ldif_edit *e, int id) {
	for (size_t i = 0; i < e->sets.n; i++)
		if ((int)e->sets.v[i].id == id)
			return e->sets.v + i;
	return NULL;
}

/* The entry was read before, so its lines are known to be fine. */
static void read_part(struct render *r, struct ldif_names *names, struct part *p) {
	char *copy = arena_copy(r->arena, r->text + p->start, p->end - p->start);
	struct ldif_line l;

	if (ldif_line_decode(copy, p->end - p->start, &l))
		return;
	const struct ldif_name *name = ldif_name_of(names, &l);
	if (name->id < 0)
		return;
	p->set = set_of(r->edit, name->id);
	p->ranged = name->ranged;
	p->value = l.value;
	if (p->set)
		(void)ldif_line_value(r->arena, (enum attribute)name->id, l.value, &p->value);
}

static void split(struct render *r, size_t len, struct ldif_names *names) {
	struct ldif_cursor c = { .bytes = r->text, .len = len };

	for (;;) {
		struct ldif_piece piece = ldif_next(&c);
		struct part p = { .start = piece.start, .end = piece.end };
		if (piece.kind == LDIF_END)
			return;
		if (piece.kind == LDIF_LINE)
			read_part(r, names, &p);
		ARENA_PUSH(r->arena, &r->parts, p);
	}
}

/* The values of a set's attribute as they stand in the file. */
static size_t values_of(const struct render *r, const struct ldif_set *set, struct value **ret) {
	size_t n = 0;

	*ret = ARENA_ARRAY(r->arena, struct value, r->parts.n);
	for (size_t i = 0; i < r->parts.n; i++)
		if (r->parts.v[i].set == set && r->parts.v[i].value.len)
			(*ret)[n++] = r->parts.v[i].value;
	return n;
}

/*
 * Decides which lines of a set's attribute go, which values come, and where they stand: behind the
 * last line of the attribute, else at the end. A range says no longer what is there once a value is
 * taken out of it: then all lines are new.
 */
static void settle(struct render *r, const struct ldif_set *set, struct arrival *ret) {
	bool ranged = false;
	struct value *there;
	size_t n = values_of(r, set, &there);

	*ret = (struct arrival){ r->parts.n, ARENA_ARRAY(r->arena, bool, set->n) };
	if (ldif_set_met(set, there, n))
		return;
	for (size_t i = 0; i < r->parts.n; i++) {
		if (r->parts.v[i].set != set)
			continue;
		ranged |= r->parts.v[i].ranged;
		ret->behind = i;
	}
	for (size_t i = 0; i < r->parts.n; i++) {
		struct part *p = r->parts.v + i;
		if (p->set == set)
			p->drop = ranged || !ldif_set_keeps(set, there, n, p->value);
	}
	for (size_t i = 0; i < set->n; i++)
		ret->comes[i] = !ldif_has_value(set->values, i, set->values[i]) &&
		                (ranged || !ldif_has_value(there, n, set->values[i]));
}

static void put_line(const struct render *r, enum attribute id, struct value v, struct buf *out) {
	bool binary = attributes[id].syntax == SYNTAX_GUID || attributes[id].syntax == SYNTAX_SID ||
	              attributes[id].syntax == SYNTAX_OCTETS;
	char *line = ldif_put_wrap(binary ? LDIF_PUT_BINARY : LDIF_PUT_VALUE, attributes[id].name,
	                           v.data, v.len, COLUMNS);

	if (!line)
		abort();
	for (const char *p = line; *p; p++) {
		if (*p == '\n')
			buf_puts(out, r->newline);
		else
			buf_putc(out, *p);
	}
	ber_memfree(line);
}

static bool ends_line(const struct buf *out) {
	return !out->len || out->data[out->len - 1] == '\n';
}

/* The values of all sets that stand behind this part. */
static bool put_new(const struct render *r, size_t part, const struct arrival *arrivals,
                    struct buf *out) {
	bool any = false;

	for (size_t j = 0; j < r->edit->sets.n; j++) {
		const struct ldif_set *set = r->edit->sets.v + j;
		for (size_t i = 0; i < set->n && arrivals[j].behind == part; i++) {
			if (!arrivals[j].comes[i])
				continue;
			if (!ends_line(out))
				buf_puts(out, r->newline);
			put_line(r, set->id, set->values[i], out);
			any = true;
		}
	}
	return any;
}

void ldif_render(const struct ldif_edit *e, const char *text, size_t len, const char *newline,
                 struct ldif_names *names, struct arena *a, struct buf *out) {
	struct render r = { .edit = e, .text = text, .newline = newline, .arena = a };
	struct arrival *arrivals = ARENA_ARRAY(a, struct arrival, e->sets.n);
	bool ours = false; /* the last line is a new one */

	split(&r, len, names);
	for (size_t j = 0; j < e->sets.n; j++)
		settle(&r, e->sets.v + j, arrivals + j);
	for (size_t i = 0; i < r.parts.n; i++) {
		const struct part *p = r.parts.v + i;
		if (!p->drop) {
			buf_add(out, text + p->start, p->end - p->start);
			ours = false;
		}
		ours |= put_new(&r, i, arrivals, out);
	}
	ours |= put_new(&r, r.parts.n, arrivals, out);
	/* A file without a line break at its end stays one. */
	if (ours && text[len - 1] != '\n')
		out->len -= strlen(newline);
}
