#include "store/inventory/import.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "store/inventory/import_parts.h"
#include "store/inventory/json_file.h"

bool import_faulty(const struct import *im) {
	return im->diags->n > im->faults;
}

/* ---- which of the two it is ---- */

static bool has(const struct csv_record *header, const char *name) {
	for (size_t i = 0; i < header->n; i++)
		if (strcasecmp(header->fields[i], name) == 0)
			return true;
	return false;
}

/* Columns that only one of the two has; Get-Mailbox has a Name and a Guid as well. */
static const struct import_kind *likely_kind(const struct csv_record *header) {
	if (has(header, "MailboxGuid") || has(header, "ExchangeGuid") || has(header, "DisplayName"))
		return &import_mailboxes;
	if (has(header, "MailboxRetention") ||
	    (has(header, "Guid") && (has(header, "DistinguishedName") || has(header, "Server"))))
		return &import_databases;
	return NULL;
}

/* What stands in the first line may be no header at all, and long. */
static const char *shortened(struct arena *a, const char *name) {
	size_t n = 60;

	if (strlen(name) <= n)
		return name;
	while (n && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	return arena_printf(a, "%.*s...", (int)n, name);
}

static const char *found_columns(struct arena *a, const struct csv_record *header) {
	enum { SHOWN = 30 };
	struct buf names = { 0 };

	for (size_t i = 0; i < header->n && i < SHOWN; i++)
		buf_printf(&names, "%s%s", i ? "," : "", shortened(a, header->fields[i]));
	if (header->n > SHOWN)
		buf_printf(&names, " and %zu more", header->n - SHOWN);
	const char *text = arena_copy(a, names.data, names.len);
	buf_done(&names);
	return text;
}

static const char *export_line(struct import *im, const struct import_kind *kind) {
	struct arena *a = im->arena;
	bool mailboxes = kind == &import_mailboxes;

	return arena_printf(a, "%s | Select-Object %s | %s",
	                    mailboxes ? "Get-MailboxStatistics -Database NAME"
	                              : "Get-MailboxDatabase",
	                    columns_names(a, kind->columns, kind->n, true),
	                    im->csv.json ? "ConvertTo-Json | Out-File FILE -Encoding UTF8"
	                                 : "Export-Csv FILE -NoTypeInformation -Encoding UTF8");
}

static void tell_lacking(struct import *im, const struct csv_record *header) {
	struct buf names = { 0 };
	const struct columns *c = &im->columns;

	for (size_t i = 0; i < c->n; i++)
		if (c->defs[i].need != MAY_LACK && !c->there[i])
			buf_printf(&names, "%s%s", names.len ? ", " : "", c->defs[i].names[0]);
	csv_fault(&im->csv, header->line, header->offset, CSV_RECORD, "columns-missing",
	          "the file lacks %s; its columns are %s; the right ones come from `%s`",
	          names.data, found_columns(im->arena, header), export_line(im, im->kind));
	buf_done(&names);
}

static void tell_unknown(struct import *im, const struct csv_record *header) {
	struct arena *a = im->arena;
	const struct import_kind *m = &import_mailboxes, *d = &import_databases;

	csv_fault(&im->csv, header->line, header->offset, CSV_RECORD, "columns-unknown",
	          "the file is neither of mailboxes (%s) nor of databases (%s); its columns are "
	          "%s; the right ones come from `%s`, or `%s`",
	          columns_names(a, m->columns, m->n, false),
	          columns_names(a, d->columns, d->n, false), found_columns(a, header),
	          export_line(im, m), export_line(im, d));
}

static bool names_once(struct import *im, const struct csv_record *header) {
	bool once = true;

	for (size_t i = 0; i < header->n; i++)
		for (size_t k = 0; k < i && *header->fields[i]; k++)
			if (strcasecmp(header->fields[i], header->fields[k]) == 0) {
				csv_fault(&im->csv, header->line, header->offset, (int)i,
				          "column-twice", "the column %s stands here a second time",
				          header->fields[i]);
				once = false;
			}
	return once;
}

static bool fit_header(struct import *im, const struct csv_record *header) {
	if (!im->kind) {
		tell_unknown(im, header);
		return false;
	}
	columns_find(&im->columns, im->kind->columns, im->kind->n, header);
	if (!columns_enough(&im->columns)) {
		tell_lacking(im, header);
		return false;
	}
	return names_once(im, header);
}

static bool take_header(struct import *im, const struct csv_record *header) {
	im->kind = likely_kind(header);
	if (fit_header(im, header))
		return true;
	im->kind = NULL;
	return false;
}

static bool take_record(void *ctx, const struct csv_record *r) {
	struct import *im = ctx;

	if (!im->kind)
		return take_header(im, r);
	im->kind->take(im, r);
	return true;
}

/* Is this the name of a column that either of the two has? */
static bool known_column(const char *name, bool *ret_guid) {
	static const struct import_kind *const kinds[] = { &import_mailboxes, &import_databases };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < kinds[k]->n; i++)
			for (size_t j = 0; j < 2; j++) {
				const struct column *c = kinds[k]->columns + i;
				if (!c->names[j] || strcasecmp(c->names[j], name) != 0)
					continue;
				*ret_guid = c->take == take_guid;
				return true;
			}
	return false;
}

static void read_file(struct import *im, const char *label, const char *bytes, size_t len) {
	im->csv.dates = &im->dates;
	if (!csv_file_open(&im->csv, label, bytes, len, im->diags))
		return;
	if (im->csv.json)
		json_file_each(&im->csv, known_column, take_record, im);
	else
		csv_file_each(&im->csv, take_record, im);
	dates_settle(&im->dates, &im->csv);
}

/* ---- all of it or nothing ---- */

static int rejected(const struct import *im, struct error *err) {
	size_t n = im->diags->n - im->faults;

	return error_set(err, ERR_INVALID, "%s was not taken in: %zu error%s", im->csv.label, n,
	                 n == 1 ? "" : "s");
}

static int write_all(struct import *im, struct import_report *ret, struct error *err) {
	CLEANUP(txn_done) struct txn txn = { 0 };
	struct import_report report = { .databases = im->kind == &import_databases };
	int r;

	if ((r = txn_begin(im->inv, &txn, err)) < 0 || (r = im->kind->write(im, &report, err)) < 0)
		return r;
	if (import_faulty(im))
		return rejected(im, err);
	if ((r = txn_commit(&txn, err)) == OK)
		*ret = report;
	return r;
}

bool import_time_zone_known(const char *name) {
	return zone_is_known(name);
}

int inventory_import(struct inventory *inv, const char *label, const char *bytes, size_t len,
                     const struct import_options *options, struct import_report *ret,
                     struct diags *diags, struct error *err) {
	struct import im = { .inv = inv, .diags = diags, .faults = diags->n, .options = options };

	im.arena = arena_new();
	im.csv.label = label;
	im.dates.given = options->date_order;
	if (zone_enter(&im.dates.zone, options->time_zone))
		read_file(&im, label, bytes, len);
	else
		diag_add(diags, (struct place){ .file = arena_strdup(diags->arena, label) },
		         "time-zone-unknown", NULL, 0,
		         "there is no time zone \"%s\"; a name such as Europe/Berlin is meant",
		         options->time_zone);
	zone_leave(&im.dates.zone);
	/* With bad lines too, so that one list has all that is wrong with the others. */
	int r = im.kind ? write_all(&im, ret, err) : rejected(&im, err);
	arena_free(im.arena);
	return r;
}
