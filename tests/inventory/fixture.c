#define _GNU_SOURCE
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "tests/test.h"

void fixture_make(struct fixture *f) {
	*f = (struct fixture){ .folder = "/tmp/mbxctl-inventory-XXXXXX", .arena = arena_new() };
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
}

void fixture_done(struct fixture *f) {
	struct dirent **names;

	fixture_close(f);
	(void)chmod(f->folder, 0700);
	int n = scandir(f->folder, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char path[512];
		(void)snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			assert_int_equal(remove(path), 0);
		free(names[i]);
	}
	free(names);
	assert_int_equal(rmdir(f->folder), 0);
	f->arena = arena_free(f->arena);
}

void fixture_open(struct fixture *f, enum inventory_mode mode) {
	struct error err = { 0 };

	fixture_close(f);
	if (inventory_open(f->path, mode, &f->inv, &err) != OK)
		fail_msg("%s", err.text);
}

void fixture_close(struct fixture *f) {
	f->inv = inventory_close(f->inv);
}

const char *fixture_read(struct fixture *f, const char *name, size_t *ret_len) {
	const char *path = arena_printf(f->arena, "%s/%s", f->folder, name);
	struct buf bytes = { 0 };
	char block[65536];
	FILE *file = fopen(path, "rb");

	*ret_len = 0;
	if (!file)
		return "";
	for (size_t n; (n = fread(block, 1, sizeof(block), file)) > 0;)
		buf_add(&bytes, block, n);
	fclose(file);
	*ret_len = bytes.len;
	const char *copy = arena_copy(f->arena, bytes.data, bytes.len);
	buf_done(&bytes);
	return copy;
}

void fixture_write(struct fixture *f, const char *name, const void *data, size_t len) {
	FILE *file = fopen(arena_printf(f->arena, "%s/%s", f->folder, name), "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static const char *finish(struct fixture *f, struct buf *b) {
	const char *text = arena_copy(f->arena, b->data, b->len);

	buf_done(b);
	return text;
}

const char *fixture_files(struct fixture *f) {
	struct dirent **names;
	struct buf out = { 0 };
	int n = scandir(f->folder, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.') {
			size_t len;
			const char *bytes = fixture_read(f, names[i]->d_name, &len);
			uint64_t sum = 14695981039346656037u;
			for (size_t k = 0; k < len; k++)
				sum = (sum ^ (unsigned char)bytes[k]) * 1099511628211u;
			buf_printf(&out, "%s %zu %016" PRIx64 "\n", names[i]->d_name, len, sum);
		}
		free(names[i]);
	}
	free(names);
	return finish(f, &out);
}

const char *fixture_import(struct fixture *f, const char *label, const char *bytes, size_t len,
                           int64_t now) {
	return fixture_import_as(f, label, bytes, len, &(struct import_options){ .now = now });
}

const char *fixture_import_as(struct fixture *f, const char *label, const char *bytes, size_t len,
                              const struct import_options *options) {
	struct diags diags = { .arena = f->arena };
	struct import_report report = { 0 };
	struct error err = { 0 };
	struct buf out = { 0 };
	int r = inventory_import(f->inv, label, bytes, len, options, &report, &diags, &err);

	if (r == OK)
		buf_printf(&out, "%s+%zu ~%zu =%zu -%zu", report.databases ? "databases " : "",
		           report.added, report.changed, report.unchanged, report.vanished);
	if (r == OK && report.pruned)
		buf_printf(&out, " x%zu", report.pruned);
	if (r == OK)
		buf_putc(&out, '\n');
	assert_true((r == OK) == (diags.n == 0));
	diags_sort(&diags);
	for (size_t i = 0; i < diags.n; i++)
		buf_printf(&out, "%s:%d:%d: %s [%s]\n", diags.v[i].at.file, diags.v[i].at.line,
		           diags.v[i].at.column, diags.v[i].message, diags.v[i].code);
	return finish(f, &out);
}

static void put_time(struct buf *out, const char *before, int64_t t) {
	char text[TIMESTAMP_TEXT];

	if (t != TIMESTAMP_NONE)
		buf_printf(out, "%s%s", before, timestamp_text(t, text));
}

static void put_mailbox(struct buf *out, const struct mailbox_row *m) {
	char text[GUID_TEXT];

	buf_printf(out, "  %s | %.8s | %s%s | %s", m->display_name, guid_text(m->guid, text),
	           m->legacy_dn, m->archive ? " | archive" : "", mailbox_state_names[m->state]);
	put_time(out, " ", m->disconnected);
	put_time(out, " | kept ", m->kept);
	if (!guid_none(m->owner))
		buf_printf(out, " | owner %.8s", guid_text(m->owner, text));
	if (*m->type_detail)
		buf_printf(out, " | %s", m->type_detail);
	if (m->move_destination)
		buf_puts(out, " | move");
	put_time(out, " | vanished ", m->vanished);
	if (m->vanished != TIMESTAMP_NONE)
		put_time(out, " seen ", m->last_seen);
	buf_putc(out, '\n');
}

