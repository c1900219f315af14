/* What shows over all connections, and which of them are shown. */
#include <fnmatch.h>

#include "agent/pass.h"

static bool fits(const struct connection *c, const char *pattern) {
	const char *texts[] = { c->name, c->mailbox, c->user, c->database };

	/* A backslash belongs to DOMAIN\name, it escapes nothing. */
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (texts[i] && fnmatch(pattern, texts[i], FNM_CASEFOLD | FNM_NOESCAPE) == 0)
			return true;
	return false;
}

static bool any_fits(const struct connection *c, const struct texts *patterns) {
	for (size_t i = 0; i < patterns->n; i++)
		if (fits(c, patterns->v[i]))
			return true;
	return false;
}

static bool shown(const struct options *o, const struct connection *c) {
	return (!o->only.n || any_fits(c, &o->only)) && !any_fits(c, &o->except);
}

void pass_judge(struct pass *p) {
	struct plan *plan = &p->plan;
	size_t n = 0;

	plan->items = p->survey.items;
	plan->n = p->survey.n;
	/* Claims are judged over all that was read. */
	plan_claims(p->survey.a, plan);
	for (size_t i = 0; i < plan->n; i++)
		if (shown(p->s->o, plan->items[i].connection))
			plan->items[n++] = plan->items[i];
	plan->n = n;
	plan_sum(p->survey.a, plan, p->survey.world, &p->s->settings);
	p->chosen = ARENA_ARRAY(p->a, bool, n + 1);
}
