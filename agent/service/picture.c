#include "agent/service/picture.h"

const char *const agent_state_names[] = { "starting", "waiting", "planning", "writing",
	                                  "stopping" };
const char *const pass_result_names[] = { "done", "partial", "refused", "failed" };
