#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/powershell.h"
#include "reconcile/render_parts.h"

static void date(struct json *j, const char *key, int64_t t) {
	char text[TIMESTAMP_TEXT];

	json_key(j, key);
	if (t == TIMESTAMP_NONE)
		json_nil(j);
	else
		json_text(j, timestamp_text(t, text));
}

static void text(struct json *j, const char *key, const char *value) {
	json_key(j, key);
	json_text(j, value);
}

static void guid(struct json *j, const char *key, struct guid g) {
	char written[GUID_TEXT];

	text(j, key, guid_none(g) ? NULL : guid_text(g, written));
}

static void flag(struct json *j, const char *key, bool value) {
	json_key(j, key);
	json_bool(j, value);
}

static void place(struct json *j, struct place at) {
	json_open(j, '{');
	text(j, "file", at.file);
	json_key(j, "line");
	json_int(j, at.line);
	json_key(j, "column");
	json_int(j, at.column);
	json_close(j, '}');
}

void render_json_row(struct json *j, const struct mailbox_row *row, const char *database) {
	bool dated = row->disconnected != TIMESTAMP_NONE;

	json_open(j, '{');
	guid(j, "guid", row->guid);
	text(j, "displayName", row->display_name);
	text(j, "database", database);
	flag(j, "archive", row->archive);
	date(j, "disconnectDate", row->disconnected);
	date(j, "purgeDate", dated ? row->disconnected + row->database->retention : TIMESTAMP_NONE);
}

static void user(struct json *j, const struct entry *e) {
	json_open(j, '{');
	text(j, "dn", e->dn);
	guid(j, "guid", e->guid);
	text(j, "upn", entry_text(e, ATTR_USER_PRINCIPAL_NAME));
}

/* Only a linked mailbox has one. */
static void master_account(struct json *j, const struct entry *e) {
	struct arena *a = arena_new();
	size_t n;
	const struct value *sid = entry_values(e, ATTR_OBJECT_SID, &n);

	json_key(j, "masterAccount");
	user(j, e);
	text(j, "sid", n ? value_text(a, ATTR_OBJECT_SID, *sid) : NULL);
	json_close(j, '}');
	arena_free(a);
}

static void mailbox(struct json *j, const struct item *item) {
	json_key(j, "mailbox");
	if (guid_none(item->mailbox)) {
		json_nil(j);
		return;
	}
	json_open(j, '{');
	guid(j, "guid", item->mailbox);
	text(j, "displayName", item->row ? item->row->display_name : NULL);
	text(j, "database", item->database);
	flag(j, "archive", item->row ? item->row->archive : item->connection->archive);
	date(j, "disconnectDate", item->disconnected);
	date(j, "purgeDate", item->purge);
	json_close(j, '}');
}

static void values(struct json *j, const char *key, const struct change *c, const struct value *v,
                   size_t n) {
	struct arena *a = NULL;

	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < n; i++)
		if (c->store || value_is_text(c->id)) {
			json_bytes(j, v[i].data, v[i].len);
		} else {
			a = a ? a : arena_new();
			json_text(j, value_text(a, c->id, v[i]));
		}
	json_close(j, ']');
	arena_free(a);
}

/* How the last change of an attribute was written: most connections change it alike. */
struct render_memory {
	struct {
		struct change change;
		struct buf text;
	} of[ATTR_COUNT];
};

struct render_memory *render_memory_new(void) {
	struct render_memory *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	return m;
}

void render_memory_free(struct render_memory *m) {
	for (size_t i = 0; m && i < ATTR_COUNT; i++)
		buf_done(&m->of[i].text);
	free(m);
}

static bool shared(const struct change *x, const struct change *y) {
	return x->before == y->before && x->n_before == y->n_before && x->after == y->after &&
	       x->n_after == y->n_after;
}

static void change(struct json *j, const struct change *c) {
	json_open(j, '{');
	text(j, "target", c->store ? "store" : "directory");
	text(j, "attribute", c->store ? c->column : attributes[c->id].name);
	values(j, "before", c, c->before, c->n_before);
	values(j, "after", c, c->after, c->n_after);
	json_close(j, '}');
}

static void remembered(struct json *j, const struct change *c, struct render_memory *m) {
	if (c->store || !m) {
		change(j, c);
		return;
	}
	struct buf *text = &m->of[c->id].text;
	if (!text->len || !shared(&m->of[c->id].change, c)) {
		/* As deep as here, but the value alone: json_raw() puts it into its place. */
		struct json apart = *j;
		apart.out = text;
		apart.keyed = true;
		text->len = 0;
		change(&apart, c);
		m->of[c->id].change = *c;
	}
	json_raw(j, text->data);
}

