/* Closes what an earlier run began and did not end: before anything else, under the lock. */
#include <string.h>

#include "agent/pass.h"
#include "reconcile/recover.h"

struct verdict {
	enum recovery how;
	const char *why;
	const char *holder; /* who else has what was written: it is taken back; NULL: nobody */
	bool taken_back;
};

struct recovery_pass {
	struct pass *p;
	struct arena *a;
	struct world *w;
	const struct open_intent *intents;
	size_t n;
	struct verdict *verdicts; /* by intent */
};

static bool close_intent(struct recovery_pass *r, const struct open_intent *intent,
                         enum intent_end how, const char *why) {
	if (inventory_close_intent(r->p->inventory, intent->id, how, r->p->s->now, why,
	                           &r->p->error) == OK)
		return true;
	pass_fail(r->p, EXIT_UNREACHABLE);
	return false;
}

/* Exactly what we wrote is taken back, of all at once: a file that was written is not the one that
 * was read. Where something is not as we wrote it, the intent stays open and every later plan says
 * so. */
static void take_back(struct recovery_pass *r) {
	struct modification *batch = ARENA_ARRAY(r->a, struct modification, r->n + 1);
	struct verdict **of = ARENA_ARRAY(r->a, struct verdict *, r->n + 1);
	const char **servers = ARENA_ARRAY(r->a, const char *, r->n + 1);
	size_t n = 0;

	/* The last first: what builds on another goes before it. */
	for (size_t i = r->n; i-- > 0;) {
		const struct open_intent *intent = r->intents + i;
		if (!r->verdicts[i].holder)
			continue;
		of[n] = r->verdicts + i;
		servers[n] = intent->server;
		batch[n++] = (struct modification){ .identity = intent->user,
			                            .dn = intent->dn,
			                            .changes = reversed(r->a, intent->changes,
			                                                intent->n_changes),
			                            .n_changes = intent->n_changes };
	}
	directories_apply(r->p->directories, r->a, servers, batch, n);
	for (size_t i = 0; i < n; i++)
		of[i]->taken_back = batch[i].outcome == OUTCOME_APPLIED;
}

/* A user's archive was decided on what the primary's write leaves (an undo's the other way): where
 * the one never arrived, the other did not either. */
static bool builds_on(const struct open_intent *intent, const struct open_intent *earlier) {
	return earlier < intent && earlier->run == intent->run &&
	       earlier->archive != intent->archive && strcmp(earlier->user, intent->user) == 0;
}

static bool partner_dropped(const struct recovery_pass *r, const struct open_intent *intent) {
	for (size_t i = 0; i < r->n; i++)
		if (r->verdicts[i].how == RECOVERY_DROP && builds_on(intent, r->intents + i))
			return true;
	return false;
}

/* Nor can the one be taken back without the other. */
static const char *partner_taken_back(const struct recovery_pass *r,
                                      const struct open_intent *intent) {
	for (size_t i = 0; i < r->n; i++)
		if (r->verdicts[i].holder && builds_on(intent, r->intents + i))
			return r->verdicts[i].holder;
	return NULL;
}

static void judge(struct recovery_pass *r, const struct open_intent *intent) {
	struct key key = key_of_identity(intent->user);
	struct answer answer = world_ask_in(r->w, intent->server, key.kind, key.text);
	const struct entry *entry = answer.n ? answer.entries[0] : NULL;
	struct verdict *v = r->verdicts + (intent - r->intents);
	const char *unknown = NULL;

	v->how = RECOVERY_LEAVE;
	if (answer.state == ANSWER_COMPLETE)
		v->how = recover(entry, intent->changes, intent->n_changes, r->a, &v->why);
	if (v->how == RECOVERY_FAILED && partner_dropped(r, intent))
		v->how = RECOVERY_DROP;
	if (v->how == RECOVERY_DONE)
		v->holder = second_holder(entry, intent->changes, intent->n_changes, r->w,
		                          intent->server, r->a, NULL, &unknown);
	/* Not to be told apart from somebody's: it stays open until everybody can be asked. */
	if (v->how == RECOVERY_DONE && !v->holder && unknown)
		v->how = RECOVERY_LEAVE;
	if (v->how == RECOVERY_DONE && !v->holder)
		v->holder = partner_taken_back(r, intent);
}

static bool settle(struct recovery_pass *r, const struct open_intent *intent) {
	const struct verdict *v = r->verdicts + (intent - r->intents);

	switch (v->how) {
	case RECOVERY_LEAVE:
		return true;
	case RECOVERY_DONE:
		if (!v->holder)
			return close_intent(r, intent, INTENT_DONE, NULL);
		return !v->taken_back ||
		       close_intent(r, intent, INTENT_FAILED,
		                    arena_printf(r->a, "%s; what was written to %s was taken back",
		                                 v->holder, intent->dn));
	case RECOVERY_DROP:
		return close_intent(r, intent, INTENT_DROPPED, NULL);
	case RECOVERY_FAILED:
		return close_intent(r, intent, INTENT_FAILED, v->why);
	}
	return true;
}

/* The directory as it is now: ours alone until what must be taken back was. */
static void settle_all(struct recovery_pass *r) {
	struct pass *p = r->p;
	struct keys keys;

	keys_init(&keys, r->a);
	for (size_t i = 0; i < r->n; i++) {
		const struct open_intent *intent = r->intents + i;
		keys_add_to(&keys, intent->server, key_of_identity(intent->user).kind,
		            intent->user);
		second_holder_keys(intent->changes, intent->n_changes, intent->server, &keys);
	}
	if (directories_begin(p->directories, true, &p->error) < 0) {
		if (p->error.code == ERR_LOCKED)
			pass_fail(p, EXIT_REFUSED);
		else
			pass_fail_unreachable(p);
	} else {
		directories_fetch(p->directories, &keys, r->w);
		for (size_t i = 0; i < r->n; i++)
			judge(r, r->intents + i);
		take_back(r);
		/* The last first: what builds on another is closed before it, wherever we are
		 * killed. */
		for (size_t i = r->n; i > 0 && settle(r, r->intents + i - 1); i--)
			;
	}
	directories_end(p->directories);
	keys_done(&keys);
}

void pass_recover(struct pass *p) {
	struct recovery_pass r = { .p = p, .a = arena_new() };
	struct open_intent *intents;

	if (inventory_open_intents(p->inventory, r.a, &intents, &r.n, &p->error) < 0) {
		pass_fail(p, EXIT_UNREACHABLE);
	} else if (r.n) {
		r.intents = intents;
		r.verdicts = ARENA_ARRAY(r.a, struct verdict, r.n);
		r.w = world_new(r.a);
		settle_all(&r);
		world_free(r.w);
	}
	arena_free(r.a);
}
