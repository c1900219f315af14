#include <string.h>

#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/powershell.h"
#include "reconcile/render_parts.h"

enum { WIDTH = 80, LABEL = 32, SUBJECT = 10 };

enum hue { PLAIN, BOLD, GREEN, YELLOW, RED, MAGENTA, CYAN, DIM };

struct page {
	const struct render_options *o;
	struct buf *out;
	struct arena *a;
	struct beside *partners; /* NULL: only one item is shown */
	bool cut;                /* a long name was shortened */
};

static const struct {
	char symbol;
	enum hue hue;
} looks[ACTIONS] = {
	[ACTION_CONNECT] = { '+', GREEN },   [ACTION_UPDATE] = { '~', YELLOW },
	[ACTION_NONE] = { ' ', PLAIN },      [ACTION_BLOCKED] = { '!', RED },
	[ACTION_UNKNOWN] = { '?', MAGENTA }, [ACTION_SUSPENDED] = { '.', CYAN },
	[ACTION_DISCONNECT] = { '-', RED },
};

static void hue(struct page *p, enum hue h) {
	static const char *const codes[] = { "0", "1", "32", "33", "31", "35", "36", "2" };

	if (p->o->color)
		buf_printf(p->out, "\033[%sm", codes[h]);
}

/* Words over lines of WIDTH columns, every line after the first indented; nothing is ever cut. */
static void wrapped(struct page *p, size_t column, size_t indent, const char *text) {
	bool first = true;

	for (text += strspn(text, " "); *text; text += strspn(text, " "), first = false) {
		size_t n = strcspn(text, " ");
		size_t width = text_width(arena_copy(p->a, text, n));
		if (!first && column + 1 + width > WIDTH) {
			buf_putc(p->out, '\n');
			buf_pad(p->out, ' ', indent);
			column = indent;
		} else if (!first) {
			buf_putc(p->out, ' ');
			column++;
		}
		buf_add(p->out, text, n);
		column += width;
		text += n;
	}
	buf_putc(p->out, '\n');
}

/* Names of objects are long and differ at their ends: the middle is left out unless asked for. */
static const char *spelled(struct page *p, const struct change *c, struct value v) {
	enum { ROOM = WIDTH - LABEL - 4, HEAD = 20, TAIL = ROOM - HEAD - 3 };
	const char *text = c->store ? v.data : value_text(p->a, c->id, v);
	size_t len = strlen(text);
	bool name =
	        !c->store && (attributes[c->id].syntax == SYNTAX_DN ||
	                      c->id == ATTR_LEGACY_EXCHANGE_DN || c->id == ATTR_HOME_SERVER_NAME);

	if (p->o->verbose || len <= ROOM)
		return text;
	if (!c->store && attributes[c->id].syntax == SYNTAX_OCTETS) {
		p->cut = true;
		return arena_printf(p->a, "(%zu bytes)", v.len);
	}
	if (!name)
		return text;
	const char *head = text + HEAD, *tail = text + len - TAIL;
	/* Never in the middle of a character. */
	while (((unsigned char)*head & 0xc0) == 0x80)
		head--;
	while (((unsigned char)*tail & 0xc0) == 0x80)
		tail++;
	p->cut = true;
	if (attributes[c->id].syntax == SYNTAX_DN)
		return arena_printf(p->a, "%.*s,...", (int)strcspn(text, ","), text);
	return arena_printf(p->a, "%.*s...%s", (int)(head - text), text, tail);
}

static void note(struct page *p, enum hue h, const char *word, const char *code,
                 const char *message) {
	size_t column = 4 + strlen(word) + strlen(code) + 2;

	buf_puts(p->out, "    ");
	hue(p, h);
	buf_printf(p->out, "%s%s", word, code);
	hue(p, PLAIN);
	buf_puts(p->out, ": ");
	wrapped(p, column, 6, message);
}

static void label(struct page *p, const char *text, size_t room) {
	size_t width = text_width(text);

	buf_printf(p->out, "    %s", text);
	buf_pad(p->out, ' ', width < room ? room - width : 1);
}

