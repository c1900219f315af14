#include "reconcile/render_parts.h"

/* One event is one object on a line of its own; its first member says which it is. */
static struct json begin(struct buf *out, const char *type) {
	struct json j = { .out = out, .compact = true };

	json_open(&j, '{');
	json_key(&j, "type");
	json_text(&j, type);
	return j;
}

static void member(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

void render_ndjson(const struct plan *p, const struct render_options *o, struct buf *out) {
	struct json j = begin(out, "version");

	member(&j, "mbxctl", MBXCTL_VERSION);
	member(&j, "format", RENDER_FORMAT);
	json_close(&j, '}');
	for (size_t i = 0; i < p->n; i++) {
		j = begin(out, "connection");
		/* A connection has a `type` of its own. */
		json_key(&j, "connection");
		json_open(&j, '{');
		render_json_connection(&j, p->items + i, false, NULL);
		json_close(&j, '}');
		json_close(&j, '}');
	}
	for (size_t i = 0; o->applied && i < p->n; i++) {
		j = begin(out, "result");
		member(&j, "name", p->items[i].connection->name);
		member(&j, "manifest", p->items[i].connection->manifest);
		render_json_result(&j, p->items + i);
		json_close(&j, '}');
	}
	j = begin(out, "summary");
	member(&j, "digest", p->digest);
	json_key(&j, "summary");
	json_open(&j, '{');
	render_json_totals(&j, p, o->applied);
	json_close(&j, '}');
	render_json_verdict(&j, p);
	json_close(&j, '}');
}
