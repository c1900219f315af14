#include "spec/schema.h"

#include <assert.h>

#include "base/json.h"

/* JSON of which the quotes are single ones, so that it can be read in C. */
static void raw(struct json *j, const char *text) {
	struct buf value = { 0 };

	for (const char *p = text; *p; p++)
		buf_putc(&value, *p == '\'' ? '"' : *p);
	json_raw(j, value.data);
	buf_done(&value);
}

static void pair(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

/*
 * Of each kind of value, what does not hang on the field; others refer to it. A number or boolean
 * where a text is asked for is the text as written; what other readers of YAML take for a boolean
 * is refused where the decoder does not know what was meant.
 */
#define NO_CONTROLS  "\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f\\\\u2028\\\\u2029]"
#define TEXT_PATTERN "'minLength': 1, 'pattern': '^ *[^ " NO_CONTROLS "[^" NO_CONTROLS "*$'"

static const struct {
	enum field_kind kind;
	const char *name, *schema;
} kinds[] = {
	{ FIELD_TEXT, "text", "{'type': ['string', 'number', 'boolean'], " TEXT_PATTERN "}" },
	{ FIELD_POLICY, "policy",
	  "{'type': ['string', 'number', 'boolean', 'null'], " TEXT_PATTERN "}" },
	{ FIELD_SUSPENSION, "suspension",
	  "{'type': ['string', 'number', 'boolean'], 'minLength': 1, 'not': {'anyOf': ["
	  "{'type': 'number', 'enum': [0, 1]}, {'type': 'string', 'pattern': "
	  "'^([Ff][Aa][Ll][Ss][Ee]|[Tt][Rr][Uu][Ee]|[Nn][Oo]|[Yy][Ee][Ss]|[Oo][Ff][Ff]|[Oo][Nn]|["
	  "NnYy]"
	  "|[01])$'}]}}" },
	{ FIELD_DURATION, "duration",
	  "{'type': ['string', 'integer'], 'minimum': 1, 'pattern': '^0*[1-9][0-9]*[smhd]?$'}" },
	{ FIELD_PERCENT, "percent", "{'type': 'string', 'pattern': '^(0?[0-9]{1,2}|100)%$'}" },
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static void definitions(struct json *j) {
	json_key(j, "$defs");
	json_open(j, '{');
	for (size_t i = 0; i < KINDS; i++) {
		json_key(j, kinds[i].name);
		raw(j, kinds[i].schema);
	}
	json_close(j, '}');
}

/* ---- one field ------------------------------------------------------------------------------- */

static void refer(struct json *j, enum field_kind kind) {
	struct buf path = { 0 };
	size_t i = 0;

	while (i < KINDS && kinds[i].kind != kind)
		i++;
	assert(i < KINDS);
	buf_printf(&path, "#/$defs/%s", kinds[i].name);
	pair(j, "$ref", path.data);
	buf_done(&path);
}

/* A text by itself, or an item of a list of them. */
static void text(struct json *j, const struct field *f) {
	refer(j, FIELD_TEXT);
	if (f->rules & FIELD_NO_NUMBER)
		pair(j, "type", "string");
	if (f->pattern)
		pair(j, "pattern", f->pattern);
	if (f->longest) {
		json_key(j, "maxLength");
		json_int(j, f->longest);
	}
}

static void names(struct json *j, const struct field *f) {
	json_key(j, "enum");
	json_open(j, '[');
	for (size_t i = 0; f->names[i]; i++)
		if (*f->names[i])
			json_text(j, f->names[i]);
	json_close(j, ']');
}

static void integer(struct json *j, const struct field *f) {
	pair(j, "type", "integer");
	json_key(j, "minimum");
	json_int(j, f->min);
	json_key(j, "maximum");
	json_int(j, f->max);
}

/* `defaults`: as it may stand in those. */
static void mapping(struct json *j, const struct shape *shape, bool defaults);

/* A list: of texts, of words or of mappings. */
static void list(struct json *j, const struct field *f, bool defaults) {
	pair(j, "type", "array");
	if (f->rules & FIELD_FILLED) {
		json_key(j, "minItems");
		json_int(j, 1);
	}
	json_key(j, "items");
	json_open(j, '{');
	if (f->kind == FIELD_TEXTS)
		text(j, f);
	else if (f->kind == FIELD_CHOICES)
		names(j, f);
	else
		mapping(j, f->shape, defaults);
	json_close(j, '}');
}

static void one_or_many(struct json *j, const struct field *f, bool defaults) {
	json_key(j, "anyOf");
	json_open(j, '[');
	json_open(j, '{');
	text(j, f);
	json_close(j, '}');
	json_open(j, '{');
	list(j, f, defaults);
	json_close(j, '}');
	json_close(j, ']');
}

static void named_maps(struct json *j, const struct field *f, bool defaults) {
	pair(j, "type", "object");
	json_key(j, "propertyNames");
	json_open(j, '{');
	refer(j, FIELD_TEXT);
	json_close(j, '}');
	json_key(j, "additionalProperties");
	json_open(j, '{');
	mapping(j, f->shape, defaults);
	json_close(j, '}');
}

static void value(struct json *j, const struct field *f, bool defaults) {
	switch (f->kind) {
	case FIELD_TEXT:
		text(j, f);
		break;
	case FIELD_BOOLEAN:
		pair(j, "type", "boolean");
		break;
	case FIELD_SWITCH:
	case FIELD_CHOICE:
		names(j, f);
		break;
	case FIELD_TEXTS:
	case FIELD_CHOICES:
	case FIELD_MAPS:
		(f->rules & FIELD_ONE_OR_MANY ? one_or_many : list)(j, f, defaults);
		break;
	case FIELD_INTEGER:
		integer(j, f);
		break;
	case FIELD_POLICY:
	case FIELD_SUSPENSION:
	case FIELD_DURATION:
	case FIELD_PERCENT:
		refer(j, f->kind);
		break;
	case FIELD_MAP:
		mapping(j, f->shape, defaults);
		break;
	case FIELD_NAMED_MAPS:
		named_maps(j, f, defaults);
		break;
	}
}

/* ---- one mapping ----------------------------------------------------------------------------- */

static void required(struct json *j, const struct shape *shape) {
	bool any = false;

	for (const struct field *f = shape->fields; f->key; f++) {
		if (!(f->rules & (FIELD_REQUIRED | FIELD_HEAD)))
			continue;
		if (!any) {
			json_key(j, "required");
			json_open(j, '[');
		}
		any = true;
		json_text(j, f->key);
	}
	if (any)
		json_close(j, ']');
}

static void rules(struct json *j, const struct shape *shape) {
	if (!shape->rules)
		return;
	json_key(j, "allOf");
	json_open(j, '[');
	for (size_t i = 0; shape->rules[i]; i++)
		raw(j, shape->rules[i]);
	json_close(j, ']');
}

static void properties(struct json *j, const struct shape *shape, bool defaults) {
	json_key(j, "properties");
	json_open(j, '{');
	for (const struct field *f = shape->fields; f->key; f++) {
		if (defaults && !(f->rules & FIELD_DEFAULTABLE))
			continue;
		json_key(j, f->key);
		json_open(j, '{');
		pair(j, "description", f->help);
		value(j, f, defaults);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static void mapping(struct json *j, const struct shape *shape, bool defaults) {
	defaults = defaults || shape == &defaults_shape;
	pair(j, "type", "object");
	if (!defaults)
		required(j, shape);
	properties(j, shape, defaults);
	json_key(j, "additionalProperties");
	json_bool(j, false);
	rules(j, shape);
}

void schema_write(const struct shape *shape, struct buf *out) {
	struct json j = { .out = out };

	json_open(&j, '{');
	pair(&j, "$schema", "https://json-schema.org/draft/2020-12/schema");
	pair(&j, "title", shape == &config_shape ? "mbxctl config" : "mbxctl manifest");
	mapping(&j, shape, false);
	definitions(&j);
	json_close(&j, '}');
}
