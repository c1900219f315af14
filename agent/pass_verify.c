/*
 * After a write, where others write too: did it arrive, and does nobody else hold what only one
 * may? No Modify can guard that; of two who write at once at least the later sees both.
 */
#include <string.h>

#include "agent/pass.h"
#include "reconcile/recover.h"

struct verification {
	struct pass *p;
	struct world *w;
	struct item **items; /* those to be taken back */
	const char **servers;
	struct modification *batch;
	size_t n;
	bool owned_twice;
};

static bool to_be_verified(const struct item *item) {
	return changes_directory(item) &&
	       (item->outcome == OUTCOME_APPLIED || item->outcome == OUTCOME_UNCERTAIN);
}

static void settle(struct pass *p, struct item *item, enum outcome outcome, const char *message) {
	item->outcome = outcome;
	item->message = message ? arena_strdup(p->look.a, message) : NULL;
}

/* What is written stays as it is until somebody can be asked: the intent stays open. */
static void leave_open(struct pass *p, struct item *item, const char *why) {
	if (item->outcome == OUTCOME_APPLIED)
		settle(p, item, OUTCOME_UNCERTAIN,
		       arena_printf(
		               p->look.a,
		               "it was written, and then it could not be looked up who else holds "
		               "it: %s; the next apply settles it",
		               why));
}

static void take_back_later(struct verification *v, struct item *item, const char *code,
                            const char *holder) {
	struct arena *a = v->p->look.a;

	v->items[v->n] = item;
	v->servers[v->n] = item->server;
	v->batch[v->n++] =
	        (struct modification){ .identity = item->user->identity,
		                       .dn = item->user->dn,
		                       .changes = reversed(a, item->changes.v, item->changes.n),
		                       .n_changes = item->changes.n };
	item->message = arena_printf(a, "%s: %s", code, holder);
	v->owned_twice |= strcmp(code, "mailbox-owned") == 0;
}

/* Those of the directory alone: the row is not written yet. */
static const struct change *of_directory(struct pass *p, const struct item *item, size_t *ret_n) {
	struct change *v = ARENA_ARRAY(p->look.a, struct change, item->changes.n + 1);

	*ret_n = 0;
	for (size_t i = 0; i < item->changes.n; i++)
		if (!item->changes.v[i].store)
			v[(*ret_n)++] = item->changes.v[i];
	return v;
}

/* An answer that was lost says nothing; the entry does. */
static bool arrived(struct pass *p, struct item *item, const struct entry *entry) {
	const char *why = NULL;
	size_t n;
	const struct change *changes = of_directory(p, item, &n);

	switch (recover(entry, changes, n, p->look.a, &why)) {
	case RECOVERY_DONE:
		return true;
	case RECOVERY_LEAVE:
		leave_open(p, item, "it could not be read whole");
		return false;
	case RECOVERY_DROP:
		settle(p, item, OUTCOME_FAILED,
		       item->outcome == OUTCOME_APPLIED
		               ? "somebody took it back at once"
		               : arena_printf(p->look.a, "it was not written: %s", item->message));
		return false;
	case RECOVERY_FAILED:
		settle(p, item, OUTCOME_FAILED, why);
		return false;
	}
	return false;
}

static void verify(struct verification *v, struct item *item) {
	struct pass *p = v->p;
	struct key key = key_of_identity(item->user->identity);
	struct answer answer = world_ask_in(v->w, item->server, key.kind, key.text);
	const struct entry *entry = answer.n ? answer.entries[0] : NULL;
	const char *code = NULL, *unknown = NULL;

	if (answer.state != ANSWER_COMPLETE) {
		leave_open(p, item, answer.why ? answer.why : "nobody was asked");
		return;
	}
	if (!arrived(p, item, entry))
		return;
	const char *holder = second_holder(entry, item->changes.v, item->changes.n, v->w,
	                                   item->server, p->look.a, &code, &unknown);
	if (holder)
		take_back_later(v, item, code, holder);
	else if (unknown)
		leave_open(p, item, unknown);
	else
		settle(p, item, OUTCOME_APPLIED, NULL);
}

/* Exactly what this run wrote, and only from our own entry; no winner is chosen. */
static void take_back(struct verification *v) {
	struct arena *a = v->p->look.a;

	directories_apply(v->p->directories, a, v->servers, v->batch, v->n);
	for (size_t i = 0; i < v->n; i++) {
		struct item *item = v->items[i];
		bool back = v->batch[i].outcome == OUTCOME_APPLIED;
		settle(v->p, item, back ? OUTCOME_FAILED : OUTCOME_UNCERTAIN,
		       back ? arena_printf(a, "%s; what was written to %s was taken back",
		                           item->message, item->user->dn)
		            : arena_printf(
		                      a,
		                      "%s; what was written to %s could not be taken back (%s): "
		                      "see to both entries, the next apply tries again",
		                      item->message, item->user->dn, v->batch[i].message));
	}
	/* Whose mail that is, a person has to see to before anything else is written. */
	v->p->turns.stopped |= v->owned_twice;
}

void pass_verify(struct pass *p) {
	struct verification v = { .p = p };
	struct keys keys;

	if (!directories_shared(p->directories))
		return;
	v.w = world_new(p->look.a);
	v.items = ARENA_ARRAY(p->look.a, struct item *, p->n_batch + 1);
	v.servers = ARENA_ARRAY(p->look.a, const char *, p->n_batch + 1);
	v.batch = ARENA_ARRAY(p->look.a, struct modification, p->n_batch + 1);
	keys_init(&keys, p->look.a);
	for (size_t i = 0; i < p->n_batch; i++) {
		struct item *item = p->batch_items[i];
		if (!to_be_verified(item))
			continue;
		keys_add_to(&keys, item->server, key_of_identity(item->user->identity).kind,
		            item->user->identity);
		second_holder_keys(item->changes.v, item->changes.n, item->server, &keys);
	}
	if (keys.n)
		directories_fetch(p->directories, &keys, v.w);
	for (size_t i = 0; i < p->n_batch; i++)
		if (to_be_verified(p->batch_items[i]))
			verify(&v, p->batch_items[i]);
	take_back(&v);
	keys_done(&keys);
	world_free(v.w);
}