/* The values of one side that the other has not; those that stay are not shown. */
static void sides(struct page *p, const struct change *c, char sign, const struct value *list,
                  size_t n, const struct value *other, size_t m, size_t *shown) {
	for (size_t i = 0; i < n; i++) {
		bool stays = false;
		for (size_t k = 0; k < m; k++)
			stays |= value_equal(c->id, list[i], other[k]);
		if (stays)
			continue;
		if ((*shown)++)
			buf_pad(p->out, ' ', LABEL + 4);
		buf_printf(p->out, "%c %s\n", sign, spelled(p, c, list[i]));
	}
}

static void change(struct page *p, const struct change *c) {
	const char *name = c->store ? c->column : attributes[c->id].name;
	bool single = c->n_before <= 1 && c->n_after <= 1;
	const char *first[2] = { "(none)", "(none)" };

	label(p, c->store ? arena_printf(p->a, "store: %s", name) : name, LABEL);
	if (c->n_before)
		first[0] = spelled(p, c, c->before[0]);
	if (c->n_after)
		first[1] = spelled(p, c, c->after[0]);
	if (single) {
		buf_printf(p->out, "%s%s%s\n", c->n_before ? first[0] : "",
		           c->n_before ? " -> " : "", first[1]);
		return;
	}
	size_t shown = 0;
	sides(p, c, '-', c->before, c->n_before, c->after, c->n_after, &shown);
	sides(p, c, '+', c->after, c->n_after, c->before, c->n_before, &shown);
}

static void head(struct page *p, const struct item *item) {
	const struct connection *c = item->connection;
	/* What an undo takes back stands in no file. */
	const char *where =
	        c->at.line ? arena_printf(p->a, "%s:%d", c->at.file, c->at.line) : c->at.file;
	size_t width = 13 + text_width(c->name) + text_width(where);

	hue(p, looks[item->action].hue);
	buf_printf(p->out, "%c %-11s", looks[item->action].symbol, action_names[item->action]);
	hue(p, BOLD);
	buf_printf(p->out, "%s", c->name);
	hue(p, PLAIN);
	buf_pad(p->out, ' ', width + 2 < WIDTH ? WIDTH - width : 2);
	hue(p, DIM);
	buf_puts(p->out, where);
	hue(p, PLAIN);
	buf_putc(p->out, '\n');
}

static void subject(struct page *p, const struct item *item) {
	char guid[GUID_TEXT], date[TIMESTAMP_TEXT], left[TIMESTAMP_TEXT];

	if (!guid_none(item->mailbox)) {
		label(p, "mailbox", SUBJECT);
		buf_printf(p->out, "%s%s%s\n", guid_text(item->mailbox, guid),
		           item->database ? " in " : "", item->database ? item->database : "");
	}
	if (item->purge != TIMESTAMP_NONE) {
		label(p, "purge on", SUBJECT);
		buf_printf(p->out, "%s", timestamp_text(item->purge, date));
		if (item->purge > p->o->now)
			buf_printf(p->out, " (in %s)",
			           duration_text(item->purge - p->o->now, left));
		buf_putc(p->out, '\n');
	}
	if (item->user) {
		label(p, "user", SUBJECT);
		buf_printf(p->out, "%s\n", item->user->dn);
	}
	if (item->master) {
		label(p, "master", SUBJECT);
		buf_printf(p->out, "%s\n", item->master->dn);
	}
	if (item->type != TYPE_NONE) {
		label(p, "type", SUBJECT);
		buf_printf(p->out, "%s\n", recipient_type_names[item->type]);
	}
}

static void candidates(struct page *p, const struct item *item) {
	char guid[GUID_TEXT], date[TIMESTAMP_TEXT];

	for (size_t i = 0; i < item->candidates.n; i++) {
		const struct candidate *c = item->candidates.v + i;
		if (c->user) {
			buf_printf(p->out, "      - %s\n        %s\n", c->user->dn, c->why);
		} else {
			buf_printf(p->out, "      - %s \"%s\"\n        %s; %s",
			           guid_text(c->row->guid, guid), c->row->display_name, c->why,
			           mailbox_state_names[c->row->state]);
			if (c->row->disconnected != TIMESTAMP_NONE)
				buf_printf(p->out, " since %s",
				           timestamp_text(c->row->disconnected, date));
			buf_putc(p->out, '\n');
		}
		buf_printf(p->out, "        write:  %s\n", c->write);
	}
}

