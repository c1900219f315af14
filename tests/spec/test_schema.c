#include "spec/schema.h"

#include <string.h>

#include "base/json.h"
#include "tests/test.h"

/* `"key": {`, its line break and blanks, and the description: what a field's property begins with.
 */
static const char *find_property(const char *schema, const struct field *f) {
	struct buf key = { 0 }, help = { 0 };
	struct json j = { .out = &help };

	buf_printf(&key, "\"%s\": {\n", f->key);
	buf_puts(&help, "\"description\": ");
	json_text(&j, f->help);
	const char *at = strstr(schema, key.data), *after = NULL;
	for (; at && !after; at = strstr(at + 1, key.data)) {
		const char *p = at + key.len + strspn(at + key.len, " ");
		if (strncmp(p, help.data, help.len) == 0)
			after = p;
	}
	buf_done(&key);
	buf_done(&help);
	return after;
}

/* Properties stand in the order of the table, those of a mapping within their field. */
static const char *walk(const char *schema, const struct shape *shape, bool defaults,
                        size_t *n_fields) {
	defaults = defaults || shape == &defaults_shape;
	for (const struct field *f = shape->fields; f->key; f++) {
		if (!f->help)
			fail_msg("%s of %s says nothing of itself", f->key, shape->what);
		if (defaults && !(f->rules & FIELD_DEFAULTABLE))
			continue;
		const char *next = find_property(schema, f);
		if (!next)
			fail_msg("%s of %s is not in the schema", f->key, shape->what);
		++*n_fields;
		schema = f->shape ? walk(next, f->shape, defaults, n_fields) : next;
	}
	return schema;
}

static size_t fields_in_schema(const struct shape *shape) {
	struct buf schema = { 0 };
	size_t n = 0;

	schema_write(shape, &schema);
	walk(schema.data, shape, false, &n);
	buf_done(&schema);
	return n;
}

/* The number is there to show that the walk walked. */
static void test_manifest(void **state) {
	(void)state;
	assert_int_equal(fields_in_schema(&manifest_shape), 6 + 11 + 20);
}

static void test_config(void **state) {
	(void)state;
	assert_int_equal(fields_in_schema(&config_shape), 10 + 7 + 6 + 4 + 9 + 4 + 2 + 2 + 6 + 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
