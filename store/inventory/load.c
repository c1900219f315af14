#include "store/inventory/rows.h"

struct applied_rows {
	struct applied_row *v;
	size_t n, cap;
};
struct undone_rows {
	struct undone_row *v;
	size_t n, cap;
};
struct intent_rows {
	struct intent_row *v;
	size_t n, cap;
};

static int load_applied(struct inventory *inv, struct arena *a, struct applied_rows *ret,
                        struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT manifest_written, name_written, wish, mailbox, user,"
	                    " mailbox_text, user_text, released IS NOT NULL"
	                    " FROM applied LEFT JOIN condition USING (manifest, name)"
	                    " ORDER BY manifest, name",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct applied_row row = { .manifest = sql_text(a, q, 0),
			                   .name = sql_text(a, q, 1),
			                   .wish = sql_text(a, q, 2),
			                   .mailbox = sql_guid(q, 3),
			                   .user = sql_text(a, q, 4),
			                   .mailbox_text = sql_text(a, q, 5),
			                   .user_text = sql_maybe_text(a, q, 6),
			                   .told = sql_int(q, 7) != 0 };
		ARENA_PUSH(a, ret, row);
	}
	return r;
}

static int load_intents(struct inventory *inv, struct arena *a, struct intent_rows *ret,
                        struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT intent.id, mailbox, user, manifest, name, run, undoes"
	                    " FROM intent JOIN run ON run.id = run ORDER BY intent.id",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct intent_row row = { .id = sql_int(q, 0),
			                  .mailbox = sql_guid(q, 1),
			                  .user = sql_text(a, q, 2),
			                  .manifest = sql_text(a, q, 3),
			                  .name = sql_text(a, q, 4),
			                  .run = sql_int(q, 5),
			                  .undoes = sql_int(q, 6) };
		ARENA_PUSH(a, ret, row);
	}
	return r;
}

static int load_undone(struct inventory *inv, struct arena *a, struct undone_rows *ret,
                       struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT mailbox, user, run, connected, reconnect, mailbox_text,"
	                    " user_text, wish FROM undone ORDER BY mailbox, user",
	                    &q, err);

	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		struct undone_row row = { .mailbox = sql_guid(q, 0),
			                  .user = sql_text(a, q, 1),
			                  .run = sql_int(q, 2),
			                  .connect = sql_int(q, 3) != 0,
			                  .reconnect = sql_int(q, 4) != 0,
			                  .mailbox_text = sql_text(a, q, 5),
			                  .user_text = sql_maybe_text(a, q, 6),
			                  .wish = sql_text(a, q, 7) };
		ARENA_PUSH(a, ret, row);
	}
	return r;
}

int inventory_look(struct inventory *inv, struct error *err) {
	inventory_end(inv);
	int r = sql_exec(inv, "BEGIN", err);
	inv->reading = r == OK;
	return r;
}

int inventory_load(struct inventory *inv, struct world *w, struct error *err) {
	struct arena *a = world_arena(w);
	struct databases databases = { 0 };
	struct applied_rows applied = { 0 };
	struct intent_rows intents = { 0 };
	struct undone_rows undone = { 0 };

	int r = inventory_look(inv, err);
	if (r < 0)
		return r;
	if ((r = rows_databases(inv, a, &databases, err)) < 0 ||
	    (r = load_applied(inv, a, &applied, err)) < 0 ||
	    (r = load_intents(inv, a, &intents, err)) < 0 ||
	    (r = load_undone(inv, a, &undone, err)) < 0) {
		inventory_end(inv);
		return r;
	}
	world_set_tables(w, databases.v, databases.n, applied.v, applied.n, intents.v, intents.n);
	world_set_undone(w, undone.v, undone.n);
	return OK;
}

void inventory_end(struct inventory *inv) {
	if (!inv->reading)
		return;
	inv->reading = false;
	/* Nothing was written: there is nothing that could fail to be kept. */
	(void)sqlite3_exec(inv->db, "ROLLBACK", NULL, NULL, NULL);
}
