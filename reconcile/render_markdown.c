/*
 * Markdown (GitHub's and GitLab's) for a pull request. Names come from a directory, where anybody
 * may have written them: they stand in <code> with everything escaped that could be markup, or in
 * a fenced block of which no line can be its end. In both nobody is mentioned and nothing linked.
 */
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/render_parts.h"

struct page {
	struct buf *out;
	struct arena *a;
	const struct render_options *o;
};

static void code(struct page *p, const char *text) {
	text = render_line(p->a, text);
	buf_puts(p->out, "<code>");
	for (const char *s = text; *s; s++) {
		/* `www.` begins a link where a name does not. */
		bool dot = *s == '.' && s > text && (s[-1] == 'w' || s[-1] == 'W');
		if (dot || strchr("&<>\"|`*_[]()#!@\\~$:^{}", *s))
			buf_printf(p->out, "&#%d;", *s);
		else
			buf_putc(p->out, *s);
	}
	buf_puts(p->out, "</code>");
}

/* ---- one connection ---- */

static void values(struct page *p, char sign, const struct change *c, const struct value *v,
                   size_t n) {
	for (size_t i = 0; i < n; i++)
		buf_printf(p->out, "%c %s%s: %s\n", sign, c->store ? "store " : "",
		           c->store ? c->column : attributes[c->id].name,
		           render_line(p->a, c->store ? v[i].data : value_text(p->a, c->id, v[i])));
}

/* Every line begins with a sign and a blank, so none can end the block. */
static void changes(struct page *p, const struct item *item) {
	if (!item->changes.n)
		return;
	buf_puts(p->out, "\n```diff\n");
	for (size_t i = 0; i < item->changes.n; i++) {
		const struct change *c = item->changes.v + i;
		const struct value *v = c->before;
		size_t n = c->n_before;
		if (!c->store)
			v = render_missing(p->a, c->id, c->before, c->n_before, c->after,
			                   c->n_after, &n);
		values(p, '-', c, v, n);
		v = c->after;
		n = c->n_after;
		if (!c->store)
			v = render_missing(p->a, c->id, c->after, c->n_after, c->before,
			                   c->n_before, &n);
		values(p, '+', c, v, n);
	}
	buf_puts(p->out, "```\n");
}

/* Likewise: a line begins with a code, or with a hyphen. */
static void notes(struct page *p, const char *word, const struct notes *list) {
	for (size_t i = 0; i < list->n; i++)
		buf_printf(p->out, "%s%s: %s\n", word, list->v[i].code,
		           render_line(p->a, list->v[i].message));
}

static void candidates(struct page *p, const struct item *item) {
	char guid[GUID_TEXT];

	for (size_t i = 0; i < item->candidates.n; i++) {
		const struct candidate *c = item->candidates.v + i;
		const char *what = c->user ? c->user->dn : guid_text(c->row->guid, guid);
		buf_printf(p->out, "- %s: %s; write: %s\n", render_line(p->a, what), c->why,
		           render_line(p->a, c->write));
	}
}

static void reasons(struct page *p, const struct item *item) {
	if (!item->reasons.n && !item->warnings.n && !item->suspended && !item->message)
		return;
	buf_puts(p->out, "\n```text\n");
	notes(p, "", &item->reasons);
	candidates(p, item);
	notes(p, "warning ", &item->warnings);
	if (item->suspended)
		buf_printf(p->out, "suspended: %s\n", render_line(p->a, item->suspended));
	if (item->message)
		buf_printf(p->out, "result: %s\n", render_line(p->a, item->message));
	buf_puts(p->out, "```\n");
}

static void fact(struct page *p, const char *name, const char *text) {
	buf_printf(p->out, "* %s: ", name);
	code(p, text);
	buf_putc(p->out, '\n');
}

