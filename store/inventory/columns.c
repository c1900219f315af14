#include "store/inventory/columns.h"

#include <assert.h>
#include <strings.h>

#include "base/buf.h"

static int find(const struct csv_record *header, const char *name) {
	for (size_t i = 0; name && i < header->n; i++)
		if (strcasecmp(header->fields[i], name) == 0)
			return (int)i;
	return -1;
}

void columns_find(struct columns *c, const struct column *defs, size_t n,
                  const struct csv_record *header) {
	assert(n <= COLUMNS_MAX);
	c->defs = defs;
	c->n = n;
	for (size_t i = 0; i < n; i++) {
		c->at[i][0] = find(header, defs[i].names[0]);
		c->at[i][1] = find(header, defs[i].names[1]);
		c->there[i] = columns_field(c, i) >= 0;
	}
}

bool columns_enough(const struct columns *c) {
	for (size_t i = 0; i < c->n; i++)
		if (c->defs[i].need != MAY_LACK && !c->there[i])
			return false;
	return true;
}

const char *columns_names(struct arena *a, const struct column *defs, size_t n, bool all) {
	struct buf names = { 0 };

	for (size_t i = 0; i < n; i++)
		if (all || defs[i].need != MAY_LACK)
			buf_printf(&names, "%s%s", names.len ? "," : "", defs[i].names[0]);
	const char *text = arena_copy(a, names.data, names.len);
	buf_done(&names);
	return text;
}

int columns_field(const struct columns *c, size_t column) {
	return c->at[column][0] >= 0 ? c->at[column][0] : c->at[column][1];
}

static bool fill(const struct columns *c, size_t i, const char *const *fields, int *ret) {
	for (int k = 0; k < 2; k++) {
		*ret = c->at[i][k];
		if (*ret >= 0 && *fields[*ret])
			return true;
	}
	return false;
}

static bool take_column(const struct columns *c, size_t i, const struct csv_file *f,
                        const struct csv_record *r, struct arena *a, void *row) {
	const struct column *def = c->defs + i;
	struct cell cell = { .file = f, .record = r };

	if (!fill(c, i, r->fields, &cell.field)) {
		if (def->need != MUST_BE_SAID)
			return true;
		csv_fault(f, r->line, r->offset, columns_field(c, i), "field-empty",
		          "%s is empty; without it the row means nothing", def->names[0]);
		return false;
	}
	cell.column = def->names[cell.field == c->at[i][0] ? 0 : 1];
	cell.text = r->fields[cell.field];
	return def->take(&cell, a, (char *)row + def->offset);
}

bool columns_take(const struct columns *c, const struct csv_file *f, const struct csv_record *r,
                  struct arena *a, void *row) {
	bool good = true;

	for (size_t i = 0; i < c->n; i++)
		good &= take_column(c, i, f, r, a, row);
	return good;
}
