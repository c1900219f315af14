/* Closes what an earlier run began and did not end: before anything else, under the lock. */
#include <string.h>

#include "agent/pass.h"
#include "reconcile/recover.h"

static struct key key_of(const struct open_intent *intent) {
	struct guid guid;
	enum key_kind kind = guid_parse(intent->user, &guid) ? KEY_USER_GUID : KEY_USER_DN;

	return (struct key){ kind, intent->user };
}

static int settle(struct pass *p, const struct world *w, struct arena *a,
                  const struct open_intent *intent) {
	struct key key = key_of(intent);
	struct answer answer = world_ask(w, key.kind, key.text);
	const char *why = NULL;

	if (answer.state != ANSWER_COMPLETE)
		return OK;
	switch (recover(answer.n ? answer.entries[0] : NULL, intent->changes, intent->n_changes, a,
	                &why)) {
	case RECOVERY_LEAVE:
		return OK;
	case RECOVERY_DONE:
		return inventory_close_intent(p->inventory, intent->id, INTENT_DONE, p->s->now,
		                              NULL, &p->error);
	case RECOVERY_DROP:
		return inventory_close_intent(p->inventory, intent->id, INTENT_DROPPED, p->s->now,
		                              NULL, &p->error);
	case RECOVERY_FAILED:
		return inventory_close_intent(p->inventory, intent->id, INTENT_FAILED, p->s->now,
		                              why, &p->error);
	}
	return OK;
}

static void settle_all(struct pass *p, struct arena *a, const struct open_intent *intents,
                       size_t n) {
	struct world *w = world_new(a);
	struct keys keys;

	keys_init(&keys, a);
	for (size_t i = 0; i < n; i++)
		keys_add(&keys, key_of(intents + i).kind, intents[i].user);
	if (directory_begin(p->directory, false, &p->error) < 0) {
		pass_fail(p, EXIT_UNREACHABLE);
	} else {
		directory_fetch(p->directory, &keys, w);
		for (size_t i = 0; i < n; i++)
			if (settle(p, w, a, intents + i) < 0) {
				pass_fail(p, EXIT_UNREACHABLE);
				break;
			}
	}
	directory_end(p->directory);
	keys_done(&keys);
	world_free(w);
}

void pass_recover(struct pass *p) {
	struct arena *a = arena_new();
	struct open_intent *intents;
	size_t n;

	if (inventory_open_intents(p->inventory, a, &intents, &n, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
	else if (n)
		settle_all(p, a, intents, n);
	arena_free(a);
}
