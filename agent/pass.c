#include "agent/pass.h"

#include <stdlib.h>
#include <string.h>

#include "base/timestamp.h"

enum { RETRY_MS = 100 };

void pass_fail(struct pass *p, int exit_code) {
	if (p->exit_code)
		return;
	p->exit_code = exit_code;
	p->failed_at = p->state;
}

void pass_fail_unreachable(struct pass *p) {
	p->unreachable = !p->exit_code;
	pass_fail(p, EXIT_UNREACHABLE);
}

/* ---- steps off the loop ---- */

static struct survey *survey(struct pass *p) {
	return p->looking ? &p->look : &p->survey;
}

static void decide(struct pass *p) {
	p->settled = survey_plan(survey(p), &p->s->settings, p->s->now);
}

static void fetch_rows(struct pass *p) {
	if (inventory_fetch(p->inventory, &survey(p)->needs, survey(p)->world, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

static void fetch_entries(struct pass *p) {
	directories_fetch(p->directories, &survey(p)->needs, survey(p)->world);
}

static void begin_run(struct pass *p) {
	pass_take_turns(p);
	p->looking = pass_next_window(p);
	if (p->looking)
		directories_end(p->directories);
	inventory_end(p->inventory);
	p->run = (struct run){ .started = p->s->now,
		               .ended = TIMESTAMP_NONE,
		               .mode = p->undo_run ? "undo"
		                       : p->agent  ? "agent"
		                                   : "apply",
		               .undoes = p->undo_run,
		               .revision = p->revision ? p->revision : "",
		               .digest = p->plan.digest,
		               .outcome = "" };
	if (inventory_run_begin(p->inventory, &p->run, &p->run.id, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

static void choose(struct pass *p) {
	p->agent->choose(p);
}

static void record(struct pass *p) {
	pass_record(p);
	p->more = p->looking && !p->exit_code && pass_next_window(p);
}

static void end_run(struct pass *p) {
	if (p->inventory)
		inventory_end(p->inventory);
	if (!p->run.id || p->run_ended)
		return;
	pass_end_run(p);
	p->run_ended = true;
}

/* The ledger is complete before anybody takes note of it. */
static void note(struct pass *p) {
	end_run(p);
	pass_leave_rest(p);
	p->agent->note(p);
}

static void end(struct pass *p) {
	end_run(p);
	/* Nobody is at the directory any more; the lock goes last. */
	if (p->directories)
		directories_end(p->directories);
	p->lock = lock_release(p->lock);
}

/* ---- the loop ---- */

/* Whoever reads what the agent logs is told what is released. */
static bool has_to_write(const struct pass *p) {
	bool any = p->writes && p->plan.released.n && !p->plan.over_limit;

	for (size_t i = 0; i < p->plan.n && !any; i++)
		any = p->chosen[i];
	return any && !p->interrupted;
}

static const struct step {
	void (*work)(struct pass *);
	enum pass_place where;
	const char *phase;
	enum pass_state then;
} steps[] = {
	[PASS_READ] = { pass_read, ON_POOL, "reading manifests", PASS_OPEN },
	[PASS_OPEN] = { pass_open, ON_STORE, "opening the store", PASS_OPENED },
	[PASS_LOCK_TO_RECOVER] = { pass_take_lock, ON_STORE, "taking the lock", PASS_RECOVER },
	[PASS_LOCK_TO_WRITE] = { pass_take_lock, ON_STORE, "taking the lock", PASS_RUN },
	[PASS_RECOVER] = { pass_recover, ON_STORE, "settling an earlier run", PASS_BEGIN },
	[PASS_BEGIN] = { pass_begin, ON_DIRECTORY, "reading the directory", PASS_LOAD },
	[PASS_LOAD] = { pass_load, ON_STORE, "reading the store", PASS_DECIDE },
	[PASS_DECIDE] = { decide, ON_POOL, "planning", PASS_ROWS },
	[PASS_ROWS] = { fetch_rows, ON_STORE, "reading the store", PASS_ENTRIES },
	[PASS_ENTRIES] = { fetch_entries, ON_DIRECTORY, "reading the directory", PASS_DECIDE },
	[PASS_JUDGE] = { pass_judge, ON_POOL, "planning", PASS_JUDGED },
	[PASS_CHOOSE] = { choose, ON_POOL, "choosing", PASS_CHOSEN },
	[PASS_RUN] = { begin_run, ON_STORE, "opening a run", PASS_RUNS },
	[PASS_COMPARE] = { pass_compare, ON_POOL, "looking again", PASS_INTEND },
	[PASS_INTEND] = { pass_intend, ON_STORE, "journaling", PASS_WRITE },
	[PASS_WRITE] = { pass_carry_out, ON_DIRECTORY, "writing", PASS_VERIFY },
	[PASS_VERIFY] = { pass_verify, ON_DIRECTORY, "verifying", PASS_RECORD },
	[PASS_RECORD] = { record, ON_STORE, "recording", PASS_RECORDED },
	[PASS_NOTE] = { note, ON_STORE, "taking note", PASS_END },
	[PASS_END] = { end, ON_STORE, "closing the run", PASS_DONE },
};

static void pass_step(struct pass *p);

static struct pass *of_job(struct job *job) {
	return (struct pass *)((char *)job - offsetof(struct pass, job));
}

static void on_work(struct job *job) {
	struct pass *p = of_job(job);
	uint64_t begin = uv_hrtime();

	steps[p->state].work(p);
	p->seconds = (double)(uv_hrtime() - begin) / 1e9;
}

static void on_done(struct job *job) {
	struct pass *p = of_job(job);

	if (p->agent)
		p->agent->spent(p, steps[p->state].where, p->seconds);
	p->state = p->exit_code && p->state != PASS_END ? PASS_END : p->next;
	pass_step(p);
}

static void on_retry(uv_timer_t *timer) {
	pass_step((struct pass *)((char *)timer - offsetof(struct pass, retry)));
}

/* The state is set before the work that may end it begins. */
static void go(struct pass *p) {
	const struct step *step = steps + p->state;

	p->next = step->then;
	p->phase = step->phase;
	p->job = (struct job){ .work = on_work, .done = on_done };
	worker_submit(p->threads.of[step->where], &p->job);
}

/* Somebody holds a lock: waits and takes the step again, or gives up. */
static void wait_for_lock(struct pass *p) {
	p->phase = p->error.text;
	p->waited += RETRY_MS;
	if (p->waited > p->s->o->lock_timeout * 1000 || p->interrupted) {
		pass_fail(p, EXIT_REFUSED);
		p->state = PASS_END;
		uv_timer_start(&p->retry, on_retry, 0, 0);
		return;
	}
	p->error.code = OK;
	uv_timer_start(&p->retry, on_retry, RETRY_MS, 0);
}

/* Behind pass_take_lock(): false where it has to be tried again. */
static bool locked(struct pass *p, enum pass_state again) {
	if (p->lock) {
		p->waited = 0;
		return true;
	}
	p->state = again;
	wait_for_lock(p);
	return false;
}

/* Where no work is done, only the way is chosen. */
static enum pass_state after(struct pass *p) {
	bool reopened = p->reopened;

	switch (p->state) {
	case PASS_OPENED:
		return pass_opens_to_write(p) || p->unsettled ? PASS_LOCK_TO_RECOVER : PASS_BEGIN;
	case PASS_SETTLED:
		return p->looking ? PASS_COMPARE : PASS_JUDGE;
	case PASS_JUDGED:
		p->reopened = false;
		return reopened ? PASS_DECIDE : p->agent ? PASS_CHOOSE : PASS_END;
	case PASS_CHOSEN:
		return has_to_write(p) ? PASS_LOCK_TO_WRITE : PASS_NOTE;
	case PASS_RUNS:
		return p->looking ? PASS_BEGIN : PASS_RECORD;
	case PASS_RECORDED:
		return p->more ? PASS_LOAD : p->agent ? PASS_NOTE : PASS_END;
	default:
		abort();
	}
}

/* What the step before it left; false: another one is to be taken, now or later. */
static bool may_begin(struct pass *p) {
	switch (p->state) {
	case PASS_RECOVER:
		return locked(p, PASS_LOCK_TO_RECOVER);
	case PASS_RUN:
		return locked(p, PASS_LOCK_TO_WRITE);
	case PASS_BEGIN:
		/* The question is asked without a lock; the look-again keeps it. */
		if (!p->looking)
			p->lock = lock_release(p->lock);
		return true;
	case PASS_LOAD:
		if (p->error.code != ERR_LOCKED)
			return true;
		p->state = PASS_BEGIN;
		wait_for_lock(p);
		return false;
	case PASS_ROWS:
		if (!p->settled)
			return true;
		p->state = PASS_SETTLED;
		pass_step(p);
		return false;
	default:
		return true;
	}
}

/*
 *   pass_plan():  READ ~> OPEN ~> [LOCK_TO_RECOVER ~> RECOVER] ~> BEGIN ~> rounds ~> JUDGE ~> END
 *                 --> DONE
 *   pass_write(): LOCK_TO_WRITE ~> RUN ~> [BEGIN ~> windows] ~> RECORD ~> END --> DONE
 *   the agent's:  ... JUDGE ~> CHOOSE ~> [LOCK_TO_WRITE ~> ... RECORD] ~> NOTE ~> END --> DONE
 *   windows:      rounds ~> COMPARE ~> INTEND ~> WRITE ~> VERIFY [~> RECORD --> windows]
 *   rounds:       LOAD ~> DECIDE ~> [ROWS ~> ENTRIES ~> DECIDE ...]
 *   JUDGE may send the archives back to DECIDE, once.
 *
 * "~>" is work on a thread: on_done() comes back here with the next state. "-->" goes on at once.
 * RECOVER stands for an apply, and for the agent where something is open; what is in brackets
 * behind it only where something is to be written. Any failure goes to END.
 */
static void pass_step(struct pass *p) {
	while (p->state != PASS_DONE && !steps[p->state].work)
		p->state = after(p);
	if (p->state == PASS_DONE)
		p->done(p); /* may free the pass: nothing follows */
	else if (may_begin(p))
		go(p);
}

struct pass_threads pass_threads_start(uv_loop_t *loop) {
	struct pass_threads threads;

	for (int i = 0; i < PASS_PLACES; i++)
		threads.of[i] = worker_start(loop);
	return threads;
}

struct pass *pass_new(uv_loop_t *loop, struct pass_threads threads, const struct session *s,
                      bool writes) {
	struct pass *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->loop = loop;
	p->s = s;
	p->writes = writes;
	p->a = arena_new();
	p->threads = threads;
	uv_timer_init(loop, &p->retry);
	return p;
}

static void on_retry_closed(uv_handle_t *handle) {
	struct pass *p = (struct pass *)((char *)handle - offsetof(struct pass, retry));

	p->stopped(p);
}

void pass_stop(struct pass *p, void (*stopped)(struct pass *)) {
	p->stopped = stopped;
	uv_close((uv_handle_t *)&p->retry, on_retry_closed);
}

void pass_free(struct pass *p) {
	survey_end(&p->survey);
	survey_end(&p->look);
	world_free(p->tables);
	inventory_close(p->inventory);
	directories_free(p->directories);
	away_free(p->away);
	lock_release(p->lock);
	arena_free(p->a);
	free(p);
}

bool pass_only_reads(const struct pass *p) {
	return !p->lock && p->state != PASS_RECOVER && p->state != PASS_LOCK_TO_RECOVER &&
	       p->state != PASS_LOCK_TO_WRITE && p->state != PASS_RUN && p->state != PASS_NOTE;
}

void pass_plan(struct pass *p, void (*done)(struct pass *)) {
	p->done = done;
	p->state = PASS_READ;
	pass_step(p);
}

void pass_write(struct pass *p, void (*done)(struct pass *)) {
	p->done = done;
	p->state = PASS_LOCK_TO_WRITE;
	pass_step(p);
}
