/*
 * What ConvertTo-Json wrote, as records of a csv_file: an array of objects, or one, whose members
 * are the columns.
 */
#include "store/inventory/json_file.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

static void free_json(json_t **root) {
	json_decref(*root);
}

struct reader {
	struct csv_file *file;
	struct arena *arena; /* of the diagnostics: names are told later, too */
	const json_t *list;
	bool (*known)(const char *name, bool *ret_guid);
	struct {
		const char **v;
		size_t n, cap;
	} header;
	struct {
		bool *v; /* by column: it is read at all, and as a GUID */
		size_t n, cap;
	} wanted, guids;
};

/* ---- values ---- */

static const char *text_of(struct arena *a, const json_t *value, bool guid, int depth);

/* A length of time counts in 100 nanoseconds. */
static const char *ticks_text(struct arena *a, const json_t *ticks) {
	int64_t s = (int64_t)json_integer_value(ticks) / 10000000;

	if (s < 0)
		return NULL;
	return arena_printf(a, "%" PRId64 ".%02d:%02d:%02d", s / 86400, (int)(s / 3600 % 24),
	                    (int)(s / 60 % 60), (int)(s % 60));
}

/* The member that says what the object is: its name, its GUID, its value. */
static const char *object_text(struct arena *a, const json_t *object, bool guid, int depth) {
	static const char *const members[] = { "Name",  "Guid",  "ObjectGuid", "DistinguishedName",
		                               "Value", "value", NULL };
	static const char *const guids[] = { "Guid", "ObjectGuid", "Value", "value", NULL };

	/* Nothing, and what has no limit, is not said. */
	if (!json_object_size(object) || json_is_true(json_object_get(object, "IsUnlimited")))
		return "";
	if (json_is_integer(json_object_get(object, "Ticks")))
		return ticks_text(a, json_object_get(object, "Ticks"));
	for (const char *const *m = guid ? guids : members; *m; m++) {
		const json_t *value = json_object_get(object, *m);
		if (value && !json_is_null(value))
			return text_of(a, value, guid, depth + 1);
	}
	return NULL;
}

static const char *real_text(struct arena *a, double n) {
	bool small = n > -1e15 && n < 1e15;

	return arena_printf(a, small && (double)(int64_t)n == n ? "%.0f" : "%.17g", n);
}

/* As a CSV file would have it; NULL: it is none of the forms. */
static const char *text_of(struct arena *a, const json_t *value, bool guid, int depth) {
	enum { DEPTH_MAX = 4 };

	switch (json_typeof(value)) {
	case JSON_STRING:
		return arena_strdup(a, json_string_value(value));
	case JSON_INTEGER:
		return arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	case JSON_REAL:
		return real_text(a, json_real_value(value));
	case JSON_TRUE:
		return "True";
	case JSON_FALSE:
		return "False";
	case JSON_NULL:
		return "";
	case JSON_OBJECT:
		return depth < DEPTH_MAX ? object_text(a, value, guid, depth) : NULL;
	case JSON_ARRAY:
		break;
	}
	return NULL;
}

/* ---- records ---- */

/* Where in the header; `hint` is where it stands if all records are alike. -1: not in it. */
static int column_of(const struct reader *r, const char *key, size_t hint) {
	if (hint < r->header.n && strcasecmp(r->header.v[hint], key) == 0)
		return (int)hint;
	for (size_t i = 0; i < r->header.n; i++)
		if (strcasecmp(r->header.v[i], key) == 0)
			return (int)i;
	return -1;
}

static void add_column(struct reader *r, const char *key, bool wanted, bool guid) {
	ARENA_PUSH(r->arena, &r->header, arena_strdup(r->arena, key));
	ARENA_PUSH(r->arena, &r->wanted, wanted);
	ARENA_PUSH(r->arena, &r->guids, guid);
}

/* All members that mean something to us, and a few others to show people what there is. */
static void collect_header(struct reader *r) {
	enum { OTHERS_MAX = 32 };
	size_t others = 0, i;
	const json_t *record;
	const char *key;
	json_t *value;

	json_array_foreach(r->list, i, record) {
		size_t at = 0;
		/* A member of a record that is no object is told later. */
		json_object_foreach((json_t *)record, key, value) {
			bool guid = false, known = r->known(key, &guid);
			if (!known && others >= OTHERS_MAX)
				continue;
			if (column_of(r, key, at++) >= 0)
				continue;
			others += !known;
			add_column(r, key, known, guid);
		}
	}
}

