#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "reconcile/undo.h"
#include "tests/test.h"

static struct mailbox_row *find_row(struct fixture *f, const char *guid) {
	struct database_row *databases;
	struct mailbox_row *rows;
	size_t n_databases, n;
	struct error err = { 0 };
	char text[GUID_TEXT];

	if (inventory_list(f->inv, f->arena, &databases, &n_databases, &rows, &n, &err) != OK)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++)
		if (strncmp(guid_text(rows[i].guid, text), guid, strlen(guid)) == 0)
			return rows + i;
	fail_msg("no mailbox %s", guid);
	return NULL;
}

static const struct value *one(struct arena *a, const void *data, size_t len) {
	struct value *v = ARENA_NEW(a, struct value);

	*v = (struct value){ arena_copy(a, data, len), len };
	return v;
}

static void push(struct arena *a, struct item *item, struct change c) {
	c.n_before = c.before != NULL;
	c.n_after = c.after != NULL;
	ARENA_PUSH(a, &item->changes, c);
}

struct item *fixture_connect(struct fixture *f, const char *mailbox, const char *user) {
	struct arena *a = f->arena;
	struct mailbox_row *row = find_row(f, mailbox);
	struct connection *c = ARENA_NEW(a, struct connection);
	struct item *item = ARENA_NEW(a, struct item);
	struct entry *e = ARENA_NEW(a, struct entry);

	c->manifest = "hq";
	c->name = c->mailbox = row->display_name;
	c->user = user;
	c->archive = row->archive;
	assert_true(guid_parse(user, &e->guid));
	e->identity = user;
	e->dn = arena_printf(a, "CN=%s,OU=Staff,DC=contoso,DC=com", row->display_name);
	*item = (struct item){ .connection = c,
		               .action = ACTION_CONNECT,
		               .mailbox = row->guid,
		               .row = row,
		               .user = e,
		               .wish = "w1",
		               .outcome = OUTCOME_APPLIED };
	push(a, item,
	     (struct change){ .id = ATTR_MAILBOX_GUID,
	                      .after = one(a, row->guid.bytes, sizeof(row->guid.bytes)) });
	push(a, item,
	     (struct change){ .id = ATTR_MAIL_NICKNAME,
	                      .before = one(a, "old\"alias", 9),
	                      .after = one(a, "j.evans", 7) });
	push(a, item,
	     (struct change){ .store = true,
	                      .column = "state",
	                      .before = one(a, mailbox_state_names[row->state],
	                                    strlen(mailbox_state_names[row->state])),
	                      .after = one(a, "connected", 9) });
	return item;
}

int64_t fixture_apply(struct fixture *f, struct item *item, int64_t now) {
	struct run run = { .started = now, .mode = "apply", .revision = "", .digest = "sha256:d" };
	const struct item *const items[] = { item };
	struct error err = { 0 };
	int64_t id = 0;

	if (inventory_run_begin(f->inv, &run, &id, &err) != OK ||
	    inventory_intend(f->inv, id, items, 1, &err) != OK ||
	    inventory_record(f->inv, id, now, items, 1, &err) != OK)
		fail_msg("%s", err.text);
	run.id = id;
	run.ended = now;
	run.applied = 1;
	run.outcome = "done";
	if (inventory_run_end(f->inv, &run, &err) != OK)
		fail_msg("%s", err.text);
	return id;
}

const char *fixture_done_text(struct fixture *f, int64_t run) {
	struct error err = { 0 };
	struct buf out = { 0 };
	struct done *done;
	char guid[GUID_TEXT];
	size_t n;

	if (inventory_done(f->inv, f->arena, run, &done, &n, &err) != OK) {
		assert_int_equal(err.code, ERR_INVALID);
		return arena_printf(f->arena, "error: %s", err.text);
	}
	for (size_t i = 0; i < n; i++) {
		const struct done *d = done + i;
		buf_printf(&out, "run %" PRId64 " %s %s%s%s%s | %.8s, %s | %s %s", d->run,
		           d->manifest, d->name, d->archive ? " archive" : "",
		           d->connected ? " connected" : "", d->row ? " row" : "",
		           guid_text(d->mailbox, guid), d->mailbox_text,
		           d->user_text ? d->user_text : "-", d->dn);
		for (size_t k = 0; k < d->n; k++) {
			const struct change *c = d->changes + k;
			buf_printf(&out, " | %s", c->store ? c->column : attributes[c->id].name);
			for (size_t v = 0; v < c->n_before; v++)
				buf_printf(&out, " -%s",
				           c->store ? c->before[v].data
				                    : value_text(f->arena, c->id, c->before[v]));
			for (size_t v = 0; v < c->n_after; v++)
				buf_printf(&out, " +%s (%zu)",
				           c->store ? c->after[v].data
				                    : value_text(f->arena, c->id, c->after[v]),
				           c->after[v].len);
		}
		buf_putc(&out, '\n');
	}
	const char *text = arena_copy(f->arena, out.data, out.len);
	buf_done(&out);
	return text;
}
