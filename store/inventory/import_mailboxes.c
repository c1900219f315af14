#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "store/inventory/facts.h"
#include "store/inventory/import_resolve.h"
#include "store/inventory/rows.h"

/* A row of the file, and what the store knows of it. */
struct line {
	UT_hash_handle hh;
	struct {
		struct guid guid;
		uint64_t database; /* index in the resolver */
	} key;
	struct told told;
	int number;
	size_t offset;
	int64_t id; /* 0: not in the store yet */
	struct facts *old;
};

struct lines {
	struct line **v;
	size_t n, cap;
};

static void take(struct import *im, const struct csv_record *r) {
	struct line *line = ARENA_NEW(im->arena, struct line);
	struct lines *lines = im->rows;

	line->number = r->line;
	line->offset = r->offset;
	line->told = (struct told){ .display_name = "",
		                    .legacy_dn = "",
		                    .server = "",
		                    .type_detail = "",
		                    .disconnected = TIMESTAMP_NONE,
		                    .items = TIMESTAMP_NONE,
		                    .bytes = TIMESTAMP_NONE,
		                    .last_logon = TIMESTAMP_NONE };
	if (!columns_take(&im->columns, &im->csv, r, im->arena, &line->told))
		return;
	if (guid_none(line->told.guid)) {
		csv_fault(&im->csv, r->line, r->offset, columns_field(&im->columns, TOLD_GUID),
		          "guid-invalid",
		          "the GUID is all zeros, which stands for none: no mailbox has it");
		return;
	}
	if (!lines)
		lines = im->rows = ARENA_NEW(im->arena, struct lines);
	ARENA_PUSH(im->arena, lines, line);
}

/* ---- before anything is written: which database, and is it the only row? ---- */

struct writer {
	struct import *im;
	struct import_report *report;
	struct lines lines;
	struct resolver resolver;
	struct line *by_key;
	struct {
		int64_t *v;
		size_t n, cap;
	} vanished, prunable; /* ids */
	sqlite3_stmt *insert, *update, *vanish, *prune, *add_database, *set_imported;
};

static void writer_done(struct writer *w) {
	HASH_CLEAR(hh, w->by_key);
	resolver_done(&w->resolver);
	sql_finalize(&w->insert);
	sql_finalize(&w->update);
	sql_finalize(&w->vanish);
	sql_finalize(&w->prune);
	sql_finalize(&w->add_database);
	sql_finalize(&w->set_imported);
}

static void place(struct writer *w, struct line *line) {
	struct import *im = w->im;
	const char *code, *why;
	struct line *twin;
	size_t index;

	if (!resolver_find(&w->resolver, line->told.database, line->told.server, &index, &code,
	                   &why)) {
		csv_fault(&im->csv, line->number, line->offset,
		          columns_field(&im->columns, TOLD_DATABASE), code, "\"%s\" %s",
		          line->told.database, why);
		return;
	}
	line->key.guid = line->told.guid;
	line->key.database = index;
	w->resolver.v[index].covered = true;
	HASH_FIND(hh, w->by_key, &line->key, sizeof(line->key), twin);
	if (twin)
		csv_fault(&im->csv, line->number, line->offset,
		          columns_field(&im->columns, TOLD_GUID), "row-twice",
		          "this mailbox of %s stands %s already", line->told.database,
		          csv_line(&im->csv, twin->number));
	else
		HASH_ADD(hh, w->by_key, key, sizeof(line->key), line);
}

/* ---- what the store has ---- */

static struct facts read_facts(struct arena *a, sqlite3_stmt *q) {
	return (struct facts){ .display_name = sql_text(a, q, 3),
		               .legacy_dn = sql_text(a, q, 4),
		               .archive = sql_int(q, 5) != 0,
		               .state = rows_state(q, 6),
		               .disconnected = sql_maybe(q, 7),
		               .kept = sql_maybe(q, 8),
		               .owner = sql_guid(q, 9),
		               .type_detail = sql_text(a, q, 10),
		               .move_destination = sql_int(q, 11) != 0,
		               .last_seen = sql_maybe(q, 12),
		               .vanished = sql_maybe(q, 13),
		               .connected_run = sql_maybe(q, 14),
		               .items = sql_maybe(q, 15),
		               .bytes = sql_maybe(q, 16),
		               .last_logon = sql_maybe(q, 17) };
}

static int by_id(const void *key, const void *element) {
	const int64_t *id = key;
	const struct named_database *d = element;

	/* Those that are new stand behind and have no id yet. */
	return d->row.id == 0 || *id < d->row.id ? -1 : *id > d->row.id;
}

static void match_row(struct writer *w, sqlite3_stmt *q) {
	struct resolver *databases = &w->resolver;
	int64_t database = sql_int(q, 2);
	const struct named_database *d =
	        bsearch(&database, databases->v, databases->n, sizeof(*d), by_id);
	struct line *line;

	if (!d || !d->covered)
		return;
	struct {
		struct guid guid;
		uint64_t database;
	} key = { sql_guid(q, 1), (uint64_t)(d - databases->v) };
	HASH_FIND(hh, w->by_key, &key, sizeof(key), line);
	if (line) {
		line->id = sql_int(q, 0);
		line->old = ARENA_NEW(w->im->arena, struct facts);
		*line->old = read_facts(w->im->arena, q);
	} else if (sql_maybe(q, 8) == TIMESTAMP_NONE) {
		/* One that we connected stays until the server says what became of it. */
		if (sql_maybe(q, 13) == TIMESTAMP_NONE)
			ARENA_PUSH(w->im->arena, &w->vanished, sql_int(q, 0));
		if (w->im->options->prune)
			ARENA_PUSH(w->im->arena, &w->prunable, sql_int(q, 0));
	}
}

