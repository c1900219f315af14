#include "spec/decode.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "spec/other_names.h"
#include "spec/scalars.h"
#include "spec/words.h"

void decode_problem(struct decoder *d, struct spot at, const char *code, const char *format, ...) {
	va_list args;

	va_start(args, format);
	source_vproblem(d->source, d->diags, at, code, format, args);
	va_end(args);
}

const char *decode_quoted(struct decoder *d, const struct node *n) {
	return source_quoted(d->scratch, n->text, n->len);
}

static void *target(const struct field *f, void *base) {
	return (char *)base + f->offset;
}

static void tell_no_map(struct decoder *d, const struct node *n, const char *what,
                        const char *holds) {
	if (n->kind == NODE_REFUSED)
		return;
	if (n->kind == NODE_TEXT && node_is_null(n))
		decode_problem(d, n->at, "null-value",
		               "%s holds nothing: write something below it, or take it away", what);
	else
		decode_problem(d, n->at, "wrong-value", "%s is a mapping of %s, not %s", what,
		               holds, n->kind == NODE_LIST ? "a list" : "a text");
}

static void decode_inner(struct decoder *d, const struct field *f, const struct node *n,
                         void *base) {
	decode_map(d, n, f->shape, target(f, base));
}

static void set_array(const struct field *f, void *base, void *array, size_t n) {
	*(void **)target(f, base) = array;
	*(size_t *)(void *)((char *)base + f->beside) = n;
}

static void decode_maps(struct decoder *d, const struct field *f, const struct node *n,
                        void *base) {
	if (!scalar_is_list(d, f, n))
		return;
	char *array = arena_alloc(d->keep, n->len, f->shape->size);
	size_t i = 0;
	for (const struct node *item = n->first; item; item = item->next)
		decode_map(d, item, f->shape, array + i++ * f->shape->size);
	set_array(f, base, array, n->len);
}

static void decode_named_maps(struct decoder *d, const struct field *f, const struct node *n,
                              void *base) {
	const struct field name = { .key = f->key, .noun = "the name" };

	if (n->kind != NODE_MAP) {
		tell_no_map(d, n, f->key, "names");
		return;
	}
	char *array = arena_alloc(d->keep, n->len, f->shape->size);
	size_t i = 0;
	for (const struct node *key = n->first; key; key = key->next) {
		char *element = array + i++ * f->shape->size;
		*(const char **)(void *)element = scalar_kept(d, &name, key);
		decode_map(d, key->value, f->shape, element);
	}
	set_array(f, base, array, n->len);
}

static scalar_decoder *const decoders[] = {
	[FIELD_TEXT] = scalar_text,       [FIELD_TEXTS] = scalar_texts,
	[FIELD_BOOLEAN] = scalar_boolean, [FIELD_SWITCH] = scalar_switch,
	[FIELD_CHOICE] = scalar_choice,   [FIELD_CHOICES] = scalar_choices,
	[FIELD_POLICY] = scalar_policy,   [FIELD_SUSPENSION] = scalar_suspension,
	[FIELD_INTEGER] = scalar_integer, [FIELD_DURATION] = scalar_duration,
	[FIELD_PERCENT] = scalar_percent, [FIELD_MAP] = decode_inner,
	[FIELD_MAPS] = decode_maps,       [FIELD_NAMED_MAPS] = decode_named_maps,
};

const struct field *field_find(const struct shape *shape, const char *key) {
	for (const struct field *f = shape->fields; f->key; f++)
		if (*f->key == *key && strcmp(f->key, key) == 0)
			return f;
	return NULL;
}

/* The field of this mapping below which the key would be at home, or NULL. */
static const struct field *home_of(const struct shape *shape, const char *key) {
	for (const struct field *f = shape->fields; f->key; f++) {
		bool is_defaults = f->shape == &defaults_shape;
		const struct field *inner =
		        f->shape && f->kind != FIELD_NAMED_MAPS ? field_find(f->shape, key) : NULL;
		if (inner && (!is_defaults || (inner->rules & FIELD_DEFAULTABLE)))
			return f;
	}
	return NULL;
}

static const char *other_of(const struct shape *shape, const struct node *key) {
	bool of_connections = shape == &connection_shape || shape == &defaults_shape;

	return of_connections ? other_name(key->text) : NULL;
}

static void tell_unknown_key(struct decoder *d, const struct shape *shape, const struct node *key) {
	struct arena *a = d->scratch;
	const struct field *home = home_of(shape, key->text);
	const char *const *known = words_keys(a, shape, d->defaults);
	const char *other = other_of(shape, key);

	if (other)
		decode_problem(d, key->at, "unknown-key", "unknown key \"%s\": %s",
		               decode_quoted(d, key), other);
	else if (home)
		decode_problem(d, key->at, "unknown-key", "unknown key \"%s\": it belongs below %s",
		               decode_quoted(d, key), home->key);
	else
		decode_problem(d, key->at, "unknown-key", "unknown key \"%s\"%s",
		               decode_quoted(d, key),
		               words_advice(a, key->text, known,
		                            arena_printf(a, "%s takes", shape->what)));
}

static void decode_pair(struct decoder *d, const struct node *key, const struct shape *shape,
                        const struct field *f, void *ret) {
	if (!f) {
		tell_unknown_key(d, shape, key);
	} else if (d->defaults && !(f->rules & FIELD_DEFAULTABLE)) {
		decode_problem(d, key->at, "misplaced-field",
		               "%s cannot stand in defaults: write it with each connection",
		               f->key);
	} else if (!(f->rules & FIELD_BY_HAND)) {
		decoders[f->kind](d, f, key->value, ret);
		if (f->rules & FIELD_MARKED)
			*(bool *)((char *)ret + f->beside) = true;
	}
}

bool decode_misspelt(struct decoder *d, const struct node *map, const struct shape *shape,
                     const char *name) {
	const char *const *known = words_keys(d->scratch, shape, d->defaults);
	int looked_at = 0;

	for (const struct node *key = map->first; key && looked_at < 100; key = key->next) {
		looked_at++;
		const char *nearest =
		        field_find(shape, key->text) ? NULL : text_nearest(key->text, known);
		const char *other = other_of(shape, key);
		if ((nearest && strcmp(nearest, name) == 0) ||
		    (other && strcmp(other + strlen("write "), name) == 0))
			return true;
	}
	return false;
}

static void tell_missing(struct decoder *d, const struct node *map, const struct shape *shape) {
	for (const struct field *f = shape->fields; f->key; f++)
		if ((f->rules & FIELD_REQUIRED) && !node_key(map, f->key) &&
		    !decode_misspelt(d, map, shape, f->key))
			decode_problem(d, map->at, "missing-field", "%s needs %s: %s", shape->what,
			               f->key, f->help);
}

void decode_map(struct decoder *d, const struct node *map, const struct shape *shape, void *ret) {
	if (source_is_full(d->source))
		return;
	if (map->kind != NODE_MAP) {
		const char *const *keys = words_keys(d->scratch, shape, d->defaults);
		tell_no_map(d, map, shape->what, words_joined(d->scratch, keys, " and "));
		return;
	}
	for (const struct node *key = map->first; key && !source_is_full(d->source);
	     key = key->next) {
		const struct field *f =
		        strlen(key->text) == key->len ? field_find(shape, key->text) : NULL;
		decode_pair(d, key, shape, f, ret);
	}
	if (!map->cut && !d->defaults && !source_is_full(d->source))
		tell_missing(d, map, shape);
	if (shape->check)
		shape->check(d, map, ret);
}
