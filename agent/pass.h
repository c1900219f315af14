/*
 * pass -- one reconcile pass, from the manifests to the ledger.
 *
 * A pass has two halves. pass_plan() reads everything and makes the plan; nothing is locked and
 * nothing written but what recovery closes (apply alone). pass_write() carries out the items that
 * were chosen, after looking again. What is asked between the halves is the command's business.
 * Both return at once and call `done` from the loop when they have ended. The agent's passes ask
 * nobody: its pass_plan() chooses by itself and goes on to the end.
 */
#pragma once

#include <uv.h>

#include "agent/directories.h"
#include "agent/saved.h"
#include "agent/session.h"
#include "agent/survey.h"
#include "agent/worker.h"
#include "base/lock.h"
#include "store/inventory/inventory.h"

enum pass_state {
	PASS_READ,
	PASS_OPEN,
	PASS_OPENED,
	PASS_LOCK_TO_RECOVER,
	PASS_RECOVER,
	PASS_BEGIN,
	PASS_LOAD,
	PASS_DECIDE,
	PASS_ROWS,
	PASS_ENTRIES,
	PASS_SETTLED,
	PASS_JUDGE,
	PASS_JUDGED,
	PASS_CHOOSE,
	PASS_CHOSEN,
	PASS_LOCK_TO_WRITE,
	PASS_RUN,
	PASS_RUNS,
	PASS_COMPARE,
	PASS_INTEND,
	PASS_WRITE,
	PASS_VERIFY,
	PASS_RECORD,
	PASS_RECORDED,
	PASS_NOTE,
	PASS_END,
	PASS_DONE
};

/* Whose time a step takes. */
enum pass_place { ON_POOL, ON_STORE, ON_DIRECTORY, PASS_PLACES };

/* A thread each, of one pass after the other: the loop never has to wait for the end of one. */
struct pass_threads {
	struct worker *of[PASS_PLACES];
};

/* What the agent has beside a command; each but `spent` runs off the loop. */
struct pass;
struct pass_agent {
	const struct connections *connections; /* those in force, instead of reading manifests */
	bool whole; /* no file is missing among them: what is not there is released */
	void (*loaded)(struct pass *); /* the store is open: what else is read from it */
	void (*choose)(struct pass *); /* sets p->chosen, and the outcome of what is left */
	void (*note)(struct pass *);   /* the end of a pass that made a plan */
	void (*spent)(struct pass *, enum pass_place where, double seconds); /* on the loop */
	void *context;
};

struct pass {
	uv_loop_t *loop;
	const struct session *s;
	struct arena *a;
	bool writes;                    /* an apply: recovers first, opens the store for writing */
	const char *saved_path;         /* apply --plan: instead of manifests; or NULL */
	int64_t undo_run;               /* takes this run back, instead of manifests; or 0 */
	const struct pass_agent *agent; /* NULL: a command's */
	void (*done)(struct pass *), (*stopped)(struct pass *);

	enum pass_state state, next;
	const char *phase; /* what is being done, for progress */
	struct job job;
	struct pass_threads threads;
	uv_timer_t retry;
	int64_t waited; /* milliseconds, for a lock */
	volatile bool interrupted;
	const char *interrupted_by; /* why, where it was no signal; NULL */
	double seconds;             /* that the last step took */
	bool more;                  /* another window is to be written */
	bool run_ended;
	const char *revision;      /* of the manifests' git checkout; NULL */
	bool unsettled;            /* of the agent: there are open intents */
	enum pass_state failed_at; /* with an exit code: the step that failed */
	bool unreachable;          /* with an exit code: it was the directory */

	struct connections connections;
	struct saved saved;
	const struct done **undone; /* of an undo: by connection */
	const struct connection **list;
	size_t files;
	struct diags diags;
	struct inventory *inventory;
	struct away *away; /* of the agent: who did not answer; NULL */
	struct directories *directories;
	struct lock *lock;
	struct survey survey, look; /* for the plan; for looking again */
	bool looking;               /* the rounds are those of `look` */
	struct world *tables;       /* the inventory's, for every window of looking again */
	bool settled;
	bool reopened; /* archives are to be decided again */
	struct plan plan;
	bool *chosen; /* by plan item: to be written */
	struct {      /* the chosen, in the order in which they are written, a window at a time */
		size_t *v; /* places in the plan */
		size_t n, at;
		bool stopped; /* nothing further is written */
	} turns;
	size_t *look_index; /* by item of `look`: its place in the plan */
	struct modification *batch;
	struct item **batch_items;
	size_t n_batch;
	struct run run;

	int exit_code; /* not 0: it ended early, for what `error` says */
	struct error error;
};

struct pass_threads pass_threads_start(uv_loop_t *loop);

struct pass *pass_new(uv_loop_t *loop, struct pass_threads threads, const struct session *s,
                      bool writes);
/* `stopped` is called from the loop when nothing of the pass is on it any more. */
void pass_stop(struct pass *p, void (*stopped)(struct pass *));
/* Any thread, once it is stopped; takes its time where much was planned. */
void pass_free(struct pass *p);
/* Whether it can be left at once without anything half done: nothing is being written. */
bool pass_only_reads(const struct pass *p);

void pass_plan(struct pass *p, void (*done)(struct pass *));
/* The items with `chosen` are carried out; those not chosen that are `none` are pinned. */
void pass_write(struct pass *p, void (*done)(struct pass *));

/* ---- steps of pass.c that have a file of their own; each runs off the loop ---- */

/* agent/pass_read.c ... */
void pass_read(struct pass *p); /* what is wished */
void pass_open(struct pass *p); /* the store, and the directory's config */
/* p->lock, and the store for writing; where somebody else has it, the error is ERR_LOCKED alone. */
void pass_take_lock(struct pass *p);
void pass_begin(struct pass *p); /* the directory, likewise */
void pass_load(struct pass *p);
/* Is the store opened for writing at once? The agent does where there is something to write. */
bool pass_opens_to_write(const struct pass *p);
void pass_recover(struct pass *p);     /* agent/pass_recover.c: under the lock */
void pass_judge(struct pass *p);       /* agent/pass_judge.c: claims, filters, sums */
void pass_take_turns(struct pass *p);  /* agent/pass_turns.c: the order of writing */
bool pass_next_window(struct pass *p); /* begins to look again; false: none is left */
void pass_compare(struct pass *p);     /* agent/pass_write.c ... */
void pass_intend(struct pass *p);
void pass_carry_out(struct pass *p);
void pass_verify(struct pass *p); /* agent/pass_verify.c: who else holds it */
void pass_record(struct pass *p);
void pass_leave_rest(struct pass *p); /* those chosen whose turn did not come */
void pass_end_run(struct pass *p);

/* Ends the pass with an exit code and the text that p->error holds. */
void pass_fail(struct pass *p, int exit_code);
void pass_fail_unreachable(struct pass *p); /* the directory */
