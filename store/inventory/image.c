#include "store/inventory/image.h"

#include <string.h>

#include "base/json.h"

static const char directory[] = "directory", store[] = "store";

/* What the writer wrote, without the line's end, in the arena. */
static const char *finish(struct arena *a, struct buf *b) {
	const char *text = arena_copy(a, b->data, b->len - 1);

	buf_done(b);
	return text;
}

const char *image_texts(struct arena *a, const char *const *texts, size_t n) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	json_open(&j, '[');
	for (size_t i = 0; i < n; i++)
		json_text(&j, texts[i]);
	json_close(&j, ']');
	return finish(a, &out);
}

static void write_values(struct arena *a, struct json *j, const struct change *c, bool after) {
	const struct value *values = after ? c->after : c->before;
	size_t n = after ? c->n_after : c->n_before;

	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		json_text(j, c->store ? values[i].data : value_text(a, c->id, values[i]));
	json_close(j, ']');
}

static const char *name_of(const struct change *c) {
	return c->store ? c->column : attributes[c->id].name;
}

static void write_target(struct arena *a, struct json *j, const struct change *changes, size_t n,
                         bool of_store, bool after) {
	json_key(j, of_store ? store : directory);
	json_open(j, '{');
	for (size_t i = 0; i < n; i++)
		if (changes[i].store == of_store) {
			json_key(j, name_of(changes + i));
			write_values(a, j, changes + i, after);
		}
	json_close(j, '}');
}

const char *image_write(struct arena *a, const struct change *changes, size_t n, bool after) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	json_open(&j, '{');
	write_target(a, &j, changes, n, false, after);
	write_target(a, &j, changes, n, true, after);
	json_close(&j, '}');
	return finish(a, &out);
}

static const char *values_text(struct arena *a, const struct change *c, bool after) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	write_values(a, &j, c, after);
	return finish(a, &out);
}

struct image_change *image_changes(struct arena *a, const struct change *changes, size_t n) {
	struct image_change *v = ARENA_ARRAY(a, struct image_change, n);

	for (size_t i = 0; i < n; i++)
		v[i] = (struct image_change){ changes[i].store ? store : directory,
			                      name_of(changes + i),
			                      values_text(a, changes + i, false),
			                      values_text(a, changes + i, true) };
	return v;
}

const char *image_connection(struct arena *a, const struct image_connection *c) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	json_open(&j, '{');
	json_key(&j, "action");
	json_text(&j, action_names[c->action]);
	json_key(&j, "archive");
	json_bool(&j, c->archive);
	json_key(&j, "mailbox");
	json_text(&j, c->mailbox_text);
	json_key(&j, "user");
	json_text(&j, c->user_text);
	json_key(&j, "reconnect");
	json_bool(&j, c->reconnect);
	json_key(&j, "wish");
	json_text(&j, c->wish);
	json_close(&j, '}');
	return finish(a, &out);
}

bool image_sets(const struct image_change *changes, size_t n, enum mailbox_state state) {
	struct arena *a = arena_new();
	const char *after = image_texts(a, &mailbox_state_names[state], 1);
	bool sets = false;

	for (size_t i = 0; i < n; i++)
		if (strcmp(changes[i].target, store) == 0 &&
		    strcmp(changes[i].attribute, "state") == 0 &&
		    strcmp(changes[i].after, after) == 0)
			sets = true;
	arena_free(a);
	return sets;
}
