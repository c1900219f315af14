#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "store/inventory/import_parts.h"
#include "store/inventory/rows.h"

/* A row of the file, and the one of the store that it is about. */
struct line {
	struct guid guid;
	const char *name, *dn, *server;
	int64_t retention;
	int number;
	size_t offset;
	struct database_row *known; /* NULL: a new one */
};

struct lines {
	struct line *v;
	size_t n, cap;
};

enum { NAME, GUID };
static const struct column columns[] = {
	[NAME] = { { "Name", NULL }, MUST_BE_SAID, take_text, offsetof(struct line, name) },
	[GUID] = { { "Guid", NULL }, MUST_BE_SAID, take_guid, offsetof(struct line, guid) },
	{ { "DistinguishedName", NULL }, MAY_LACK, take_dn, offsetof(struct line, dn) },
	{ { "Server", NULL }, MAY_LACK, take_text, offsetof(struct line, server) },
	{ { "MailboxRetention", NULL },
	  MAY_LACK,
	  take_retention,
	  offsetof(struct line, retention) },
};

/* Is another row of the file about this one already? */
static bool told_twice(struct import *im, const struct lines *lines, const struct line *line) {
	for (size_t i = 0; i < lines->n; i++)
		if (guid_equal(lines->v[i].guid, line->guid)) {
			csv_fault(&im->csv, line->number, line->offset,
			          columns_field(&im->columns, GUID), "row-twice",
			          "this database stands %s already",
			          csv_line(&im->csv, lines->v[i].number));
			return true;
		}
	return false;
}

static void take(struct import *im, const struct csv_record *r) {
	struct line line = { .number = r->line, .offset = r->offset, .retention = -1 };
	struct lines *lines = im->rows;

	if (!columns_take(&im->columns, &im->csv, r, im->arena, &line))
		return;
	if (guid_none(line.guid)) {
		csv_fault(&im->csv, r->line, r->offset, columns_field(&im->columns, GUID),
		          "guid-invalid",
		          "the GUID is all zeros, which stands for none: no database has it");
		return;
	}
	if (!lines)
		lines = im->rows = ARENA_NEW(im->arena, struct lines);
	if (!told_twice(im, lines, &line))
		ARENA_PUSH(im->arena, lines, line);
}

/* ---- joining: by GUID, and only then by name ---- */

static struct line *line_of(const struct lines *lines, const struct database_row *d) {
	for (size_t i = 0; i < lines->n; i++)
		if (lines->v[i].known == d)
			return lines->v + i;
	return NULL;
}

static void join_by_guid(struct lines *lines, const struct databases *known) {
	for (size_t i = 0; i < lines->n; i++)
		for (size_t k = 0; k < known->n; k++)
			if (guid_equal(lines->v[i].guid, known->v[k].guid))
				lines->v[i].known = known->v + k;
}

/* A database that was made anew has another GUID, and the mailbox files name it as before. */
static void join_by_name(struct arena *a, struct lines *lines, const struct databases *known) {
	for (size_t i = 0; i < lines->n; i++) {
		struct line *line = lines->v + i;
		const char *folded = text_fold(a, line->name);
		for (size_t k = 0; k < known->n && !line->known; k++)
			if (strcmp(known->v[k].folded, folded) == 0 &&
			    !line_of(lines, known->v + k))
				line->known = known->v + k;
	}
}

/* ---- writing ---- */

static bool same(const struct database_row *d, const struct line *line) {
	return guid_equal(d->guid, line->guid) && strcmp(d->name, line->name) == 0 &&
	       strcmp(d->dn, line->dn) == 0 && strcmp(d->server, line->server) == 0 &&
	       d->retention == line->retention;
}

/* What the file does not say stays as it is. */
static void complete(struct line *line) {
	const struct database_row *d = line->known;

	if (!line->dn)
		line->dn = d ? d->dn : "";
	if (!line->server)
		line->server = d ? d->server : "";
	if (line->retention < 0)
		line->retention = d ? d->retention : (int64_t)30 * 86400;
}

static int move_rows(struct inventory *inv, int64_t from, int64_t to, struct error *err) {
	static const char *const steps[] = {
		"UPDATE OR IGNORE mailbox SET database = ?2 WHERE database = ?1",
		/* What is left stands under the other already. */
		"DELETE FROM mailbox WHERE database = ?1 AND ?2",
		("UPDATE database SET imported ="
		 " (SELECT max(imported) FROM database WHERE id IN (?1, ?2)) WHERE id = ?2"),
		"DELETE FROM database WHERE id = ?1 AND ?2",
	};
	int r = OK;

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && r == OK; i++) {
		CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
		if ((r = sql_prepare(inv, steps[i], &q, err)) == OK)
			r = sql_run(inv, q, err, "ii", from, to);
	}
	return r;
}

/*
 * A renamed database may stand in the store twice: under its GUID with the old name, and under the
 * new name alone, by which a mailbox file told it. Its rows become one database's again.
 */
static int merge(struct import *im, const struct lines *lines, const struct line *line,
                 const struct databases *known, struct error *err) {
	const char *folded = text_fold(im->arena, line->name);
	int r = OK;

	for (size_t i = 0; i < known->n && r == OK; i++) {
		const struct database_row *twin = known->v + i;
		if (strcmp(twin->folded, folded) != 0 || !guid_none(twin->guid) ||
		    line_of(lines, twin))
			continue;
		r = move_rows(im->inv, twin->id, line->known->id, err);
	}
	return r;
}

static int write_line(struct import *im, sqlite3_stmt *insert, sqlite3_stmt *update,
                      const struct line *line, struct import_report *report, struct error *err) {
	const char *folded = text_fold(im->arena, line->name);

	if (!line->known) {
		report->added++;
		return sql_run(im->inv, insert, err, "gssssi", line->guid, line->name, folded,
		               line->dn, line->server, line->retention);
	}
	if (same(line->known, line)) {
		report->unchanged++;
		return OK;
	}
	report->changed++;
	return sql_run(im->inv, update, err, "gssssii", line->guid, line->name, folded, line->dn,
	               line->server, line->retention, line->known->id);
}

static int write_lines(struct import *im, struct lines *lines, const struct databases *known,
                       struct import_report *report, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *insert = NULL;
	CLEANUP(sql_finalize) sqlite3_stmt *update = NULL;
	int r;

	if ((r = sql_prepare(im->inv,
	                     "INSERT INTO database (guid, name, folded_name, dn, server,"
	                     " retention) VALUES (?, ?, ?, ?, ?, ?)",
	                     &insert, err)) < 0 ||
	    (r = sql_prepare(im->inv,
	                     "UPDATE database SET guid = ?, name = ?, folded_name = ?, dn = ?,"
	                     " server = ?, retention = ? WHERE id = ?",
	                     &update, err)) < 0)
		return r;
	for (size_t i = 0; i < lines->n && r == OK; i++) {
		struct line *line = lines->v + i;
		complete(line);
		if (line->known)
			r = merge(im, lines, line, known, err);
		if (r == OK)
			r = write_line(im, insert, update, line, report, err);
	}
	return r;
}

static int write(struct import *im, struct import_report *report, struct error *err) {
	struct databases known = { 0 };
	struct lines *lines = im->rows;
	int r = rows_databases(im->inv, im->arena, &known, err);

	if (r < 0 || !lines || import_faulty(im))
		return r;
	join_by_guid(lines, &known);
	join_by_name(im->arena, lines, &known);
	return write_lines(im, lines, &known, report, err);
}

const struct import_kind import_databases = { columns, sizeof(columns) / sizeof(*columns), take,
	                                      write };
