#include "agent/service/status_parts.h"

#include <string.h>

#include "base/timestamp.h"
#include "reconcile/render.h"

const char *part_text(struct sheet *s, const json_t *object, const char *key) {
	const char *value = json_string_value(json_object_get(object, key));

	return value ? render_line(s->a, value) : NULL;
}

int64_t part_number(const json_t *object, const char *key) {
	return json_integer_value(json_object_get(object, key));
}

int64_t part_date(const json_t *object, const char *key) {
	const char *value = json_string_value(json_object_get(object, key));
	int64_t t;

	return value && timestamp_parse(value, &t, NULL) ? t : TIMESTAMP_NONE;
}

bool part_true(const json_t *object, const char *key) {
	return json_is_true(json_object_get(object, key));
}

bool part_is(const char *value, const char *word) {
	return value && strcmp(value, word) == 0;
}