static void facts(struct page *p, const struct item *item) {
	char text[TIMESTAMP_TEXT], guid[GUID_TEXT];

	buf_putc(p->out, '\n');
	fact(p, "manifest", item->connection->manifest);
	fact(p, "source", render_place(p->a, item));
	if (!guid_none(item->mailbox))
		fact(p, "mailbox", guid_text(item->mailbox, guid));
	if (item->database)
		fact(p, "database", item->database);
	if (item->purge != TIMESTAMP_NONE)
		fact(p, "purge on", timestamp_text(item->purge, text));
	if (item->user)
		fact(p, "user", item->user->dn);
	if (item->master)
		fact(p, "master account", item->master->dn);
	if (item->type != TYPE_NONE)
		fact(p, "type", recipient_type_names[item->type]);
	for (size_t i = 0; i < item->holds.n; i++)
		fact(p, "held", item->holds.v[i]);
}

static void item_markdown(struct page *p, const struct item *item) {
	bool open = item->action == ACTION_BLOCKED || item->action == ACTION_UNKNOWN;

	buf_printf(p->out, "\n<details%s><summary>%s ", open ? " open" : "",
	           action_names[item->action]);
	code(p, item->connection->name);
	if (p->o->applied && item->outcome != OUTCOME_NONE)
		buf_printf(p->out, ": %s", outcome_names[item->outcome]);
	buf_puts(p->out, "</summary>\n");
	facts(p, item);
	changes(p, item);
	reasons(p, item);
	buf_puts(p->out, "\n</details>\n");
}

/* ---- all of them ---- */

static const char *const titles[RENDER_GROUPS] = {
	[RENDER_OPEN] = "Left open by an earlier run",
	[RENDER_CHANGES] = "Changes",
	[RENDER_HELD] = "Held: only a person may do this",
	[RENDER_TROUBLE] = "Needs attention",
};

static void group(struct page *p, const struct plan *plan, enum render_group g) {
	bool titled = false;

	for (size_t i = 0; i < plan->n; i++) {
		if (render_group_of(plan->items + i) != g)
			continue;
		if (!titled)
			buf_printf(p->out, "\n### %s\n", titles[g]);
		titled = true;
		item_markdown(p, plan->items + i);
	}
}

static void summary(struct page *p, const struct plan *plan) {
	size_t outcomes[OUTCOMES] = { 0 };

	buf_printf(p->out, "## mbxctl %s\n\n| action | connections |\n| --- | ---: |\n",
	           p->o->applied ? "apply"
	           : plan->undo  ? "undo"
	                         : "plan");
	for (int i = 0; i < ACTIONS; i++)
		if (i != ACTION_DISCONNECT || plan->undo)
			buf_printf(p->out, "| %s | %zu |\n", action_names[i], plan->counts[i]);
	buf_printf(p->out, "| total | %zu |\n", plan->n);
	if (p->o->applied)
		buf_puts(p->out, "\n| result | connections |\n| --- | ---: |\n");
	for (size_t i = 0; i < plan->n; i++)
		outcomes[plan->items[i].outcome]++;
	for (int i = OUTCOME_APPLIED; p->o->applied && i < OUTCOMES; i++)
		buf_printf(p->out, "| %s | %zu |\n", outcome_names[i], outcomes[i]);
	if (plan->over_limit) {
		buf_puts(p->out, "\n**Over a limit:** ");
		code(p, plan->limit_text);
		buf_putc(p->out, '\n');
	}
	if (!plan->complete)
		buf_puts(p->out, "\n**Not complete:** some of it could not be read.\n");
}

static void released(struct page *p, const struct plan *plan) {
	if (plan->released.n)
		buf_puts(p->out, "\n### Released: in no manifest any more, left as they are\n\n");
	for (size_t i = 0; i < plan->released.n; i++) {
		buf_puts(p->out, "* ");
		code(p, plan->released.v[i].name);
		buf_puts(p->out, " of ");
		code(p, plan->released.v[i].manifest);
		buf_putc(p->out, '\n');
	}
}

void render_markdown(const struct plan *plan, const struct render_options *o, struct buf *out) {
	struct page p = { .out = out, .a = arena_new(), .o = o };

	summary(&p, plan);
	for (int g = 0; g < RENDER_SYNC; g++)
		group(&p, plan, (enum render_group)g);
	released(&p, plan);
	buf_puts(out, "\nDigest ");
	code(&p, plan->digest);
	buf_putc(out, '\n');
	arena_free(p.a);
}