/* How faults call the record. */
static const char *record_name(struct arena *a, const json_t *record) {
	const char *name = json_string_value(json_object_get(record, "DisplayName"));

	if (!name)
		name = json_string_value(json_object_get(record, "Name"));
	return name ? arena_strdup(a, name) : NULL;
}

static bool fill_field(struct reader *r, int line, int column, const json_t *value, struct arena *a,
                       const char **fields) {
	const char *name = r->header.v[column];

	if (!r->wanted.v[column])
		return true;
	if (fields[column]) {
		csv_fault(r->file, line, 0, column, "column-twice",
		          "the member %s stands here a second time", name);
		return false;
	}
	fields[column] = text_of(a, value, r->guids.v[column], 0);
	if (fields[column])
		return true;
	csv_fault(r->file, line, 0, column, "value-invalid",
	          "%s is %s; a text, a number, or an object with Name, Guid, Value or Ticks is "
	          "read",
	          name, json_is_array(value) ? "a list" : "an object that says nothing");
	return false;
}

/* False: there are faults. */
static bool fill(struct reader *r, int line, json_t *record, struct arena *a, const char **fields) {
	bool good = json_is_object(record);
	const char *key;
	json_t *value;
	size_t at = 0;

	if (!good)
		csv_fault(r->file, line, 0, CSV_RECORD, "json-record",
		          "this is no object with members such as DisplayName");
	json_object_foreach(record, key, value) {
		int column = column_of(r, key, at++);
		if (column >= 0)
			good &= fill_field(r, line, column, value, a, fields);
	}
	for (size_t i = 0; i < r->header.n; i++)
		if (!fields[i])
			fields[i] = "";
	return good;
}

static bool take_one(struct reader *r, size_t i, csv_take *take, void *ctx) {
	struct arena *a = arena_new();
	const char **fields = ARENA_ARRAY(a, const char *, r->header.n + 1);
	struct csv_record record = { (int)i + 1, 0, fields, r->header.n };
	bool go_on = true;

	if (fill(r, record.line, json_array_get(r->list, i), a, fields))
		go_on = take(ctx, &record);
	arena_free(a);
	return go_on;
}

static void take_all(struct reader *r, csv_take *take, void *ctx) {
	size_t n = json_array_size(r->list);
	const char **names = ARENA_ARRAY(r->arena, const char *, n);

	for (size_t i = 0; i < n; i++)
		names[i] = record_name(r->arena, json_array_get(r->list, i));
	struct csv_record header = { 0, 0, r->header.v, r->header.n };
	if (!take(ctx, &header))
		return;
	r->file->names = names;
	r->file->n_names = n;
	for (size_t i = 0; i < n && take_one(r, i, take, ctx); i++)
		;
}

/* ---- the whole ---- */

/* One object is a list of one; Windows PowerShell may wrap a list in {"value": [...], "Count": 2}.
 */
static json_t *list_of(json_t *root) {
	json_t *within = json_object_get(root, "value");

	if (json_is_array(root))
		return json_incref(root);
	if (json_is_array(within) && json_is_integer(json_object_get(root, "Count")))
		return json_incref(within);
	return json_pack("[O]", root);
}

static void tell_syntax(const struct csv_file *f, const json_error_t *e) {
	struct place at = { .file = f->label, .line = e->line, .column = e->column };

	diag_add(f->diags, at, "json-syntax", f->text, f->len,
	         "this is not JSON as ConvertTo-Json writes it: %s", e->text);
}

void json_file_each(struct csv_file *f, bool (*known)(const char *name, bool *ret_guid),
                    csv_take *take, void *ctx) {
	json_error_t e;
	CLEANUP(free_json) json_t *root = json_loadb(f->text, f->len, JSON_REJECT_DUPLICATES, &e);
	CLEANUP(free_json) json_t *list = root ? list_of(root) : NULL;
	struct reader r = { .file = f, .arena = f->diags->arena, .list = list, .known = known };

	if (!root) {
		tell_syntax(f, &e);
		return;
	}
	if (!json_array_size(list)) {
		diag_add(f->diags, (struct place){ .file = f->label }, "json-empty", NULL, 0,
		         "the list has no records: nothing was exported into it");
		return;
	}
	collect_header(&r);
	take_all(&r, take, ctx);
}
