#include "reconcile/attributes.h"

#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "base/guid.h"
#include "base/sid.h"
#include "base/text.h"

const struct attribute_def attributes[ATTR_COUNT] = {
#define X(id, name, syntax, single) [ATTR_##id] = { name, SYNTAX_##syntax, single },
	ATTRIBUTES(X)
#undef X
};

int attribute_find(const char *name, size_t len) {
	const char *option = memchr(name, ';', len);

	if (option)
		len = (size_t)(option - name);
	/* Names are ASCII: the first letters say soonest that two differ. */
	for (int i = 0; len > 0 && i < ATTR_COUNT; i++)
		if ((attributes[i].name[0] | 0x20) == (name[0] | 0x20) &&
		    strncasecmp(attributes[i].name, name, len) == 0 && !attributes[i].name[len])
			return i;
	return -1;
}

bool value_is_text(enum attribute id) {
	enum syntax syntax = attributes[id].syntax;

	return syntax == SYNTAX_TEXT || syntax == SYNTAX_DN || syntax == SYNTAX_INTEGER ||
	       syntax == SYNTAX_BOOLEAN;
}

char *value_text(struct arena *a, enum attribute id, struct value v) {
	char text[GUID_TEXT];
	struct guid g;
	char *sid;

	switch (attributes[id].syntax) {
	case SYNTAX_GUID:
		if (guid_from_bytes(v.data, v.len, &g))
			return arena_strdup(a, guid_text(g, text));
		return text_base64(a, v.data, v.len);
	case SYNTAX_SID:
		sid = sid_text(a, v.data, v.len);
		return sid ? sid : text_base64(a, v.data, v.len);
	case SYNTAX_OCTETS:
		return text_base64(a, v.data, v.len);
	case SYNTAX_TEXT:
	case SYNTAX_DN:
	case SYNTAX_INTEGER:
	case SYNTAX_BOOLEAN:
		break;
	}
	return arena_copy(a, v.data, v.len);
}

bool value_parse(struct arena *a, enum attribute id, const char *text, struct value *ret) {
	size_t len = strlen(text);
	struct guid g;
	char *data;

	switch (attributes[id].syntax) {
	case SYNTAX_GUID:
		if (guid_parse(text, &g)) {
			*ret = (struct value){ arena_copy(a, g.bytes, sizeof(g.bytes)),
				               sizeof(g.bytes) };
			return true;
		}
		break;
	case SYNTAX_SID:
		data = sid_parse(a, text, &len);
		if (data) {
			*ret = (struct value){ data, len };
			return true;
		}
		break;
	case SYNTAX_OCTETS:
		break;
	case SYNTAX_TEXT:
	case SYNTAX_DN:
	case SYNTAX_INTEGER:
	case SYNTAX_BOOLEAN:
		*ret = (struct value){ arena_copy(a, text, len), len };
		return true;
	}
	data = text_unbase64(a, text, strlen(text), &len);
	if (!data)
		return false;
	*ret = (struct value){ data, len };
	return true;
}

/* An SMTP address in capitals is the primary one: there the case of the prefix means something. */
static bool same_address(struct value x, struct value y) {
	bool primary_x = strncmp(x.data, "SMTP:", 5) == 0,
	     primary_y = strncmp(y.data, "SMTP:", 5) == 0;

	return primary_x == primary_y && text_same(x.data, y.data);
}

bool value_equal(enum attribute id, struct value x, struct value y) {
	if (id == ATTR_PROXY_ADDRESSES)
		return same_address(x, y);
	switch (attributes[id].syntax) {
	case SYNTAX_TEXT:
	case SYNTAX_BOOLEAN:
		return text_same(x.data, y.data);
	case SYNTAX_DN:
		return dn_same(x.data, y.data);
	case SYNTAX_INTEGER:
	case SYNTAX_GUID:
	case SYNTAX_SID:
	case SYNTAX_OCTETS:
		break;
	}
	return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static bool holds(enum attribute id, const struct value *list, size_t n, struct value v) {
	for (size_t i = 0; i < n; i++)
		if (value_equal(id, list[i], v))
			return true;
	return false;
}

bool values_equal(enum attribute id, const struct value *x, size_t nx, const struct value *y,
                  size_t ny) {
	for (size_t i = 0; i < nx; i++)
		if (!holds(id, y, ny, x[i]))
			return false;
	for (size_t i = 0; i < ny; i++)
		if (!holds(id, x, nx, y[i]))
			return false;
	return true;
}

char *value_key(struct arena *a, enum attribute id, struct value v) {
	char *normal = NULL;

	if (attributes[id].syntax == SYNTAX_DN)
		normal = dn_normal(a, v.data);
	if (normal)
		return normal;
	if (attributes[id].syntax == SYNTAX_TEXT || attributes[id].syntax == SYNTAX_DN ||
	    attributes[id].syntax == SYNTAX_BOOLEAN)
		return text_fold_bytes(a, v.data, v.len);
	return value_text(a, id, v);
}
