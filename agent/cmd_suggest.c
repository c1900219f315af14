#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/command.h"
#include "agent/output.h"
#include "agent/reading.h"
#include "base/timestamp.h"
#include "reconcile/export.h"

static int compare_guids(const void *a, const void *b) {
	return memcmp(a, b, sizeof(struct guid));
}

/* The mailboxes that connections of the manifests come to, sorted. */
static const struct guid *claimed(const struct reading *r, size_t *ret_n) {
	struct guid *list = ARENA_ARRAY(r->a, struct guid, r->plan.n + 1);

	for (size_t i = 0; i < r->plan.n; i++)
		list[i] = r->plan.items[i].mailbox;
	qsort(list, r->plan.n, sizeof(*list), compare_guids);
	*ret_n = r->plan.n;
	return list;
}

static int by_purge(const void *pa, const void *pb) {
	const struct mailbox_row *a = *(const struct mailbox_row *const *)pa;
	const struct mailbox_row *b = *(const struct mailbox_row *const *)pb;
	int64_t purge[] = { a->disconnected + a->database->retention,
		            b->disconnected + b->database->retention };

	if (purge[0] != purge[1])
		return purge[0] < purge[1] ? -1 : 1;
	return (a > b) - (a < b);
}

/* The disconnected ones that nobody claims, the first to be purged first. */
static const struct mailbox_row **unclaimed(const struct reading *r, size_t *ret_n) {
	const struct mailbox_row **rows =
	        ARENA_ARRAY(r->a, const struct mailbox_row *, r->n_mailboxes + 1);
	size_t n_claimed, n = 0;
	const struct guid *list = claimed(r, &n_claimed);

	for (size_t i = 0; i < r->n_mailboxes; i++) {
		const struct mailbox_row *row = r->mailboxes + i;
		if (row->state == MAILBOX_DISABLED && row->vanished == TIMESTAMP_NONE &&
		    row->disconnected != TIMESTAMP_NONE &&
		    !bsearch(&row->guid, list, n_claimed, sizeof(*list), compare_guids))
			rows[n++] = row;
	}
	qsort(rows, n, sizeof(*rows), by_purge);
	*ret_n = n;
	return rows;
}

static bool was_linked(const struct mailbox_row *row) {
	return !row->archive && strcmp(row->type_detail, "LinkedMailbox") == 0;
}

/* As the server described it; a linked one needs more than can be known here. */
static enum recipient_type type_of_row(const struct mailbox_row *row) {
	static const struct {
		const char *detail;
		enum recipient_type type;
	} types[] = { { "RoomMailbox", TYPE_ROOM },
		      { "EquipmentMailbox", TYPE_EQUIPMENT },
		      { "SharedMailbox", TYPE_SHARED } };

	for (size_t i = 0; !row->archive && i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(row->type_detail, types[i].detail) == 0)
			return types[i].type;
	return TYPE_NONE;
}

static void remark(struct arena *a, struct remarks *list, const char *text) {
	ARENA_PUSH(a, list, text);
}

/* Whose it is: one user, or those that it might be. */
static void choose_user(struct arena *a, const struct item *item, struct manifest_entry *e) {
	if (item->user && !has_reason(item, "claimed-twice"))
		e->connection.user = export_user_text(a, item->user);
	else if (item->user) {
		remark(a, &e->below,
		       "this user is wanted by another connection, too: choose who gets it");
		remark(a, &e->below, arena_printf(a, "user: %s", export_user_text(a, item->user)));
	} else if (!item->candidates.n)
		remark(a, &e->below, "nobody matches: add `user`");
	else
		remark(a, &e->below, "several match: take one");
	if (item->by_name_alone)
		remark(a, &e->below, "the displayName alone decided: make sure that it is the one");
	for (size_t i = 0; i < item->candidates.n; i++) {
		const struct candidate *c = item->candidates.v + i;
		if (c->user)
			remark(a, &e->below,
			       arena_printf(a, "user: %s   (%s)", export_user_text(a, c->user),
			                    c->why));
	}
	for (size_t i = 0; i < item->reasons.n; i++) {
		const struct note *note = item->reasons.v + i;
		if (strncmp(note->code, "user-not-found", 14) != 0 &&
		    strncmp(note->code, "user-ambiguous", 14) != 0 &&
		    strcmp(note->code, "claimed-twice") != 0)
			remark(a, &e->below,
			       arena_printf(a, "%s: %s: %s", action_names[item->action], note->code,
			                    note->message));
	}
}