static void notes(struct json *j, const char *key, const struct notes *list) {
	json_key(j, key);
	json_open(j, '[');
	for (size_t i = 0; i < list->n; i++) {
		json_open(j, '{');
		text(j, "code", list->v[i].code);
		text(j, "message", list->v[i].message);
		if (list->v[i].n_related) {
			json_key(j, "related");
			json_open(j, '[');
			for (size_t k = 0; k < list->v[i].n_related; k++)
				place(j, list->v[i].related[k]);
			json_close(j, ']');
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void candidates(struct json *j, const struct item *item) {
	json_key(j, "candidates");
	json_open(j, '[');
	for (size_t i = 0; i < item->candidates.n; i++) {
		const struct candidate *c = item->candidates.v + i;
		if (c->row)
			render_json_row(j, c->row, item->database);
		else
			user(j, c->user);
		text(j, "why", c->why);
		text(j, "write", c->write);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void render_json_result(struct json *j, const struct item *item) {
	struct arena *a = arena_new();

	text(j, "result", item->outcome == OUTCOME_NONE ? NULL : outcome_names[item->outcome]);
	text(j, "message", item->message);
	if (item->outcome == OUTCOME_APPLIED && render_tells_server(item))
		text(j, "followUp", ps_update_state(a, item->database, item->mailbox));
	arena_free(a);
}

void render_json_connection(struct json *j, const struct item *item, bool applied,
                            struct render_memory *m) {
	static const char *const causes[] = { NULL, "intent", "drift" };
	const struct connection *c = item->connection;

	text(j, "name", c->name);
	text(j, "manifest", c->manifest);
	json_key(j, "source");
	place(j, c->at);
	text(j, "action", action_names[item->action]);
	if (applied)
		render_json_result(j, item);
	text(j, "cause", causes[item->cause]);
	text(j, "type", item->type == TYPE_NONE ? NULL : recipient_type_names[item->type]);
	mailbox(j, item);
	json_key(j, "user");
	if (item->user) {
		user(j, item->user);
		json_close(j, '}');
	} else
		json_nil(j);
	if (item->master)
		master_account(j, item->master);
	json_key(j, "changes");
	json_open(j, '[');
	for (size_t i = 0; i < item->changes.n; i++)
		remembered(j, item->changes.v + i, m);
	json_close(j, ']');
	notes(j, "reasons", &item->reasons);
	notes(j, "warnings", &item->warnings);
	json_key(j, "holds");
	json_open(j, '[');
	for (size_t i = 0; i < item->holds.n; i++)
		json_text(j, item->holds.v[i]);
	json_close(j, ']');
	candidates(j, item);
}

void render_json_totals(struct json *j, const struct plan *p, bool applied) {
	size_t outcomes[OUTCOMES] = { 0 };

	json_key(j, "total");
	json_int(j, (int64_t)p->n);
	for (int i = 0; i < ACTIONS; i++) {
		/* Only an undo speaks of disconnecting. */
		if (i == ACTION_DISCONNECT && !p->undo)
			continue;
		json_key(j, action_names[i]);
		json_int(j, (int64_t)p->counts[i]);
	}
	for (size_t i = 0; i < p->n; i++)
		outcomes[p->items[i].outcome]++;
	for (int i = OUTCOME_APPLIED; applied && i < OUTCOMES; i++) {
		json_key(j, i == OUTCOME_NOT_ATTEMPTED ? "notAttempted" : outcome_names[i]);
		json_int(j, (int64_t)outcomes[i]);
	}
}

void render_json_verdict(struct json *j, const struct plan *p) {
	flag(j, "complete", p->complete);
	flag(j, "overLimit", p->over_limit);
	json_key(j, "released");
	json_open(j, '[');
	for (size_t i = 0; i < p->released.n; i++) {
		json_open(j, '{');
		text(j, "manifest", p->released.v[i].manifest);
		text(j, "name", p->released.v[i].name);
		json_close(j, '}');
	}
	json_close(j, ']');
}

void render_json(const struct plan *p, const struct render_options *o, struct buf *out) {
	struct json j = { .out = out };
	struct render_memory *m = render_memory_new();

	json_open(&j, '{');
	text(&j, "format", RENDER_FORMAT);
	text(&j, "digest", p->digest);
	json_key(&j, "summary");
	json_open(&j, '{');
	render_json_totals(&j, p, o->applied);
	json_close(&j, '}');
	render_json_verdict(&j, p);
	json_key(&j, "connections");
	json_open(&j, '[');
	for (size_t i = 0; i < p->n; i++) {
		json_open(&j, '{');
		render_json_connection(&j, p->items + i, o->applied, m);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	render_memory_free(m);
}
