#include "agent/worker.h"

#include <signal.h>
#include <stdlib.h>

struct queue {
	struct job *first, *last;
};

struct worker {
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t wake;
	uv_async_t answer;
	struct queue asked, answered;
	int stop;
};

static void push(struct queue *q, struct job *job) {
	job->next = NULL;
	if (q->last)
		q->last->next = job;
	else
		q->first = job;
	q->last = job;
}

static struct job *pop(struct queue *q) {
	struct job *job = q->first;

	if (job) {
		q->first = job->next;
		if (!q->first)
			q->last = NULL;
	}
	return job;
}

static void run(void *arg) {
	struct worker *w = arg;

	uv_mutex_lock(&w->mutex);
	for (;;) {
		struct job *job = pop(&w->asked);
		if (!job && w->stop)
			break;
		if (!job) {
			uv_cond_wait(&w->wake, &w->mutex);
			continue;
		}
		uv_mutex_unlock(&w->mutex);
		job->work(job);
		uv_mutex_lock(&w->mutex);
		push(&w->answered, job);
		uv_async_send(&w->answer);
	}
	uv_mutex_unlock(&w->mutex);
}

static void on_answer(uv_async_t *async) {
	struct worker *w = (struct worker *)((char *)async - offsetof(struct worker, answer));

	for (;;) {
		uv_mutex_lock(&w->mutex);
		struct job *job = pop(&w->answered);
		uv_mutex_unlock(&w->mutex);
		if (!job)
			return;
		job->done(job); /* may free the job */
	}
}

struct worker *worker_start(uv_loop_t *loop) {
	struct worker *w = calloc(1, sizeof(*w));
	sigset_t all, before;

	if (!w || uv_mutex_init(&w->mutex) || uv_cond_init(&w->wake) ||
	    uv_async_init(loop, &w->answer, on_answer))
		abort();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (uv_thread_create(&w->thread, run, w))
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w;
}

void worker_submit(struct worker *w, struct job *job) {
	uv_mutex_lock(&w->mutex);
	push(&w->asked, job);
	uv_cond_signal(&w->wake);
	uv_mutex_unlock(&w->mutex);
}

static void on_closed(uv_handle_t *handle) {
	struct worker *w = (struct worker *)((char *)handle - offsetof(struct worker, answer));

	uv_mutex_destroy(&w->mutex);
	uv_cond_destroy(&w->wake);
	free(w);
}

void worker_stop(struct worker *w) {
	uv_mutex_lock(&w->mutex);
	w->stop = 1;
	uv_cond_signal(&w->wake);
	uv_mutex_unlock(&w->mutex);
	uv_thread_join(&w->thread);
	uv_close((uv_handle_t *)&w->answer, on_closed);
}
