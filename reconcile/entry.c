#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/world.h"

static const struct attribute_values *values_of(const struct entry *e, enum attribute id) {
	for (size_t i = 0; i < e->n; i++)
		if (e->attributes[i].id == id)
			return e->attributes + i;
	return NULL;
}

const struct value *entry_values(const struct entry *e, enum attribute id, size_t *ret_n) {
	const struct attribute_values *v = values_of(e, id);

	*ret_n = v ? v->n : 0;
	return v ? v->values : NULL;
}

const char *entry_text(const struct entry *e, enum attribute id) {
	const struct attribute_values *v = values_of(e, id);

	return v && v->n ? v->values[0].data : NULL;
}

bool entry_has(const struct entry *e, enum attribute id) {
	const struct attribute_values *v = values_of(e, id);

	return v && v->n;
}

int64_t entry_int(const struct entry *e, enum attribute id, int64_t absent) {
	const char *text = entry_text(e, id);
	char *end;

	if (!text || !*text)
		return absent;
	errno = 0;
	long long n = strtoll(text, &end, 10);
	return errno || *end ? absent : n;
}

bool entry_incomplete(const struct entry *e, enum attribute id) {
	const struct attribute_values *v = values_of(e, id);

	return v && v->incomplete;
}

bool entry_holds(const struct entry *e, enum attribute id, struct value v) {
	size_t n;
	const struct value *values = entry_values(e, id, &n);

	for (size_t i = 0; i < n; i++)
		if (value_equal(id, values[i], v))
			return true;
	return false;
}

/* Is this the value of the component that a normal DN begins with? */
bool has_mailbox(const struct entry *e) {
	return entry_has(e, ATTR_MAILBOX_GUID) || entry_has(e, ATTR_HOME_MDB);
}

static bool component_is(const char *normal, const char *folded) {
	const char *p = strchr(normal, '=');

	/* dn_normal() escapes by a backslash and nothing else. */
	for (p = p ? p + 1 : ""; *p && *p != ',' && *p != '+'; p++, folded++) {
		if (*p == '\\')
			p++;
		if (*p != *folded)
			return false;
	}
	return !*folded;
}

bool entry_named(const struct entry *e, const char *folded) {
	return component_is(e->normal, folded);
}

bool entry_within(const struct entry *e, const char *folded) {
	for (const char *p = e->normal; *p; p++) {
		if (*p == '\\')
			p++;
		else if (*p == ',' && component_is(p + 1, folded))
			return true;
	}
	return false;
}