static void item_text(struct page *p, const struct item *item) {
	head(p, item);
	subject(p, item);
	for (size_t i = 0; i < item->changes.n; i++)
		change(p, item->changes.v + i);
	for (size_t i = 0; i < item->reasons.n; i++)
		note(p, looks[item->action].hue, "", item->reasons.v[i].code,
		     item->reasons.v[i].message);
	candidates(p, item);
	for (size_t i = 0; i < item->warnings.n; i++) {
		bool held = render_is_held(item, item->warnings.v[i].code);
		note(p, held ? MAGENTA : YELLOW, held ? "HELD " : "warning ",
		     item->warnings.v[i].code, item->warnings.v[i].message);
	}
	const char *waits = render_waits(p->a, p->partners, item);
	if (waits)
		note(p, MAGENTA, "", "waits", waits);
	if (item->suspended)
		note(p, CYAN, "", "suspended", item->suspended);
	buf_putc(p->out, '\n');
}

void render_text_item(const struct item *item, const struct render_options *o, struct buf *out) {
	struct page p = { .o = o, .out = out, .a = arena_new() };

	item_text(&p, item);
	arena_free(p.a);
}

static const char *const group_titles[RENDER_GROUPS] = {
	[RENDER_OPEN] = "Left open by an earlier run",
	[RENDER_CHANGES] = "",
	[RENDER_HELD] = "Held: only a person may do this",
	[RENDER_TROUBLE] = "Needs attention",
	[RENDER_SYNC] = "In sync",
};

static void group(struct page *p, const struct plan *plan, enum render_group g) {
	bool titled = !*group_titles[g];

	for (size_t i = 0; i < plan->n; i++) {
		if (render_group_of(plan->items + i) != g)
			continue;
		if (!titled) {
			hue(p, BOLD);
			buf_printf(p->out, "%s\n\n", group_titles[g]);
			hue(p, PLAIN);
			titled = true;
		}
		item_text(p, plan->items + i);
	}
}

static size_t count_held(const struct plan *plan) {
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += item_writes(plan->items + i) && plan->items[i].holds.n > 0;
	return n;
}

static size_t count_warned(const struct plan *plan) {
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += render_group_of(plan->items + i) == RENDER_SYNC && plan->items[i].warnings.n;
	return n;
}

static void released(struct page *p, const struct plan *plan) {
	if (!plan->released.n)
		return;
	hue(p, BOLD);
	buf_puts(p->out, "Released: in no manifest any more, left as they are\n");
	hue(p, PLAIN);
	for (size_t i = 0; i < plan->released.n; i++)
		buf_printf(p->out, "    %s (%s)\n", plan->released.v[i].name,
		           plan->released.v[i].manifest);
	buf_putc(p->out, '\n');
}

static void summary(struct page *p, const struct plan *plan) {
	const size_t *n = plan->counts;
	size_t held = count_held(plan), warned = count_warned(plan);

	hue(p, BOLD);
	if (plan->undo)
		buf_printf(p->out, "Plan: %zu to disconnect, %zu to update back",
		           n[ACTION_DISCONNECT], n[ACTION_UPDATE]);
	else
		buf_printf(p->out, "Plan: %zu to connect, %zu to update", n[ACTION_CONNECT],
		           n[ACTION_UPDATE]);
	if (held)
		buf_printf(p->out, ", %zu of them held", held);
	buf_printf(p->out, ".\n%zu blocked, %zu unknown, %zu suspended, %zu in sync",
	           n[ACTION_BLOCKED], n[ACTION_UNKNOWN], n[ACTION_SUSPENDED], n[ACTION_NONE]);
	if (warned && !p->o->verbose)
		buf_printf(p->out, " (%zu with warnings: see --verbose)", warned);
	buf_puts(p->out, ".\n");
	hue(p, PLAIN);
	if (plan->over_limit) {
		hue(p, RED);
		buf_puts(p->out, "Over a limit: ");
		hue(p, PLAIN);
		wrapped(p, 14, 2, plan->limit_text);
	}
	if (p->cut)
		buf_puts(p->out, "Long names are shortened; --verbose shows them whole.\n");
	buf_printf(p->out, "Digest %s\n", plan->digest);
}

