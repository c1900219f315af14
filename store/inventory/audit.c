#include "store/inventory/audit.h"

#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define COLUMNS                                                                                    \
	"id, run, at, manifest, name, mailbox, user, user_dn, target, attribute, before, after,"   \
	" result, message, connection, chain"

/* SHA-256, in hex, of the chain so far and the row as a JSON array, each on a line of its own. */
static void link_row(char chain[static 65], const struct audit_row *row) {
	const char *const texts[] = { row->manifest, row->name,   row->mailbox,   row->user,
		                      row->user_dn,  row->target, row->attribute, row->before,
		                      row->after,    row->result, row->message };
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };
	struct sha256_ctx ctx;
	uint8_t digest[SHA256_DIGEST_SIZE];

	buf_printf(&out, "%s\n", chain);
	json_open(&j, '[');
	json_int(&j, row->id);
	json_int(&j, row->run);
	json_int(&j, row->at);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		json_text(&j, texts[i]);
	/* Rows without one are linked as they were before there was this column. */
	if (row->connection)
		json_text(&j, row->connection);
	json_close(&j, ']');
	sha256_init(&ctx);
	sha256_update(&ctx, out.len, (const uint8_t *)out.data);
	sha256_digest(&ctx, sizeof(digest), digest);
	base16_encode_update(chain, sizeof(digest), digest);
	chain[64] = '\0';
	buf_done(&out);
}

int audit_init(struct audit *t, struct inventory *inv, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	int r = sql_prepare(inv, "SELECT id, chain FROM change ORDER BY id DESC LIMIT 1", &q, err);

	*t = (struct audit){ .inv = inv };
	if (r < 0 || (r = sql_row(inv, q, err)) < 0)
		return r;
	if (r > 0) {
		t->last = sql_int(q, 0);
		(void)snprintf(t->chain, sizeof(t->chain), "%s",
		               (const char *)sqlite3_column_text(q, 1));
	}
	return sql_prepare(inv,
	                   "INSERT INTO change (" COLUMNS ")"
	                   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	                   &t->insert, err);
}

void audit_done(struct audit *t) {
	sql_finalize(&t->insert);
}

int audit_add(struct audit *t, const struct audit_row *row, struct error *err) {
	struct audit_row r = *row;

	r.id = ++t->last;
	link_row(t->chain, &r);
	return sql_run(t->inv, t->insert, err, "iiisssssssssssss", r.id, r.run, r.at, r.manifest,
	               r.name, r.mailbox, r.user, r.user_dn, r.target, r.attribute, r.before,
	               r.after, r.result, r.message, r.connection, t->chain);
}

static void read_row(struct arena *a, sqlite3_stmt *q, struct audit_row *ret) {
	*ret = (struct audit_row){ .id = sql_int(q, 0),
		                   .run = sql_int(q, 1),
		                   .at = sql_int(q, 2),
		                   .manifest = sql_text(a, q, 3),
		                   .name = sql_text(a, q, 4),
		                   .mailbox = sql_text(a, q, 5),
		                   .user = sql_text(a, q, 6),
		                   .user_dn = sql_text(a, q, 7),
		                   .target = sql_text(a, q, 8),
		                   .attribute = sql_text(a, q, 9),
		                   .before = sql_text(a, q, 10),
		                   .after = sql_text(a, q, 11),
		                   .result = sql_text(a, q, 12),
		                   .message = sql_text(a, q, 13),
		                   .connection = sql_maybe_text(a, q, 14) };
}

int inventory_audit(struct inventory *inv, struct arena *a, int64_t run_id, struct audit_row **ret,
                    size_t *ret_n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	struct {
		struct audit_row *v;
		size_t n, cap;
	} rows = { 0 };
	int r = sql_prepare(inv,
	                    run_id ? "SELECT " COLUMNS " FROM change WHERE run = ? ORDER BY id DESC"
	                           : "SELECT " COLUMNS " FROM change ORDER BY id DESC",
	                    &q, err);

	if (r < 0)
		return r;
	sql_bind(q, run_id ? "i" : "", run_id);
	while ((r = sql_row(inv, q, err)) > 0) {
		struct audit_row row;
		read_row(a, q, &row);
		ARENA_PUSH(a, &rows, row);
	}
	if (r < 0)
		return r;
	*ret = rows.v;
	*ret_n = rows.n;
	return OK;
}

int inventory_verify(struct inventory *inv, int64_t *ret_rows, int64_t *ret_bad,
                     struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	char chain[65] = "";
	int64_t n = 0, bad = 0;
	int r = sql_prepare(inv, "SELECT " COLUMNS " FROM change ORDER BY id", &q, err);

	if (r < 0)
		return r;
	while (!bad && (r = sql_row(inv, q, err)) > 0) {
		struct arena *a = arena_new();
		struct audit_row row;
		read_row(a, q, &row);
		link_row(chain, &row);
		if (strcmp(chain, sql_text(a, q, 15)) != 0)
			bad = row.id;
		n++;
		arena_free(a);
	}
	if (r < 0)
		return r;
	*ret_rows = n;
	*ret_bad = bad;
	return OK;
}
