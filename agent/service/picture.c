#include "agent/service/picture.h"

const char *const agent_state_names[] = { "starting", "waiting", "planning", "writing",
	                                  "stopping" };
const char *const pass_result_names[] = { "done", "partial", "refused", "failed" };

size_t findings_attention(const struct findings *f) {
	size_t suspended = f->counts[ACTION_SUSPENDED];

	return f->attention_total > suspended ? f->attention_total - suspended : 0;
}