static int match_rows(struct writer *w, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(w->im->inv,
	                    "SELECT " ROWS_MAILBOX ", connected_run, items, bytes, last_logon"
	                    " FROM mailbox",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(w->im->inv, q, err)) > 0)
		match_row(w, q);
	return r;
}

/* ---- writing ---- */

static int prepare(struct writer *w, struct error *err) {
	struct inventory *inv = w->im->inv;
	int r;

	if ((r = sql_prepare(inv,
	                     "INSERT INTO mailbox (display_name, folded_name, legacy_dn,"
	                     " folded_legacy_dn, archive, state, disconnected, kept,"
	                     " connected_run, items, bytes, last_logon, owner, type_detail,"
	                     " move_destination, guid, database)"
	                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	                     &w->insert, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "UPDATE mailbox SET display_name = ?, folded_name = ?,"
	                     " legacy_dn = ?, folded_legacy_dn = ?, archive = ?, state = ?,"
	                     " disconnected = ?, kept = ?, connected_run = ?, items = ?,"
	                     " bytes = ?, last_logon = ?, owner = ?, type_detail = ?,"
	                     " move_destination = ?, last_seen = NULL, vanished = NULL"
	                     " WHERE id = ?",
	                     &w->update, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "UPDATE mailbox SET vanished = ?2, last_seen ="
	                     " (SELECT imported FROM database WHERE id = mailbox.database)"
	                     " WHERE id = ?1",
	                     &w->vanish, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "DELETE FROM mailbox WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM"
	                     " intent WHERE mailbox_row = ?1 OR intent.mailbox = mailbox.guid)",
	                     &w->prune, err)) < 0 ||
	    (r = sql_prepare(inv,
	                     "INSERT INTO database (name, folded_name, server, retention)"
	                     " VALUES (?, ?, ?, ?)",
	                     &w->add_database, err)) < 0)
		return r;
	return sql_prepare(inv, "UPDATE database SET imported = ?2 WHERE id = ?1", &w->set_imported,
	                   err);
}

static int write_line(struct writer *w, const struct line *line, struct error *err) {
	struct facts f = facts_after(&line->told, w->im->columns.there, line->old);
	struct inventory *inv = w->im->inv;
	struct arena *a = w->im->arena;

	if (line->old && facts_same(&f, line->old)) {
		w->report->unchanged++;
		return OK;
	}
	(*(line->old ? &w->report->changed : &w->report->added))++;
#define FACTS                                                                                      \
	f.display_name, text_fold(a, f.display_name), f.legacy_dn, text_fold(a, f.legacy_dn),      \
	        (int64_t)f.archive, mailbox_state_names[f.state], f.disconnected, f.kept,          \
	        f.connected_run, f.items, f.bytes, f.last_logon, f.owner, f.type_detail,           \
	        (int64_t)f.move_destination
	if (line->old)
		return sql_run(inv, w->update, err, "ssssisnnnnnngsii", FACTS, line->id);
	return sql_run(inv, w->insert, err, "ssssisnnnnnngsigi", FACTS, line->told.guid,
	               w->resolver.v[line->key.database].row.id);
#undef FACTS
}

static int add_databases(struct writer *w, struct error *err) {
	int r = OK;

	for (size_t i = 0; i < w->resolver.n && r == OK; i++) {
		struct database_row *d = &w->resolver.v[i].row;
		if (d->id)
			continue;
		r = sql_run(w->im->inv, w->add_database, err, "sssi", d->name, d->folded, d->server,
		            d->retention);
		d->id = sqlite3_last_insert_rowid(w->im->inv->db);
	}
	return r;
}

static int set_imported(struct writer *w, struct error *err) {
	int r = OK;

	for (size_t i = 0; i < w->resolver.n && r == OK; i++)
		if (w->resolver.v[i].covered)
			r = sql_run(w->im->inv, w->set_imported, err, "ii", w->resolver.v[i].row.id,
			            w->im->options->now);
	return r;
}

/* Those that vanished just now are marked first: what an intent is about stays, and stays marked.
 */
static int take_away(struct writer *w, struct error *err) {
	int r = OK;

	for (size_t i = 0; i < w->vanished.n && r == OK; i++)
		r = sql_run(w->im->inv, w->vanish, err, "ii", w->vanished.v[i],
		            w->im->options->now);
	w->report->vanished = w->vanished.n;
	for (size_t i = 0; i < w->prunable.n && r == OK; i++) {
		r = sql_run(w->im->inv, w->prune, err, "i", w->prunable.v[i]);
		w->report->pruned += (size_t)sqlite3_changes(w->im->inv->db);
	}
	return r;
}

static int write_rows(struct writer *w, struct error *err) {
	int r;

	if ((r = match_rows(w, err)) < 0 || (r = prepare(w, err)) < 0 ||
	    (r = add_databases(w, err)) < 0)
		return r;
	for (size_t i = 0; i < w->lines.n && r == OK; i++)
		r = write_line(w, w->lines.v[i], err);
	if (r < 0 || (r = take_away(w, err)) < 0)
		return r;
	return set_imported(w, err);
}

static int write(struct import *im, struct import_report *report, struct error *err) {
	CLEANUP(writer_done) struct writer w = { .im = im, .report = report };
	int r = resolver_init(&w.resolver, im, err);

	if (r < 0)
		return r;
	if (im->rows)
		w.lines = *(struct lines *)im->rows;
	for (size_t i = 0; i < w.lines.n; i++)
		place(&w, w.lines.v[i]);
	return import_faulty(im) ? OK : write_rows(&w, err);
}

const struct import_kind import_mailboxes = { told_columns, TOLD_COLUMNS, take, write };
