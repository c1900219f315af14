/* Connections that were applied once and that no manifest has any more: told once, never touched.
 */
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "reconcile/plan.h"

struct spoken {
	UT_hash_handle hh;
	const char *key;
};

static const char *key_of(struct arena *a, const char *manifest, const char *name) {
	return arena_printf(a, "%s\n%s", text_fold(a, manifest), text_fold(a, name));
}

void plan_released(struct arena *a, struct plan *p, const struct connections *all,
                   const struct world *w) {
	struct spoken *table = NULL, *s;
	size_t n;
	const struct applied_row *rows = world_applied_rows(w, &n);

	for (size_t i = 0; n && i < all->n; i++) {
		s = ARENA_NEW(a, struct spoken);
		s->key = key_of(a, all->v[i].manifest, all->v[i].name);
		HASH_ADD_KEYPTR(hh, table, s->key, strlen(s->key), s);
	}
	for (size_t i = 0; i < n; i++) {
		const char *key = key_of(a, rows[i].manifest, rows[i].name);
		struct released gone = { rows[i].manifest, rows[i].name };
		HASH_FIND_STR(table, key, s);
		if (!s && !rows[i].told)
			ARENA_PUSH(a, &p->released, gone);
	}
	HASH_CLEAR(hh, table);
}
