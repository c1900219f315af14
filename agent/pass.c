#include "agent/pass.h"

#include <stdlib.h>
#include <string.h>

#include "agent/manifests.h"
#include "base/timestamp.h"

enum { RETRY_MS = 100 };

void pass_fail(struct pass *p, int exit_code) {
	if (!p->exit_code)
		p->exit_code = exit_code;
}

/* ---- steps off the loop ---- */

static void begin_survey(struct pass *p) {
	p->list = ARENA_ARRAY(p->a, const struct connection *, p->connections.n + 1);
	for (size_t i = 0; i < p->connections.n; i++)
		p->list[i] = p->connections.v + i;
	survey_begin(&p->survey, p->list, p->undone, p->connections.n);
}

static void read_saved(struct pass *p) {
	if (saved_read(p->a, p->saved_path, &p->saved, &p->error) < 0) {
		pass_fail(p, p->error.code == ERR_CONFLICT ? EXIT_REFUSED : EXIT_USAGE);
		return;
	}
	p->undo_run = p->saved.undo_run;
	p->connections = p->saved.connections;
	if (!p->undo_run)
		begin_survey(p);
}

/* What the run did becomes what is to be taken back. */
static void read_run(struct pass *p) {
	struct done *done;
	size_t n;

	if (inventory_done(p->inventory, p->a, p->undo_run, &done, &n, &p->error) < 0) {
		pass_fail(p, p->error.code == ERR_INVALID ? EXIT_USAGE : EXIT_UNREACHABLE);
		return;
	}
	p->connections = (struct connections){ 0 };
	p->undone = ARENA_ARRAY(p->a, const struct done *, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct connection c = undo_connection_of(p->a, done + i);
		ARENA_PUSH(p->a, &p->connections, c);
		p->undone[i] = done + i;
	}
	begin_survey(p);
}

static void read_manifests(struct pass *p) {
	if (p->saved_path) {
		read_saved(p);
		return;
	}
	if (p->undo_run)
		return;
	p->diags.arena = p->a;
	manifests_read(p->a, p->s->paths, &p->s->config, &p->connections, &p->files, &p->diags);
	if (p->diags.n) {
		pass_fail(p, EXIT_MANIFEST);
		return;
	}
	begin_survey(p);
}

