/*
 * oneshot -- a pass for a command that a person runs: the loop, the progress, the signals.
 */
#pragma once

#include "agent/output.h"
#include "agent/pass.h"

struct oneshot {
	struct session session;
	struct outputs outputs;
	uv_loop_t loop;
	struct pass *pass;
};

/* What a plan is made from: manifests, unless one of the others is given. */
struct plan_source {
	bool writes;       /* it is to be carried out */
	const char *saved; /* apply --plan FILE */
	int64_t undo_run;  /* undo RUN */
};

/* Reads config and options, makes the plan. An exit code with the reason printed; 0 to go on. */
int oneshot_plan(struct oneshot *one, const struct options *o, struct arena *a,
                 struct plan_source source);

/* --save FILE, where it was given. An exit code with the reason printed, or 0. */
int oneshot_save(struct oneshot *one);

/* Carries out what is chosen. From now on SIGINT and SIGTERM end what is in flight, no more. */
int oneshot_write(struct oneshot *one);

/* The plan (or, when it was carried out, what became of it) to every output that was asked for;
 * `text_too`: those in text as well. */
int oneshot_report(struct oneshot *one, bool applied, bool text_too);

/* The text of the plan or of the ledger, as it goes to standard output. */
void oneshot_text(struct oneshot *one, bool ledger, struct buf *out);
