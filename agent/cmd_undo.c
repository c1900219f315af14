#include <stdio.h>

#include "agent/command.h"
#include "agent/oneshot.h"

int cmd_undo(const struct options *o, struct arena *a) {
	struct oneshot one = { 0 };
	int64_t run;
	int code = run_number(o->arguments.v[0], &run);

	if (!code)
		code = oneshot_plan(&one, o, a, (struct plan_source){ .undo_run = run });
	if (!code)
		code = oneshot_report(&one, false, true);
	if (!code)
		code = oneshot_save(&one);
	if (code)
		return code;
	if (!o->save && !o->quiet &&
	    one.pass->plan.counts[ACTION_DISCONNECT] + one.pass->plan.counts[ACTION_UPDATE])
		fprintf(stderr,
		        "mbxctl: nothing was written; to carry it out: mbxctl undo %s --save FILE, "
		        "then mbxctl "
		        "apply --plan FILE\n",
		        o->arguments.v[0]);
	const size_t *n = one.pass->plan.counts;
	if (n[ACTION_BLOCKED] || n[ACTION_UNKNOWN])
		return EXIT_BLOCKED;
	if (o->detailed_exitcode && (n[ACTION_DISCONNECT] || n[ACTION_UPDATE]))
		return EXIT_CHANGES;
	return EXIT_DONE;
}
