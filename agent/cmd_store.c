#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "agent/command.h"
#include "agent/file.h"
#include "agent/output.h"
#include "agent/service/call.h"
#include "agent/session.h"
#include "base/lock.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/render.h"
#include "store/inventory/import.h"

enum { IMPORT_BYTES_MAX = 1024 * 1024 * 1024 };

static int fail(const struct error *err, int code) {
	fprintf(stderr, "mbxctl: %s\n", err->text);
	return code;
}

static int read_options(const struct options *o, struct import_options *ret) {
	int order = DATE_ORDER_YMD;

	*ret = (struct import_options){ .time_zone = o->time_zone, .prune = o->prune };
	if (o->time_zone && !import_time_zone_known(o->time_zone)) {
		fprintf(stderr,
		        "mbxctl: there is no time zone \"%s\"; --time-zone takes a name such as "
		        "Europe/Berlin\n",
		        o->time_zone);
		return EXIT_USAGE;
	}
	if (!o->date_order)
		return 0;
	while (date_order_names[order] && strcmp(date_order_names[order], o->date_order) != 0)
		order++;
	ret->date_order = (enum date_order)order;
	if (date_order_names[order])
		return 0;
	fprintf(stderr, "mbxctl: --date-order takes ymd, dmy or mdy, not \"%s\"\n", o->date_order);
	return EXIT_USAGE;
}

/* By their names, files that are no inventory, and what they are good for. */
static const char *other_file(const char *path) {
	static const struct {
		const char *end, *advice;
	} others[] = {
		{ ".yaml", "`mbxctl plan FILE` reads manifests" },
		{ ".yml", "`mbxctl plan FILE` reads manifests" },
		{ ".ldif", "write `directory: {uri: ldif:FILE}` into the config" },
		{ ".ldf", "write `directory: {uri: ldif:FILE}` into the config" },
		{ ".xlsx", "export it as CSV" },
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(others) / sizeof(*others); i++)
		if (strcasecmp(dot, others[i].end) == 0)
			return others[i].advice;
	return NULL;
}

static int import_file(struct inventory *inv, const char *path, const struct session *s,
                       const struct import_options *options) {
	struct import_report report = { 0 };
	struct diags diags = { .arena = s->a };
	struct buf text = { 0 };
	struct error err;
	char *bytes;
	size_t len;

	const char *other = other_file(path);
	if (other) {
		fprintf(stderr, "mbxctl: %s is no inventory; %s\n", path, other);
		return EXIT_FAILED;
	}
	if (file_read(path, IMPORT_BYTES_MAX, &bytes, &len, &err) < 0)
		return fail(&err, EXIT_FAILED);
	int r = inventory_import(inv, path, bytes, len, options, &report, &diags, &err);
	free(bytes);
	if (r == ERR_INVALID) {
		diags_print(&diags, &text);
		if (text.data)
			fputs(text.data, stderr);
		buf_done(&text);
		fprintf(stderr, "mbxctl: %s was not taken in: nothing of it is in the store\n",
		        path);
		return EXIT_FAILED;
	}
	if (r < 0)
		return fail(&err, EXIT_UNREACHABLE);
	printf("%s: %s: %zu added, %zu changed, %zu unchanged, %zu vanished", path,
	       report.databases ? "databases" : "mailboxes", report.added, report.changed,
	       report.unchanged, report.vanished);
	if (options->prune)
		printf(", %zu pruned", report.pruned);
	putchar('\n');
	return EXIT_DONE;
}

/* Waits for another writer, saying once who it is. */
static int take_lock(const struct session *s, struct lock **ret) {
	const char *path = arena_printf(s->a, "%s.run", s->store);
	struct timespec pause = { 0, 100 * 1000 * 1000 };
	struct error err;

	for (int64_t tenths = 0;; tenths++) {
		int r = lock_try(path, "store import", ret, &err);
		if (r == OK)
			return 0;
		if (r != ERR_LOCKED)
			return fail(&err, EXIT_UNREACHABLE);
		if (tenths >= s->o->lock_timeout * 10)
			return fail(&err, EXIT_REFUSED);
		if (tenths == 5 && !s->o->quiet)
			fprintf(stderr, "mbxctl: waiting: %s\n", err.text);
		nanosleep(&pause, NULL);
	}
}

int cmd_store_import(const struct options *o, struct arena *a) {
	struct import_options options;
	struct inventory *inv = NULL;
	struct lock *lock = NULL;
	struct session s;
	struct error err;
	int code = read_options(o, &options), worst = 0;

	if (!code)
		code = session_open(&s, o, a);
	if (!code)
		code = session_needs_store(&s);
	if (!code)
		code = take_lock(&s, &lock);
	if (code)
		return code;
	options.now = s.now;
	if (inventory_open(s.store, INVENTORY_WRITE, &inv, &err) < 0)
		worst = fail(&err, EXIT_UNREACHABLE);
	for (size_t i = 0; inv && i < o->arguments.n; i++) {
		code = import_file(inv, o->arguments.v[i], &s, &options);
		worst = worst ? worst : code;
	}
	inventory_close_unused(inv);
	lock_release(lock);
	call_wake(session_control(&s));
	return worst;
}

