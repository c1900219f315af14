/*
 * worker -- a thread with a queue, for what blocks: SQLite, a directory, long reckoning.
 *
 * Jobs are done one after another in the order of their submission; each answer comes back to the
 * loop's thread. The caller embeds the job in what it is about and owns it throughout.
 */
#pragma once

#include <uv.h>

struct job {
	void (*work)(struct job *); /* on the worker's thread */
	void (*done)(struct job *); /* on the loop's thread, never from within worker_submit() */
	struct job *next;           /* the queue's own */
};

struct worker;

/* Signals are blocked in the thread: they belong to the loop. Never fails; the process ends. */
struct worker *worker_start(uv_loop_t *loop);
void worker_submit(struct worker *w, struct job *job);

/* Waits for the job that is running; none may be queued. The loop must run once more after it. */
void worker_stop(struct worker *w);
