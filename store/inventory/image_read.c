/* Apart from the writing: base/json.h and jansson both have a json_string(). */
#include "store/inventory/image.h"

#include <jansson.h>
#include <string.h>

static void free_json(json_t **root) {
	json_decref(*root);
}

static int damaged(struct error *err, const char *which) {
	return error_set(err, ERR_INVALID, "the values that %s remembers cannot be read", which);
}

static bool all_texts(const json_t *array) {
	size_t i;
	json_t *value;

	json_array_foreach(array, i, value) {
		if (!json_is_string(value))
			return false;
	}
	return json_is_array(array);
}

static const char *array_text(struct arena *a, const json_t *array) {
	size_t n = json_array_size(array);
	const char **texts = ARENA_ARRAY(a, const char *, n);

	for (size_t i = 0; i < n; i++)
		texts[i] = json_string_value(json_array_get(array, i));
	return image_texts(a, texts, n);
}

struct image_changes {
	struct image_change *v;
	size_t n, cap;
};

static bool read_target(struct arena *a, json_t *before, json_t *after, const char *target,
                        struct image_changes *ret) {
	json_t *from = json_object_get(before, target), *to = json_object_get(after, target);
	const char *attribute;
	json_t *values;

	if (!json_is_object(from) || !json_is_object(to))
		return false;
	json_object_foreach(from, attribute, values) {
		const json_t *other = json_object_get(to, attribute);
		if (!all_texts(values) || !all_texts(other))
			return false;
		struct image_change c = { target, arena_strdup(a, attribute), array_text(a, values),
			                  array_text(a, other) };
		ARENA_PUSH(a, ret, c);
	}
	return true;
}

int image_read(struct arena *a, const char *before, const char *after, const char *which,
               struct image_change **ret, size_t *ret_n, struct error *err) {
	CLEANUP(free_json) json_t *from = json_loads(before, JSON_REJECT_DUPLICATES, NULL);
	CLEANUP(free_json) json_t *to = json_loads(after, JSON_REJECT_DUPLICATES, NULL);
	struct image_changes changes = { 0 };

	if (!from || !to || !read_target(a, from, to, "directory", &changes) ||
	    !read_target(a, from, to, "store", &changes))
		return damaged(err, which);
	*ret = changes.v;
	*ret_n = changes.n;
	return OK;
}

static bool read_value(struct arena *a, const struct change *c, const char *text,
                       struct value *ret) {
	if (!c->store)
		return text && value_parse(a, c->id, text, ret);
	if (text)
		*ret = (struct value){ arena_strdup(a, text), strlen(text) };
	return text != NULL;
}

/* Of the attribute that `c` names. */
static bool read_values(struct arena *a, const struct change *c, const char *text,
                        const struct value **ret, size_t *ret_n) {
	CLEANUP(free_json) json_t *array = json_loads(text, 0, NULL);
	size_t n = json_array_size(array);
	struct value *values = ARENA_ARRAY(a, struct value, n);

	for (size_t i = 0; i < n; i++)
		if (!read_value(a, c, json_string_value(json_array_get(array, i)), values + i))
			return false;
	*ret = values;
	*ret_n = n;
	return array != NULL;
}

int image_change_read(struct arena *a, const struct image_change *change, const char *which,
                      struct change *ret, struct error *err) {
	struct change c = { .store = strcmp(change->target, "directory") != 0 };
	int id = attribute_find(change->attribute, strlen(change->attribute));

	if (c.store)
		c.column = arena_strdup(a, change->attribute);
	else if (id < 0)
		return damaged(err, which);
	else
		c.id = (enum attribute)id;
	if (!read_values(a, &c, change->before, &c.before, &c.n_before) ||
	    !read_values(a, &c, change->after, &c.after, &c.n_after))
		return damaged(err, which);
	*ret = c;
	return OK;
}

int image_read_directory(struct arena *a, const char *before, const char *after, const char *which,
                         struct change **ret, size_t *ret_n, struct error *err) {
	struct image_change *v;
	size_t n, kept = 0;
	int r = image_read(a, before, after, which, &v, &n, err);

	if (r < 0)
		return r;
	struct change *changes = ARENA_ARRAY(a, struct change, n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].target, "directory") == 0 &&
		    (r = image_change_read(a, v + i, which, changes + kept++, err)) < 0)
			return r;
	*ret = changes;
	*ret_n = kept;
	return OK;
}

static enum action action_of(const json_t *name) {
	enum action action = ACTION_CONNECT;

	while (action < ACTIONS && (!json_is_string(name) ||
	                            strcmp(action_names[action], json_string_value(name)) != 0))
		action++;
	return action;
}

static const char *text_of(struct arena *a, const json_t *object, const char *key) {
	const char *text = json_string_value(json_object_get(object, key));

	return text ? arena_strdup(a, text) : NULL;
}

int image_connection_read(struct arena *a, const char *text, const char *which,
                          struct image_connection *ret, struct error *err) {
	CLEANUP(free_json) json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct image_connection c = {
		.action = action_of(json_object_get(root, "action")),
		.archive = json_is_true(json_object_get(root, "archive")),
		.reconnect = json_is_true(json_object_get(root, "reconnect")),
		.mailbox_text = text_of(a, root, "mailbox"),
		.user_text = text_of(a, root, "user"),
		.wish = text_of(a, root, "wish"),
	};

	if (c.action == ACTIONS || !c.mailbox_text || !c.wish)
		return damaged(err, which);
	*ret = c;
	return OK;
}