static struct manifest_entry describe(struct arena *a, const struct item *item,
                                      const struct mailbox_row *row) {
	char date[TIMESTAMP_TEXT];
	struct manifest_entry e = { .connection = *item->connection };

	/* It is called by its GUID. */
	e.connection.name = NULL;
	remark(a, &e.above,
	       arena_printf(a, "%s, purged %s", row->display_name,
	                    timestamp_text(row->disconnected + row->database->retention, date)));
	if (was_linked(row))
		remark(a, &e.below,
		       "it was linked to an account of another forest: add `type: linked`, and "
		       "`linked`");
	choose_user(a, item, &e);
	return e;
}

static int by_mailbox(const void *pa, const void *pb) {
	const struct manifest_entry *a = *(struct manifest_entry *const *)pa;
	const struct manifest_entry *b = *(struct manifest_entry *const *)pb;

	return strcmp(a->connection.mailbox, b->connection.mailbox);
}

/* One GUID may have a row in two databases; two connections cannot have one name. */
static void name_twins(struct arena *a, struct manifest_entry *list, size_t n) {
	struct manifest_entry **sorted = ARENA_ARRAY(a, struct manifest_entry *, n + 1);

	for (size_t i = 0; i < n; i++)
		sorted[i] = list + i;
	qsort(sorted, n, sizeof(*sorted), by_mailbox);
	for (size_t i = 0; i < n; i++) {
		struct connection *c = &sorted[i]->connection;
		if ((i && by_mailbox(sorted + i - 1, sorted + i) == 0) ||
		    (i + 1 < n && by_mailbox(sorted + i, sorted + i + 1) == 0))
			c->name = arena_printf(a, "%s in %s", c->mailbox, c->database);
	}
}

static int suggest(struct reading *r, struct buf *out) {
	static const char *const about[] = {
		"Disconnected mailboxes that no connection names, the first to be purged first.",
		"Whoever gets a mailbox reads all mail in it: look at each before you apply this.",
		NULL
	};
	size_t n, kept = 0;
	int code = reading_plan(r, reading_list(r, NULL, 0), r->connections.n);

	if (code)
		return code;
	const struct mailbox_row **rows = unclaimed(r, &n);
	struct connection *made = ARENA_ARRAY(r->a, struct connection, n + 1);
	struct manifest_entry *list = ARENA_ARRAY(r->a, struct manifest_entry, n + 1);
	for (size_t i = 0; i < n; i++) {
		made[i] = reading_connection(r->a, rows[i]);
		made[i].type = type_of_row(rows[i]);
	}
	code = reading_plan(r, reading_list(r, made, n), r->connections.n + n);
	for (size_t i = 0; !code && i < n; i++)
		if (export_unowned(rows[i], r->survey.world))
			list[kept++] =
			        describe(r->a, r->plan.items + r->connections.n + i, rows[i]);
	name_twins(r->a, list, kept);
	if (!code)
		render_manifest("suggested", about, list, kept, out);
	return code;
}

int cmd_suggest(const struct options *o, struct arena *a) {
	struct output to_stdout = { FORMAT_TEXT, NULL };
	struct reading r;
	struct buf out = { 0 };
	int code = reading_open(&r, o, a);

	if (!code)
		code = suggest(&r, &out);
	if (!code)
		code = output_write(&to_stdout, &out);
	if (!code)
		code = reading_complete(&r);
	buf_done(&out);
	reading_close(&r);
	return code;
}
