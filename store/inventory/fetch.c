#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "store/inventory/rows.h"

/* A key of ours with the rows found for it so far. */
struct wanted {
	UT_hash_handle hh; /* by the key's text, in the table of its kind */
	struct key key;
	const struct mailbox_row **v;
	size_t n, cap;
};

struct fetch {
	struct inventory *inv;
	struct arena *arena;   /* the world's: the answers live there */
	struct arena *scratch; /* of what is wanted */
	const struct database_row *databases;
	size_t n_databases;
	struct wanted *wanted;
	size_t n;
};

/* The column that each kind is looked up by. */
static const char *const columns[KEY_ROW_LEGACY_DN + 1] = {
	[KEY_ROW_GUID] = "guid",
	[KEY_ROW_NAME] = "folded_name",
	[KEY_ROW_LEGACY_DN] = "folded_legacy_dn",
};
enum { KINDS = KEY_ROW_LEGACY_DN + 1 };

static void collect(struct fetch *f, const struct keys *keys) {
	size_t n = 0;

	for (size_t i = 0; i < keys->n; i++)
		n += key_of_inventory(keys->v[i].kind);
	f->wanted = ARENA_ARRAY(f->scratch, struct wanted, n);
	for (size_t i = 0; i < keys->n; i++)
		if (key_of_inventory(keys->v[i].kind))
			f->wanted[f->n++].key = keys->v[i];
}

static int take_row(struct fetch *f, sqlite3_stmt *q, struct mailbox_row **row, struct error *err) {
	return *row ? OK
	            : rows_mailbox(f->inv, f->arena, q, f->databases, f->n_databases, row, err);
}

/* ---- few keys: one look-up each ---- */

static int ask(struct fetch *f, sqlite3_stmt *q, struct wanted *w, struct error *err) {
	int r;

	sql_bind(q, "s", w->key.text);
	while ((r = sql_row(f->inv, q, err)) > 0) {
		struct mailbox_row *row = NULL;
		if ((r = take_row(f, q, &row, err)) < 0)
			return r;
		ARENA_PUSH(f->arena, w, row);
	}
	return r;
}

static int by_key(struct fetch *f, enum key_kind kind, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(f->inv,
	                    arena_printf(f->scratch,
	                                 "SELECT " ROWS_MAILBOX
	                                 " FROM mailbox WHERE %s = ? ORDER BY id",
	                                 columns[kind]),
	                    &q, err);

	for (size_t i = 0; i < f->n && r == OK; i++)
		if (f->wanted[i].key.kind == kind)
			r = ask(f, q, f->wanted + i, err);
	return r;
}

/* ---- many keys: the table is read once ---- */

static int hand_out(struct fetch *f, sqlite3_stmt *q, struct wanted *tables[KINDS],
                    struct error *err) {
	enum { FIRST_KEY = 14 }; /* behind the columns of ROWS_MAILBOX, in the order of the kinds */
	struct mailbox_row *row = NULL;
	int r;

	for (int kind = 0; kind < KINDS; kind++) {
		const char *text = (const char *)sqlite3_column_text(q, FIRST_KEY + kind);
		struct wanted *w;
		HASH_FIND_STR(tables[kind], text ? text : "", w);
		if (!w)
			continue;
		if ((r = take_row(f, q, &row, err)) < 0)
			return r;
		ARENA_PUSH(f->arena, w, row);
	}
	return OK;
}

static int by_scan(struct fetch *f, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct wanted *tables[KINDS] = { NULL };
	int r = sql_prepare(f->inv,
	                    "SELECT " ROWS_MAILBOX ", guid, folded_name, folded_legacy_dn"
	                    " FROM mailbox ORDER BY id",
	                    &q, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n; i++) {
		struct wanted *w = f->wanted + i;
		HASH_ADD_KEYPTR(hh, tables[w->key.kind], w->key.text, strlen(w->key.text), w);
	}
	while ((r = sql_row(f->inv, q, err)) > 0 && (r = hand_out(f, q, tables, err)) == OK)
		;
	for (int kind = 0; kind < KINDS; kind++)
		HASH_CLEAR(hh, tables[kind]);
	return r;
}

static int find(struct fetch *f, struct error *err) {
	int64_t rows;
	/* The highest id is no less than the number of rows, and costs one look-up. */
	int r = sql_number(f->inv, "SELECT max(id) FROM mailbox", &rows, err);

	if (r == OK && f->n > (size_t)rows / 10)
		return by_scan(f, err);
	for (int kind = 0; kind < KINDS && r == OK; kind++)
		r = by_key(f, (enum key_kind)kind, err);
	return r;
}

int inventory_fetch(struct inventory *inv, const struct keys *keys, struct world *w,
                    struct error *err) {
	struct fetch f = { .inv = inv, .arena = world_arena(w), .scratch = arena_new() };

	assert(inv->reading);
	f.databases = world_databases(w, &f.n_databases);
	collect(&f, keys);
	int r = find(&f, err);
	for (size_t i = 0; i < f.n && r == OK; i++)
		world_answer_rows(w, f.wanted[i].key, f.wanted[i].v, f.wanted[i].n);
	arena_free(f.scratch);
	return r;
}
