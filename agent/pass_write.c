/* The second half of a pass: what was shown is compared with what is, journaled, written, recorded.
 */
#include <string.h>

#include "agent/pass.h"
#include "reconcile/recover.h"

/* Is the other half of a user's primary and archive, which goes first, among the written? */
static bool partner_goes(const struct pass *p, size_t n, const struct item *item) {
	for (size_t i = 0; i < n; i++)
		if (p->batch_items[i]->connection->archive != item->connection->archive &&
		    strcmp(p->batch_items[i]->user->identity, item->user->identity) == 0)
			return true;
	return false;
}

/* Those whose other half was found to be stale move behind those that are written. */
static void drop_lonely(struct pass *p) {
	size_t kept = 0;

	for (size_t i = 0; i < p->n_batch; i++) {
		struct item *item = p->batch_items[i];
		if (item->after_partner && !partner_goes(p, kept, item)) {
			item->outcome = OUTCOME_NOT_ATTEMPTED;
			item->message = "what it builds on was not written";
			continue;
		}
		p->batch_items[i] = p->batch_items[kept];
		p->batch_items[kept++] = item;
	}
	p->n_batch = kept;
}

/* Leaves in batch_items all that were looked at: first those to be written, then the others. */
void pass_compare(struct pass *p) {
	struct survey *look = &p->look;
	size_t stale = look->n;

	p->batch_items = ARENA_ARRAY(p->a, struct item *, look->n + 1);
	for (size_t i = 0; i < look->n; i++) {
		struct item *shown = p->plan.items + p->look_index[i], *anew = look->items + i;
		if (strcmp(shown->fingerprint, anew->fingerprint) == 0) {
			p->batch_items[p->n_batch++] = anew;
			continue;
		}
		p->batch_items[--stale] = anew;
		anew->outcome = OUTCOME_STALE;
		anew->message = stale_message(look->a, shown, anew);
	}
	drop_lonely(p);
}

static void outcome_of_all(struct pass *p, enum outcome outcome, const char *message) {
	for (size_t i = 0; i < p->n_batch; i++) {
		p->batch_items[i]->outcome = outcome;
		p->batch_items[i]->message = message ? arena_strdup(p->look.a, message) : NULL;
	}
}

/* The last moment at which nothing was written yet. */
void pass_intend(struct pass *p) {
	inventory_end(p->inventory);
	if (p->interrupted) {
		outcome_of_all(p, OUTCOME_NOT_ATTEMPTED,
		               p->interrupted_by ? p->interrupted_by : "interrupted");
		p->n_batch = 0;
		return;
	}
	for (size_t i = 0; i < p->n_batch; i++)
		item_stamp(p->look.a, p->batch_items[i], p->s->now);
	if (inventory_intend(p->inventory, p->run.id, (const struct item *const *)p->batch_items,
	                     p->n_batch, &p->error) == OK)
		return;
	outcome_of_all(p, OUTCOME_NOT_ATTEMPTED, p->error.text);
	p->n_batch = 0;
}

void pass_carry_out(struct pass *p) {
	struct item **items = ARENA_ARRAY(p->a, struct item *, p->n_batch + 1);
	const char **servers = ARENA_ARRAY(p->a, const char *, p->n_batch + 1);
	size_t n = 0;

	p->batch = ARENA_ARRAY(p->a, struct modification, p->n_batch + 1);
	for (size_t i = 0; i < p->n_batch; i++) {
		struct item *item = p->batch_items[i];
		item->outcome = OUTCOME_APPLIED;
		if (!changes_directory(item))
			continue;
		items[n] = item;
		servers[n] = item->server;
		p->batch[n++] = (struct modification){ .identity = item->user->identity,
			                               .dn = item->user->dn,
			                               .changes = item->changes.v,
			                               .n_changes = item->changes.n };
	}
	directories_apply(p->directories, p->look.a, servers, p->batch, n);
	for (size_t i = 0; i < n; i++) {
		items[i]->outcome = p->batch[i].outcome;
		items[i]->message = p->batch[i].message;
	}
}

/* The outcomes outlive the window. */
static void show_outcomes(struct pass *p) {
	for (size_t i = 0; i < p->look.n; i++) {
		struct item *shown = p->plan.items + p->look_index[i];
		shown->outcome = p->look.items[i].outcome;
		shown->message = arena_strdup(p->a, p->look.items[i].message);
	}
}

/* Those looked at again, with what became of them, and at the end those in sync, which are pinned.
 */
void pass_record(struct pass *p) {
	bool last = p->turns.at == p->turns.n || p->turns.stopped || p->interrupted;
	size_t n = 0;
	const struct item **items =
	        ARENA_ARRAY(p->a, const struct item *, p->look.n + (last ? p->plan.n : 0) + 1);

	/* In the order in which they were carried out. */
	for (size_t i = 0; i < p->look.n; i++)
		items[n++] = p->batch_items[i];
	/* Only a person's apply pins what it found in order. */
	for (size_t i = 0; last && !p->agent && i < p->plan.n; i++)
		if (p->plan.items[i].action == ACTION_NONE)
			items[n++] = p->plan.items + i;
	if (inventory_record(p->inventory, p->run.id, p->s->now, items, n, &p->error) < 0)
		for (size_t i = 0; i < p->look.n; i++)
			if (p->look.items[i].outcome == OUTCOME_APPLIED) {
				p->look.items[i].outcome = OUTCOME_UNCERTAIN;
				p->look.items[i].message =
				        arena_printf(p->look.a,
				                     "the directory was written, the store was not "
				                     "(%s); the next "
				                     "apply settles it",
				                     p->error.text);
			}
	show_outcomes(p);
	/* Whoever reads the ledger was told what is released. */
	if (last && p->plan.released.n &&
	    inventory_mark_told(p->inventory, p->plan.released.v, p->plan.released.n, p->s->now,
	                        &p->error) < 0)
		pass_fail(p, EXIT_FAILED);
}

void pass_leave_rest(struct pass *p) {
	const char *why =
	        p->turns.stopped
	                ? "a mailbox was found to have two users: nothing further was written"
	                : p->interrupted_by;

	for (size_t i = 0; i < p->plan.n; i++) {
		struct item *item = p->plan.items + i;
		if (!p->chosen[i] || item->outcome != OUTCOME_NONE)
			continue;
		item->outcome = OUTCOME_NOT_ATTEMPTED;
		item->message = why;
	}
}

void pass_end_run(struct pass *p) {
	struct run *run = &p->run;
	int64_t n[OUTCOMES] = { 0 };

	pass_leave_rest(p);
	for (size_t i = 0; i < p->plan.n; i++)
		n[p->plan.items[i].outcome]++;
	run->applied = n[OUTCOME_APPLIED];
	run->failed = n[OUTCOME_FAILED];
	run->stale = n[OUTCOME_STALE];
	run->uncertain = n[OUTCOME_UNCERTAIN];
	run->held = n[OUTCOME_HELD];
	run->not_attempted = n[OUTCOME_NOT_ATTEMPTED];
	run->ended = p->s->now;
	run->outcome = p->interrupted ? "interrupted"
	               : run->failed + run->stale + run->uncertain + run->not_attempted ? "partial"
	                                                                                : "done";
	if (inventory_run_end(p->inventory, run, &p->error) < 0)
		pass_fail(p, EXIT_FAILED);
}
