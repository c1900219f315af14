#include "reconcile/render_manifest.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "reconcile/render.h"

struct page {
	struct buf *out;
	struct arena *a;
	bool filled; /* the connection has a field already */
};

/* Letters, digits and what cannot be mistaken inside a word; no word that YAML knows. */
static bool is_plain(const char *text) {
	static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off" };

	if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", *text) ||
	    !*text)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (text_same(text, words[i]))
			return false;
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	                        "@._-\\/ ");
	return !text[n] && text[n - 1] != ' ';
}

static const char *scalar(struct arena *a, const char *text) {
	struct buf out = { 0 };

	if (is_plain(text))
		return text;
	for (const char *p = text; *p; p++) {
		if (*p == '\'')
			buf_putc(&out, '\'');
		buf_putc(&out, *p);
	}
	const char *quoted = arena_printf(a, "'%s'", out.len ? out.data : "");
	buf_done(&out);
	return quoted;
}

static void field(struct page *p, const char *key, const char *value) {
	if (!value)
		return;
	buf_printf(p->out, "  %c %s: %s\n", p->filled ? ' ' : '-', key, value);
	p->filled = true;
}

static void remarks(struct page *p, const char *indent, const struct remarks *list) {
	for (size_t i = 0; i < list->n; i++)
		buf_printf(p->out, "%s# %s\n", indent, render_line(p->a, list->v[i]));
}

static void policies(struct page *p, const struct connection *c) {
	bool titled = false;

	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		if (c->policies[kind].how != SET)
			continue;
		if (!titled)
			buf_puts(p->out, "    policies:\n");
		titled = true;
		buf_printf(p->out, "      %s: %s\n", policy_names[kind],
		           scalar(p->a, c->policies[kind].text));
	}
}

static void entry(struct page *p, const struct manifest_entry *e) {
	const struct connection *c = &e->connection;

	buf_putc(p->out, '\n');
	remarks(p, "  ", &e->above);
	p->filled = false;
	field(p, "name", c->name ? scalar(p->a, c->name) : NULL);
	field(p, "mailbox", scalar(p->a, c->mailbox));
	field(p, "database", scalar(p->a, c->database));
	field(p, "type", c->type == TYPE_NONE ? NULL : recipient_type_names[c->type]);
	field(p, "user", c->user ? scalar(p->a, c->user) : NULL);
	field(p, "archive", c->archive ? "true" : NULL);
	field(p, "alias", c->alias ? scalar(p->a, c->alias) : NULL);
	policies(p, c);
	remarks(p, "    ", &e->below);
}

void render_manifest(const char *name, const char *const *about, const struct manifest_entry *list,
                     size_t n, struct buf *out) {
	struct page p = { .out = out, .a = arena_new() };

	for (; *about; about++)
		buf_printf(out, "# %s\n", render_line(p.a, *about));
	buf_printf(out,
	           "apiVersion: mbxctl/v1\nkind: MailboxConnections\nmetadata:\n  name: %s\n"
	           "connections:%s\n",
	           name, n ? "" : " []");
	for (size_t i = 0; i < n; i++)
		entry(&p, list + i);
	arena_free(p.a);
}