static void put_database(struct buf *out, const struct database_row *d) {
	char text[GUID_TEXT];

	buf_puts(out, d->name);
	if (!guid_none(d->guid))
		buf_printf(out, " | %.8s", guid_text(d->guid, text));
	if (*d->dn)
		buf_printf(out, " | %s", d->dn);
	if (*d->server)
		buf_printf(out, " | on %s", d->server);
	buf_printf(out, " | %s", duration_text(d->retention, (char[TIMESTAMP_TEXT]){ 0 }));
	put_time(out, " | imported ", d->imported);
	buf_putc(out, '\n');
}

const char *fixture_list(struct fixture *f) {
	struct database_row *databases;
	struct mailbox_row *mailboxes;
	size_t n_databases, n_mailboxes, m = 0;
	struct error err = { 0 };
	struct buf out = { 0 };

	if (inventory_list(f->inv, f->arena, &databases, &n_databases, &mailboxes, &n_mailboxes,
	                   &err) != OK)
		fail_msg("%s", err.text);
	for (size_t d = 0; d < n_databases; d++) {
		put_database(&out, databases + d);
		for (; m < n_mailboxes && mailboxes[m].database == databases + d; m++)
			put_mailbox(&out, mailboxes + m);
	}
	assert_int_equal(m, n_mailboxes);
	return finish(f, &out);
}

static void put_runs(struct buf *out, struct fixture *f) {
	struct error err = { 0 };
	struct run *runs;
	size_t n;

	if (inventory_runs(f->inv, f->arena, 0, 0, &runs, &n, &err) != OK)
		fail_msg("%s", err.text);
	while (n--) {
		const struct run *r = runs + n;
		buf_printf(out,
		           "run %" PRId64 " %s: applied %" PRId64 ", failed %" PRId64
		           ", stale %" PRId64 ", uncertain %" PRId64 ", held %" PRId64
		           ", not attempted %" PRId64 " | %s",
		           r->id, r->mode, r->applied, r->failed, r->stale, r->uncertain, r->held,
		           r->not_attempted, *r->outcome ? r->outcome : "goes on");
		put_time(out, " at ", r->ended);
		if (r->undoes)
			buf_printf(out, " | undoes run %" PRId64, r->undoes);
		buf_putc(out, '\n');
	}
}

static void put_audit(struct buf *out, struct fixture *f) {
	struct error err = { 0 };
	struct audit_row *rows;
	size_t n;

	if (inventory_audit(f->inv, f->arena, 0, &rows, &n, &err) != OK)
		fail_msg("%s", err.text);
	while (n--) {
		const struct audit_row *r = rows + n;
		buf_printf(out,
		           "change %" PRId64 " of run %" PRId64 ": %s %s | %.8s | %.8s %s | %s %s "
		           "%s -> %s | %s%s%s\n",
		           r->id, r->run, r->manifest, r->name, r->mailbox, r->user, r->user_dn,
		           r->target, r->attribute, r->before, r->after, r->result,
		           *r->message ? ": " : "", r->message);
	}
}

static void put_intents(struct buf *out, struct fixture *f) {
	struct open_intent *intents;
	struct error err = { 0 };
	size_t n;

	if (inventory_open_intents(f->inv, f->arena, &intents, &n, &err) != OK)
		fail_msg("%s", err.text);
	for (size_t i = 0; i < n; i++) {
		char text[GUID_TEXT];
		buf_printf(out, "intent %" PRId64 " of run %" PRId64 ": %s %s | %.8s%s | %.8s %s",
		           intents[i].id, intents[i].run, intents[i].manifest, intents[i].name,
		           guid_text(intents[i].mailbox, text),
		           intents[i].archive ? " archive" : "", intents[i].user, intents[i].dn);
		for (size_t k = 0; k < intents[i].n_changes; k++) {
			const struct change *c = intents[i].changes + k;
			buf_printf(out, " | %s", attributes[c->id].name);
			for (size_t v = 0; v < c->n_before; v++)
				buf_printf(out, " -%s", value_text(f->arena, c->id, c->before[v]));
			for (size_t v = 0; v < c->n_after; v++)
				buf_printf(out, " +%s", value_text(f->arena, c->id, c->after[v]));
		}
		buf_putc(out, '\n');
	}
}

const char *fixture_history(struct fixture *f) {
	struct buf out = { 0 };

	put_runs(&out, f);
	put_audit(&out, f);
	put_intents(&out, f);
	return finish(f, &out);
}

static int first_column(void *ctx, int n, char **values, char **names) {
	struct buf *out = ctx;

	(void)names;
	buf_printf(out, "%s\n", n && values[0] ? values[0] : "");
	return 0;
}

const char *fixture_sql(struct fixture *f, const char *sql) {
	struct buf out = { 0 };
	char *message = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, first_column, &out, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_close(db);
	return finish(f, &out);
}

int differs(const char *name, const char *got, const char *expected) {
	if (strcmp(got, expected) == 0)
		return 0;
	print_error("---- %s: got\n%s\n---- expected\n%s\n", name, got, expected);
	return 1;
}
