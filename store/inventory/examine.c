#include <string.h>

#include "store/inventory/schema.h"

enum { FAULTS_MAX = 10 };

int inventory_examine(struct inventory *inv, struct arena *a, int64_t *ret_format,
                      const char ***ret_faults, size_t *ret_n, struct error *err) {
	CLEANUP(sql_finalize) sqlite3_stmt *q = NULL;
	const char **faults = ARENA_ARRAY(a, const char *, FAULTS_MAX);
	size_t n = 0;
	int r = sql_number(inv, "PRAGMA user_version", ret_format, err);

	if (r == OK)
		r = sql_prepare(inv, "PRAGMA quick_check(10)", &q, err);
	if (r < 0)
		return r;
	while ((r = sql_row(inv, q, err)) > 0) {
		const char *text = sql_text(a, q, 0);
		if (n < FAULTS_MAX && strcmp(text, "ok") != 0)
			faults[n++] = text;
	}
	/* So damaged that it cannot be looked through. */
	if (r < 0 && (sqlite3_errcode(inv->db) & 0xff) == SQLITE_CORRUPT) {
		faults[n < FAULTS_MAX ? n++ : n - 1] = arena_strdup(a, err->text);
		r = OK;
	}
	*ret_faults = faults;
	*ret_n = n;
	return r;
}
