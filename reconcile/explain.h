/*
 * explain -- how one connection came to its action: the questions with their answers, and every
 * rule with its outcome.
 *
 * The decision is taken once more, by the same functions, with a trace kept of the rules that
 * were asked. What shows only over all connections (claims) is taken from the item as it stands
 * in the plan.
 */
#pragma once

#include "base/buf.h"
#include "reconcile/render.h"

enum rule_outcome {
	RULE_NOT_ASKED, /* what it would have been asked about is not there, or does not matter */
	RULE_PASSED,
	RULE_LIFTED, /* by a consent in `allow` */
	RULE_HELD,
	RULE_BLOCKED,
	RULE_UNKNOWN
};
extern const char *const rule_outcome_names[];

struct rule_tried {
	const char *code;
	enum rule_outcome outcome;
	const char *message; /* NULL where there is nothing to say */
};

struct question {
	const char *name, *answer;
};

struct explanation {
	const struct item *item;
	struct {
		struct question *v;
		size_t n, cap;
	} questions;
	struct {
		struct rule_tried *v;
		size_t n, cap;
	} rules;
};

/* Of an item that plan_connection() decided from this world, with the same arguments. */
void plan_explain(struct arena *a, const struct item *item, const struct world *w,
                  const struct settings *s, int64_t now, const struct beside *beside,
                  struct explanation *ret);

/* `named`: a connection of the manifests speaks of the mailbox; else it is what would be found. */
void render_explain_text(const struct explanation *list, size_t n, bool named,
                         const struct render_options *o, struct buf *out);
void render_explain_json(const struct explanation *list, size_t n, bool named, struct buf *out);