static void sources(struct page *p) {
	for (const char *const *s = p->o->sources; s && *s; s += 2)
		buf_printf(p->out, "%-10s %s\n", s[0], s[1]);
	if (p->o->sources)
		buf_putc(p->out, '\n');
}

void render_text(const struct plan *plan, const struct render_options *o, struct buf *out) {
	struct page p = { .o = o, .out = out, .a = arena_new() };

	p.partners = beside_new(plan->items, plan->n, plan->undo);
	sources(&p);
	for (int g = 0; g < RENDER_SYNC; g++)
		group(&p, plan, (enum render_group)g);
	if (o->verbose)
		group(&p, plan, RENDER_SYNC);
	released(&p, plan);
	summary(&p, plan);
	beside_free(p.partners);
	arena_free(p.a);
}

/* ---- the ledger ---- */

static void ledger_line(struct page *p, const struct item *item) {
	static const enum hue hues[OUTCOMES] = {
		[OUTCOME_APPLIED] = GREEN, [OUTCOME_FAILED] = RED,
		[OUTCOME_STALE] = YELLOW,  [OUTCOME_UNCERTAIN] = MAGENTA,
		[OUTCOME_HELD] = MAGENTA,  [OUTCOME_NOT_ATTEMPTED] = CYAN,
	};

	hue(p, hues[item->outcome]);
	buf_printf(p->out, "%-14s", outcome_names[item->outcome]);
	hue(p, PLAIN);
	buf_printf(p->out, "%-8s %s\n", action_names[item->action], item->connection->name);
	if (item->message) {
		buf_pad(p->out, ' ', 14);
		wrapped(p, 14, 14, item->message);
	}
	/* A command is pasted: it stands on a line of its own, unbroken. */
	if (item->outcome == OUTCOME_APPLIED && item->action == ACTION_CONNECT)
		buf_puts(p->out,
		         "  permissions inside the mailbox survive: see Get-MailboxPermission\n");
	if (item->outcome == OUTCOME_APPLIED && render_tells_server(item))
		buf_printf(p->out, "  %s\n", ps_update_state(p->a, item->database, item->mailbox));
}

void render_ledger(const struct plan *plan, const struct render_options *o, struct buf *out) {
	struct page p = { .o = o, .out = out, .a = arena_new() };
	size_t n[OUTCOMES] = { 0 }, total = 0;
	bool connected = false;

	for (size_t i = 0; i < plan->n; i++) {
		const struct item *item = plan->items + i;
		n[item->outcome]++;
		if (item->outcome == OUTCOME_NONE)
			continue;
		total++;
		connected |= item->outcome == OUTCOME_APPLIED && render_tells_server(item);
		ledger_line(&p, item);
	}
	if (total)
		buf_putc(out, '\n');
	if (connected)
		wrapped(&p, 0, 0,
		        "The mail server has to be told: run the Update-StoreMailboxState lines "
		        "there.");
	hue(&p, BOLD);
	buf_printf(
	        out,
	        "Applied %zu, failed %zu, stale %zu, uncertain %zu, held %zu, not attempted %zu, "
	        "of %zu.\n",
	        n[OUTCOME_APPLIED], n[OUTCOME_FAILED], n[OUTCOME_STALE], n[OUTCOME_UNCERTAIN],
	        n[OUTCOME_HELD], n[OUTCOME_NOT_ATTEMPTED], total);
	hue(&p, PLAIN);
	arena_free(p.a);
}
