/* What a run did, taken from the audit: what an undo is planned from. */
#include <inttypes.h>

#include "reconcile/undo.h"
#include "store/inventory/image.h"
#include "store/inventory/sql.h"

/* One connection, while its rows are read. */
struct doing {
	struct done done;
	struct {
		struct change *v;
		size_t n, cap;
	} changes;
};

struct doings {
	struct doing *v;
	size_t n, cap;
	int64_t run;
	const char *which; /* the run, for errors */
};

/* The first row of a connection says how it stood. */
static int begin(struct doings *all, struct arena *a, sqlite3_stmt *q, struct error *err) {
	struct doing d = { .done = { .run = all->run,
		                     .manifest = sql_text(a, q, 0),
		                     .name = sql_text(a, q, 1),
		                     .mailbox = sql_guid(q, 2),
		                     .user = sql_text(a, q, 3),
		                     .dn = sql_text(a, q, 4) } };
	struct image_connection c;
	int r = image_connection_read(a, sql_text(a, q, 9), all->which, &c, err);

	if (r < 0)
		return r;
	d.done.mailbox_text = c.mailbox_text;
	d.done.user_text = c.user_text;
	d.done.archive = c.archive;
	d.done.connected = c.action == ACTION_CONNECT;
	ARENA_PUSH(a, all, d);
	return OK;
}

static int take_row(struct doings *all, struct arena *a, sqlite3_stmt *q, struct error *err) {
	struct image_change image = { sql_text(a, q, 5), sql_text(a, q, 6), sql_text(a, q, 7),
		                      sql_text(a, q, 8) };
	bool first = sqlite3_column_type(q, 9) != SQLITE_NULL;
	struct change change = { 0 };
	int r = first ? begin(all, a, q, err) : OK;

	if (r < 0 || (r = image_change_read(a, &image, all->which, &change, err)) < 0)
		return r;
	struct doing *d = all->v + all->n - 1;
	ARENA_PUSH(a, &d->changes, change);
	d->done.row |= image_sets(&image, 1, MAILBOX_CONNECTED);
	return OK;
}

static int read_all(struct inventory *inv, struct arena *a, struct doings *all, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv,
	                    "SELECT manifest, name, mailbox, user, user_dn, target, attribute,"
	                    " before, after, connection FROM change"
	                    " WHERE run = ? AND result = 'applied' ORDER BY id",
	                    &q, err);

	if (r < 0)
		return r;
	sql_bind(q, "i", all->run);
	while ((r = sql_row(inv, q, err)) > 0) {
		if (!all->n && sqlite3_column_type(q, 9) == SQLITE_NULL)
			return error_set(err, ERR_INVALID,
			                 "%s is of an older mbxctl, which did not keep all that an "
			                 "undo needs; `mbxctl history %" PRId64
			                 "` says what it wrote",
			                 all->which, all->run);
		if (take_row(all, a, q, err) < 0)
			return error_wrap(err, "the store %s", inv->path);
	}
	return r;
}

static int check_run(struct inventory *inv, struct arena *a, int64_t run, struct error *err) {
	struct run *runs;
	size_t n = 0;
	/* The number 0 stands for all of them. */
	int r = run > 0 ? inventory_runs(inv, a, run, 0, &runs, &n, err) : OK;

	if (r < 0 || n)
		return r;
	return error_set(err, ERR_INVALID,
	                 "there is no run %" PRId64 "; `mbxctl history` lists them", run);
}

int inventory_done(struct inventory *inv, struct arena *a, int64_t run, struct done **ret,
                   size_t *ret_n, struct error *err) {
	struct doings all = { .run = run, .which = arena_printf(a, "run %" PRId64, run) };
	int r;

	if ((r = check_run(inv, a, run, err)) < 0 || (r = read_all(inv, a, &all, err)) < 0)
		return r;
	if (!all.n)
		return error_set(err, ERR_INVALID, "%s wrote nothing: there is nothing to undo",
		                 all.which);
	struct done *done = ARENA_ARRAY(a, struct done, all.n);
	for (size_t i = 0; i < all.n; i++) {
		done[i] = all.v[i].done;
		done[i].changes = all.v[i].changes.v;
		done[i].n = all.v[i].changes.n;
	}
	*ret = done;
	*ret_n = all.n;
	return OK;
}
