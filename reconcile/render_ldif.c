/* Change records (RFC 2849): what an apply asks of the directory, guarded in the same way. */
#include <string.h>

#include "base/text.h"
#include "reconcile/render_parts.h"

enum { WIDTH = 76 };

struct record {
	struct buf *out;
	struct arena *a;
	struct beside *partners;
	bool off; /* held: every line is a comment */
};

/* A line longer than WIDTH goes on after a blank; where it is a comment, it stays one line. */
static void line(struct record *r, const char *text) {
	size_t room = WIDTH, left = strlen(text);

	if (r->off)
		buf_puts(r->out, "# ");
	while (!r->off && left > room) {
		buf_add(r->out, text, room);
		buf_puts(r->out, "\n ");
		text += room;
		left -= room;
		room = WIDTH - 1;
	}
	buf_add(r->out, text, left);
	buf_putc(r->out, '\n');
}

/* SAFE-STRING of RFC 2849, and no blank at its end. */
static bool is_safe(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80 || !s[i] || s[i] == '\n' || s[i] == '\r')
			return false;
	return !len || (!strchr(" :<", s[0]) && s[len - 1] != ' ');
}

static void pair(struct record *r, const char *name, struct value v, bool binary) {
	if (binary || !is_safe(v.data, v.len))
		line(r, arena_printf(r->a, "%s:: %s", name, text_base64(r->a, v.data, v.len)));
	else
		line(r, arena_printf(r->a, "%s: %s", name, v.data));
}

static void modify(struct record *r, const char *how, enum attribute id, const struct value *v,
                   size_t n) {
	enum syntax syntax = attributes[id].syntax;
	bool binary = syntax == SYNTAX_GUID || syntax == SYNTAX_SID || syntax == SYNTAX_OCTETS;

	if (!n)
		return;
	line(r, arena_printf(r->a, "%s: %s", how, attributes[id].name));
	for (size_t i = 0; i < n; i++)
		pair(r, attributes[id].name, v[i], binary);
	line(r, "-");
}

/* Old values are deleted by value and new ones added: it fails where the entry is another. */
static void change(struct record *r, const struct change *c) {
	size_t n;
	const struct value *v;

	if (c->store)
		return;
	v = render_missing(r->a, c->id, c->before, c->n_before, c->after, c->n_after, &n);
	modify(r, "delete", c->id, v, n);
	v = render_missing(r->a, c->id, c->after, c->n_after, c->before, c->n_before, &n);
	modify(r, "add", c->id, v, n);
}

static void comment(struct record *r, const char *text) {
	buf_printf(r->out, "# %s\n", render_line(r->a, text));
}

static void title(struct record *r, const struct item *item) {
	comment(r, arena_printf(r->a, "%s: %s (%s)", action_names[item->action],
	                        item->connection->name, render_place(r->a, item)));
}

/* A copy of the item with the time of the plan where it says "time of apply". */
static struct item stamped(struct arena *a, const struct item *item, int64_t now) {
	struct item copy = *item;

	copy.changes.v = ARENA_ARRAY(a, struct change, item->changes.n + 1);
	for (size_t i = 0; i < item->changes.n; i++)
		copy.changes.v[i] = item->changes.v[i];
	item_stamp(a, &copy, now);
	return copy;
}

static void write_item(struct record *r, const struct item *item, const struct render_options *o) {
	struct item copy = stamped(r->a, item, o->now);

	buf_putc(r->out, '\n');
	title(r, item);
	const char *const *held = o->applied ? NULL : render_held(r->a, r->partners, item);
	r->off = held != NULL;
	for (size_t i = 0; held && held[i]; i++)
		comment(r, held[i]);
	struct value dn = { item->user->dn, strlen(item->user->dn) };
	pair(r, "dn", dn, false);
	line(r, "changetype: modify");
	for (size_t i = 0; i < copy.changes.n; i++)
		change(r, copy.changes.v + i);
	r->off = false;
}

/* What cannot be done, or was not: said, so that nobody looks for it in vain. */
static void leave_out(struct record *r, const struct item *item) {
	buf_putc(r->out, '\n');
	title(r, item);
	for (size_t i = 0; i < item->reasons.n; i++)
		comment(r, arena_printf(r->a, "  %s: %s", item->reasons.v[i].code,
		                        item->reasons.v[i].message));
	if (item->outcome != OUTCOME_NONE)
		comment(r, arena_printf(r->a, "  %s%s%s", outcome_names[item->outcome],
		                        item->message ? ": " : "",
		                        item->message ? item->message : ""));
}

void render_ldif(const struct plan *p, const struct render_options *o, struct buf *out) {
	struct record r = { .out = out,
		            .a = arena_new(),
		            .partners = beside_new(p->items, p->n, p->undo) };
	const struct item **order = render_order(r.a, p);

	buf_puts(out, "version: 1\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = order[i];
		bool done = !o->applied || item->outcome == OUTCOME_APPLIED;
		if (item_writes(item) && done && changes_directory(item) && item->user)
			write_item(&r, item, o);
		else if (item->action == ACTION_BLOCKED || item->action == ACTION_UNKNOWN ||
		         (item_writes(item) && !done))
			leave_out(&r, item);
	}
	beside_free(r.partners);
	arena_free(r.a);
}
