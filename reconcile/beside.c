#include "reconcile/beside.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"

struct siblings {
	UT_hash_handle hh;
	const char *key;
	const struct item **v;
	size_t n, cap;
};

struct beside {
	struct arena *a;
	struct siblings *by_user, *by_legacy_dn;
};

static void put(struct beside *b, struct siblings **table, const char *key,
                const struct item *item) {
	struct siblings *s;

	HASH_FIND_STR(*table, key, s);
	if (!s) {
		s = ARENA_NEW(b->a, struct siblings);
		s->key = key;
		HASH_ADD_KEYPTR(hh, *table, s->key, strlen(s->key), s);
	}
	ARENA_PUSH(b->a, s, item);
}

struct beside *beside_new(const struct item *items, size_t n, bool archives) {
	struct arena *a = arena_new();
	struct beside *b = ARENA_NEW(a, struct beside);

	b->a = a;
	for (size_t i = 0; i < n; i++) {
		const struct item *item = items + i;
		/* Those of the other kind are not decided yet. */
		if (!item->connection || item->connection->archive != archives ||
		    !item_writes(item))
			continue;
		put(b, &b->by_user, item->user->identity, item);
		if (item->action == ACTION_CONNECT && *item->row->legacy_dn)
			put(b, &b->by_legacy_dn, text_fold(a, item->row->legacy_dn), item);
	}
	return b;
}

struct beside *beside_free(struct beside *b) {
	if (!b)
		return NULL;
	HASH_CLEAR(hh, b->by_user);
	HASH_CLEAR(hh, b->by_legacy_dn);
	return (void)arena_free(b->a), NULL;
}

const struct item *beside_user(const struct beside *b, const char *identity) {
	struct siblings *s = NULL;

	if (b)
		HASH_FIND_STR(b->by_user, identity, s);
	/* Two of them clash and are blocked, both. */
	return s && s->n == 1 ? s->v[0] : NULL;
}

const struct item *const *beside_legacy_dn(const struct beside *b, const char *folded,
                                           size_t *ret_n) {
	struct siblings *s = NULL;

	if (b)
		HASH_FIND_STR(b->by_legacy_dn, folded, s);
	*ret_n = s ? s->n : 0;
	return s ? (const struct item *const *)s->v : NULL;
}