static void open_store(struct pass *p) {
	enum inventory_mode mode = p->writes ? INVENTORY_WRITE : INVENTORY_READ;

	if (directory_new(&p->s->directory, &p->directory, &p->error) < 0)
		pass_fail(p, EXIT_CONFIG);
	else if (inventory_open(p->s->store, mode, &p->inventory, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
	else if (p->undo_run)
		read_run(p);
}

/* ERR_LOCKED is not an end: the step is taken again. */
static void begin_directory(struct pass *p) {
	if (directory_begin(p->directory, p->looking, &p->error) == OK)
		return;
	directory_end(p->directory);
	if (p->error.code != ERR_LOCKED)
		pass_fail(p, EXIT_UNREACHABLE);
}

static struct survey *survey(struct pass *p) {
	return p->looking ? &p->look : &p->survey;
}

/* Under the lock nobody writes the tables but this run, and it writes each connection once. */
static int load_once(struct pass *p) {
	int r;

	if (p->tables) {
		r = inventory_look(p->inventory, &p->error);
	} else {
		p->tables = world_new(p->a);
		r = inventory_load(p->inventory, p->tables, &p->error);
	}
	world_share_tables(p->look.world, p->tables);
	return r;
}

static void load(struct pass *p) {
	int r = p->looking ? load_once(p)
	                   : inventory_load(p->inventory, p->survey.world, &p->error);

	if (r < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

static void decide(struct pass *p) {
	p->settled = survey_plan(survey(p), &p->s->settings, p->s->now);
}

static void fetch_rows(struct pass *p) {
	if (inventory_fetch(p->inventory, &survey(p)->needs, survey(p)->world, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

static void fetch_entries(struct pass *p) {
	directory_fetch(p->directory, &survey(p)->needs, survey(p)->world);
}

static void begin_run(struct pass *p) {
	inventory_end(p->inventory);
	if (inventory_run_begin(p->inventory, &p->run, &p->run.id, &p->error) < 0)
		pass_fail(p, EXIT_UNREACHABLE);
}

static void end_store(struct pass *p) {
	if (p->inventory)
		inventory_end(p->inventory);
	if (p->run.id)
		pass_end_run(p);
}

/* ---- the loop ---- */

static const struct step {
	void (*work)(struct pass *);
	enum { ON_POOL, ON_STORE, ON_DIRECTORY } where;
	const char *phase;
} steps[] = {
	[PASS_READ] = { read_manifests, ON_POOL, "reading manifests" },
	[PASS_OPEN] = { open_store, ON_STORE, "opening the store" },
	[PASS_RECOVER] = { pass_recover, ON_STORE, "settling an earlier run" },
	[PASS_BEGIN] = { begin_directory, ON_DIRECTORY, "reading the directory" },
	[PASS_LOAD] = { load, ON_STORE, "reading the store" },
	[PASS_DECIDE] = { decide, ON_POOL, "planning" },
	[PASS_ROWS] = { fetch_rows, ON_STORE, "reading the store" },
	[PASS_ENTRIES] = { fetch_entries, ON_DIRECTORY, "reading the directory" },
	[PASS_JUDGE] = { pass_judge, ON_POOL, "planning" },
	[PASS_RUN] = { begin_run, ON_STORE, "opening a run" },
	[PASS_COMPARE] = { pass_compare, ON_POOL, "looking again" },
	[PASS_INTEND] = { pass_intend, ON_STORE, "journaling" },
	[PASS_WRITE] = { pass_carry_out, ON_DIRECTORY, "writing" },
	[PASS_VERIFY] = { pass_verify, ON_DIRECTORY, "verifying" },
	[PASS_RECORD] = { pass_record, ON_STORE, "recording" },
	[PASS_END] = { end_store, ON_STORE, "closing the run" },
};

static void pass_step(struct pass *p);

static struct pass *of_job(struct job *job) {
	return (struct pass *)((char *)job - offsetof(struct pass, job));
}

static void on_work(struct job *job) {
	struct pass *p = of_job(job);

	steps[p->state].work(p);
}

static void on_done(struct job *job) {
	struct pass *p = of_job(job);

	p->state = p->exit_code && p->state != PASS_END ? PASS_END : p->next;
	pass_step(p);
}

static void on_retry(uv_timer_t *timer) {
	pass_step((struct pass *)((char *)timer - offsetof(struct pass, retry)));
}

/* The state is set before the work that may end it begins. */
static void go(struct pass *p, enum pass_state next) {
	struct worker *workers[] = {
		[ON_POOL] = p->pool, [ON_STORE] = p->store, [ON_DIRECTORY] = p->directory_worker
	};
	const struct step *step = steps + p->state;

	p->next = next;
	p->phase = step->phase;
	p->job = (struct job){ .work = on_work, .done = on_done };
	worker_submit(workers[step->where], &p->job);
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

static void lock(struct pass *p, enum pass_state next) {
	const char *path = arena_printf(p->a, "%s.run", p->s->store);

	if (lock_try(path, "apply", &p->lock, &p->error) == OK) {
		p->waited = 0;
		p->state = next;
		uv_timer_start(&p->retry, on_retry, 0, 0);
	} else if (p->error.code == ERR_LOCKED) {
		wait_for_lock(p);
	} else {
		pass_fail(p, EXIT_UNREACHABLE);
		p->state = PASS_END;
		uv_timer_start(&p->retry, on_retry, 0, 0);
	}
}

/*
 *   pass_plan():  READ ~> OPEN ~> [LOCK_TO_RECOVER ~> RECOVER] ~> BEGIN ~> rounds ~> JUDGE ~> END
 *                 --> DONE
 *   pass_write(): LOCK_TO_WRITE ~> RUN ~> [BEGIN ~> windows] ~> RECORD ~> END --> DONE
 *   windows:      rounds ~> COMPARE ~> INTEND ~> WRITE ~> VERIFY [~> RECORD --> windows]
 *   rounds:       LOAD ~> DECIDE ~> [ROWS ~> ENTRIES ~> DECIDE ...]
 *   JUDGE may send the archives back to DECIDE, once.
 *
 * "~>" is work on a thread: on_done() comes back here with the next state. "-->" goes on at once.
 * RECOVER stands for an apply alone; what is in brackets in pass_write() only where something is
 * to be written. Any failure goes to END.
 */
static void pass_step(struct pass *p) {
	switch (p->state) {
	case PASS_READ:
		go(p, PASS_OPEN);
		return;
	case PASS_OPEN:
		go(p, p->writes ? PASS_LOCK_TO_RECOVER : PASS_BEGIN);
		return;
	case PASS_LOCK_TO_RECOVER:
		lock(p, PASS_RECOVER);
		return;
	case PASS_RECOVER:
		go(p, PASS_BEGIN);
		return;
	case PASS_BEGIN:
		/* The question is asked without a lock; the look-again keeps it. */
		if (!p->looking)
			p->lock = lock_release(p->lock);
		go(p, PASS_LOAD);
		return;
	case PASS_LOAD:
		if (p->error.code == ERR_LOCKED) {
			p->state = PASS_BEGIN;
			wait_for_lock(p);
			return;
		}
		go(p, PASS_DECIDE);
		return;
	case PASS_DECIDE:
		go(p, PASS_ROWS);
		return;
	case PASS_ROWS:
		if (p->settled) {
			p->state = p->looking ? PASS_COMPARE : PASS_JUDGE;
			pass_step(p);
			return;
		}
		go(p, PASS_ENTRIES);
		return;
	case PASS_ENTRIES:
		go(p, PASS_DECIDE);
		return;
	case PASS_JUDGE:
		go(p, PASS_JUDGED);
		return;
	case PASS_JUDGED:
		p->state = p->reopened ? PASS_DECIDE : PASS_END;
		p->reopened = false;
		pass_step(p);
		return;
	case PASS_LOCK_TO_WRITE:
		lock(p, PASS_RUN);
		return;
	case PASS_RUN:
		pass_take_turns(p);
		p->looking = pass_next_window(p);
		if (p->looking)
			directory_end(p->directory);
		go(p, p->looking ? PASS_BEGIN : PASS_RECORD);
		return;
	case PASS_COMPARE:
		go(p, PASS_INTEND);
		return;
	case PASS_INTEND:
		go(p, PASS_WRITE);
		return;
	case PASS_WRITE:
		go(p, PASS_VERIFY);
		return;
	case PASS_VERIFY:
		go(p, PASS_RECORD);
		return;
	case PASS_RECORD:
		go(p, PASS_RECORDED);
		return;
	case PASS_RECORDED:
		p->state = p->looking && pass_next_window(p) ? PASS_LOAD : PASS_END;
		pass_step(p);
		return;
	case PASS_END:
		go(p, PASS_DONE);
		return;
	case PASS_DONE:
		if (p->directory)
			directory_end(p->directory);
		p->lock = lock_release(p->lock);
		p->done(p); /* may free the pass: nothing follows */
		return;
	}
}

struct pass *pass_new(uv_loop_t *loop, const struct session *s, bool writes) {
	struct pass *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->loop = loop;
	p->s = s;
	p->writes = writes;
	p->a = arena_new();
	p->store = worker_start(loop);
	p->directory_worker = worker_start(loop);
	p->pool = worker_start(loop);
	uv_timer_init(loop, &p->retry);
	return p;
}

void pass_stop(struct pass *p) {
	worker_stop(p->store);
	worker_stop(p->directory_worker);
	worker_stop(p->pool);
	uv_close((uv_handle_t *)&p->retry, NULL);
}

void pass_free(struct pass *p) {
	survey_end(&p->survey);
	survey_end(&p->look);
	world_free(p->tables);
	inventory_close(p->inventory);
	directory_free(p->directory);
	lock_release(p->lock);
	arena_free(p->a);
	free(p);
}

void pass_plan(struct pass *p, void (*done)(struct pass *)) {
	p->done = done;
	p->state = PASS_READ;
	pass_step(p);
}

void pass_write(struct pass *p, void (*done)(struct pass *)) {
	p->done = done;
	p->run = (struct run){ .started = p->s->now,
		               .ended = TIMESTAMP_NONE,
		               .mode = p->undo_run ? "undo" : "apply",
		               .undoes = p->undo_run,
		               .revision = "",
		               .digest = p->plan.digest,
		               .outcome = "" };
	p->state = PASS_LOCK_TO_WRITE;
	pass_step(p);
}
