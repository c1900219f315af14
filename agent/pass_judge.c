/* What shows over all connections, and which of them are shown. */
#include <fnmatch.h>
#include <locale.h>
#include <string.h>

#include "agent/pass.h"
#include "base/text.h"

static bool fits(const struct pass *p, const struct connection *c, const char *pattern) {
	const char *texts[] = { c->name, c->mailbox, c->user, c->database };

	/* A backslash belongs to DOMAIN\name, it escapes nothing. */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i] && fnmatch(pattern, text_fold(p->a, texts[i]), FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static bool any_fits(const struct pass *p, const struct connection *c,
                     const struct texts *patterns) {
	for (size_t i = 0; i < patterns->n; i++)
		if (fits(p, c, text_fold(p->a, patterns->v[i])))
			return true;
	return false;
}

static bool shown(const struct pass *p, const struct connection *c) {
	const struct options *o = p->s->o;

	if (p->saved_path)
		return !p->saved.left_out[c - p->connections.v];
	return (!o->only.n || any_fits(p, c, &o->only)) && !any_fits(p, c, &o->except);
}

/* Those of the plan that are shown; `?` and `[]` stand for a letter, however many bytes it has. */
static size_t choose_shown(const struct pass *p, struct plan *plan) {
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		if (shown(p, plan->items[i].connection))
			plan->items[n++] = plan->items[i];
	if (utf8) {
		uselocale(before);
		freelocale(utf8);
	}
	return n;
}

/* Only what the saved plan says is carried out, and only where it is decided so again. */
static void compare_saved(struct pass *p) {
	for (size_t i = 0; i < p->plan.n; i++) {
		struct item *item = p->plan.items + i;
		const char *saved = p->saved.fingerprints[item->connection - p->connections.v];
		p->chosen[i] = saved && item_writes(item) && strcmp(saved, item->fingerprint) == 0;
		if (!saved || p->chosen[i])
			continue;
		item->outcome = OUTCOME_STALE;
		item->message =
		        item->reasons.n ? arena_printf(p->a, "%s: %s", item->reasons.v[0].code,
		                                       item->reasons.v[0].message)
		        : item->action == ACTION_NONE
		                ? "nothing is left to do: it was done since the plan was saved"
		                : "what it was decided from has changed since the plan was saved";
	}
}

static const char *key_of_saved(struct arena *a, const struct connection *c) {
	return arena_printf(a, "%s\n%s\n%d", c->manifest, c->name, c->archive);
}

/* A saved undo names its connections; the run's are read anew. */
static void order_saved(struct pass *p) {
	const char **fingerprints = ARENA_ARRAY(p->a, const char *, p->connections.n + 1);
	bool *left_out = ARENA_ARRAY(p->a, bool, p->connections.n + 1);

	for (size_t i = 0; i < p->connections.n; i++)
		for (size_t k = 0; k < p->saved.connections.n && !fingerprints[i]; k++)
			if (strcmp(key_of_saved(p->a, p->connections.v + i),
			           key_of_saved(p->a, p->saved.connections.v + k)) == 0) {
				fingerprints[i] = p->saved.fingerprints[k];
				left_out[i] = p->saved.left_out[k];
			}
	p->saved.fingerprints = fingerprints;
	p->saved.left_out = left_out;
}

void pass_judge(struct pass *p) {
	struct plan *plan = &p->plan;

	/* Claims are judged over all that was read. */
	p->reopened = !survey_judge(&p->survey, plan);
	if (p->reopened)
		return;
	if (p->saved_path && p->undo_run)
		order_saved(p);
	plan->n = choose_shown(p, plan);
	plan->undo = p->undo_run != 0;
	if (!p->saved_path && !p->undo_run && !p->s->o->arguments.n && !p->s->o->only.n &&
	    !p->s->o->except.n && (!p->agent || p->agent->whole))
		plan_released(p->survey.a, plan, &p->connections, p->survey.world);
	plan_sum(p->survey.a, plan, p->survey.world, &p->s->settings);
	p->chosen = ARENA_ARRAY(p->a, bool, plan->n + 1);
	if (p->saved_path)
		compare_saved(p);
}
