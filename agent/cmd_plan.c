#include "agent/command.h"
#include "agent/oneshot.h"

int cmd_plan(const struct options *o, struct arena *a) {
	struct oneshot one = { 0 };
	int code = oneshot_plan(&one, o, a, (struct plan_source){ 0 });

	if (!code)
		code = oneshot_report(&one, false, true);
	if (!code)
		code = oneshot_save(&one);
	if (code)
		return code;
	const size_t *n = one.pass->plan.counts;
	if (n[ACTION_BLOCKED] || n[ACTION_UNKNOWN])
		return EXIT_BLOCKED;
	if (o->detailed_exitcode && (n[ACTION_CONNECT] || n[ACTION_UPDATE]))
		return EXIT_CHANGES;
	return EXIT_DONE;
}