static void date_or_dash(int64_t t, char text[static TIMESTAMP_TEXT]) {
	if (t == TIMESTAMP_NONE)
		strcpy(text, "-");
	else
		timestamp_text(t, text);
}

struct listing {
	struct database_row *databases;
	struct mailbox_row *mailboxes;
	size_t n_databases, n_mailboxes;
};

static const char *state_of(struct arena *a, const struct mailbox_row *m) {
	const char *state = mailbox_state_names[m->state];

	if (m->vanished != TIMESTAMP_NONE)
		return arena_printf(a, "%s, vanished", state);
	return m->kept != TIMESTAMP_NONE ? arena_printf(a, "%s, not confirmed", state) : state;
}

/* So that the states stand below each other; a name beyond the limit pushes only its own. */
static size_t name_width(const struct listing *l) {
	enum { NARROWEST = 22, WIDEST = 40 };
	size_t widest = NARROWEST;

	for (size_t i = 0; i < l->n_mailboxes; i++) {
		size_t width = text_width(l->mailboxes[i].display_name);
		if (width > widest)
			widest = width;
	}
	return widest < WIDEST ? widest : WIDEST;
}

static void list_text(struct arena *a, const struct listing *l, struct buf *out) {
	char date[TIMESTAMP_TEXT], guid[GUID_TEXT];
	size_t column = name_width(l) + 2;

	for (size_t d = 0; d < l->n_databases; d++) {
		const struct database_row *db = l->databases + d;
		date_or_dash(db->imported, date);
		buf_printf(out, "%sDatabase %s, retention %s, mailboxes imported %s\n",
		           d ? "\n" : "", db->name, duration_text(db->retention, guid), date);
		for (size_t i = 0; i < l->n_mailboxes; i++) {
			const struct mailbox_row *m = l->mailboxes + i;
			if (m->database->id != db->id)
				continue;
			size_t width = text_width(m->display_name);
			buf_printf(out, "  %s  %s", guid_text(m->guid, guid), m->display_name);
			buf_pad(out, ' ', width + 2 < column ? column - width : 2);
			buf_printf(out, "%s%s", state_of(a, m), m->archive ? ", archive" : "");
			if (m->disconnected != TIMESTAMP_NONE)
				buf_printf(out, ", purged %s",
				           timestamp_text(m->disconnected + db->retention, date));
			buf_putc(out, '\n');
		}
	}
	if (!l->n_databases)
		buf_puts(out,
		         "The store is empty; take in an inventory with `mbxctl store import`.\n");
}

static void json_date(struct json *j, const char *key, int64_t t) {
	char text[TIMESTAMP_TEXT];

	json_key(j, key);
	json_text(j, t == TIMESTAMP_NONE ? NULL : timestamp_text(t, text));
}

static void list_json(const struct listing *l, struct buf *out) {
	struct json j = { .out = out };
	char text[GUID_TEXT];

	json_open(&j, '{');
	json_key(&j, "databases");
	json_open(&j, '[');
	for (size_t i = 0; i < l->n_databases; i++) {
		const struct database_row *db = l->databases + i;
		json_open(&j, '{');
		json_key(&j, "name");
		json_text(&j, db->name);
		json_key(&j, "guid");
		json_text(&j, guid_none(db->guid) ? NULL : guid_text(db->guid, text));
		json_key(&j, "retentionSeconds");
		json_int(&j, db->retention);
		json_date(&j, "imported", db->imported);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_key(&j, "mailboxes");
	json_open(&j, '[');
	for (size_t i = 0; i < l->n_mailboxes; i++) {
		const struct mailbox_row *m = l->mailboxes + i;
		render_json_row(&j, m, m->database->name);
		json_key(&j, "state");
		json_text(&j, mailbox_state_names[m->state]);
		json_date(&j, "vanished", m->vanished);
		json_date(&j, "keptDisconnectDate", m->kept);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
}

int cmd_store_list(const struct options *o, struct arena *a) {
	struct inventory *inv = NULL;
	struct listing l = { 0 };
	struct outputs outputs;
	struct session s;
	struct error err;
	int code = session_open(&s, o, a);

	if (!code)
		code = outputs_parse(o, a, &outputs);
	if (!code)
		code = session_needs_store(&s);
	if (code)
		return code;
	if (inventory_open(s.store, INVENTORY_READ, &inv, &err) < 0)
		return fail(&err, EXIT_UNREACHABLE);
	if (inventory_list(inv, a, &l.databases, &l.n_databases, &l.mailboxes, &l.n_mailboxes,
	                   &err) < 0)
		code = fail(&err, EXIT_UNREACHABLE);
	for (size_t i = 0; !code && i < outputs.n; i++) {
		struct buf text = { 0 };
		if (outputs.v[i].format == FORMAT_JSON)
			list_json(&l, &text);
		else
			list_text(a, &l, &text);
		code = output_write(outputs.v + i, &text);
		buf_done(&text);
	}
	inventory_close(inv);
	return code;
}
