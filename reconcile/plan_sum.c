/* What shows only over all connections: counts, limits, the digest. */
#include <inttypes.h>

#include "reconcile/digest.h"
#include "reconcile/plan.h"

enum { SHARE_ASKED_FROM = 20 };

static void check_limits(struct arena *a, struct plan *p, const struct world *w,
                         const struct settings *s) {
	/* What takes something from somebody who has it: `disconnect` is an undo's alone. */
	int64_t updates = (int64_t)(p->counts[ACTION_UPDATE] + p->counts[ACTION_DISCONNECT]);
	int64_t writes = (int64_t)p->counts[ACTION_CONNECT] + updates;
	int64_t applied = (int64_t)world_applied_count(w);

	if (writes > s->limit_changes)
		p->limit_text = arena_printf(
		        a,
		        "%" PRId64
		        " connections would be written and `limits.changes` allows %" PRId64
		        "; look closely, then run again with --max-changes %" PRId64,
		        writes, s->limit_changes, writes);
	else if (s->limit_percent >= 0 && applied >= SHARE_ASKED_FROM &&
	         updates * 100 > s->limit_percent * applied)
		p->limit_text = arena_printf(
		        a,
		        "%" PRId64 " of the %" PRId64 " connections applied before would be "
		        "%s and `limits.changesPercent` allows "
		        "%" PRId64
		        " percent; look closely, then run again with --max-changes %" PRId64,
		        updates, applied, p->undo ? "taken back" : "updated", s->limit_percent,
		        writes);
	p->over_limit = p->limit_text != NULL;
}

void plan_sum(struct arena *a, struct plan *p, const struct world *w, const struct settings *s) {
	for (size_t i = 0; i < p->n; i++)
		p->counts[p->items[i].action]++;
	p->complete = p->counts[ACTION_UNKNOWN] == 0;
	check_limits(a, p, w, s);
	p->digest = plan_digest(a, p);
}
