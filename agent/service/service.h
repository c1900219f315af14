/*
 * service -- the agent: one loop that keeps the world as the manifests say.
 *
 * It owns all that lives as long as the process: the manifests in force (reader), what is
 * remembered of each connection (memory), the control socket, the pages, and the pass that is
 * running, if any: at most one. Everything in struct service belongs to the loop; what takes time
 * runs on workers, on data of its own.
 *
 *   service.c     start, signals, the tick, the end
 *   setup.c       its config, read at the start and when it is told to
 *   passes.c      when a pass is due, and what follows from its end
 *   turn.c        one pass as the agent makes it: what it reads, chooses and notes
 *   verbs.c       what people ask through the control socket
 *   publish.c     the picture, and the pages made from it
 *   suspension.c  that it is suspended, kept in the store
 */
#pragma once

#include <uv.h>

#include "agent/pass.h"
#include "agent/service/control.h"
#include "agent/service/findings.h"
#include "agent/service/http.h"
#include "agent/service/metrics.h"
#include "agent/service/reader.h"
#include "agent/service/windows.h"

enum { BREAKER_FAILURES = 5 }; /* in a row, until the directory is asked at its time alone */

/* Why a pass is due; bits, the lowest is what it is called by. */
enum trigger {
	TRIGGER_SYNC = 1 << 0,
	TRIGGER_RELOAD = 1 << 1,
	TRIGGER_MANIFESTS = 1 << 2,
	TRIGGER_WAKE = 1 << 3,
	TRIGGER_START = 1 << 4,
	TRIGGER_WINDOW = 1 << 5,
	TRIGGER_RETRY = 1 << 6,
	TRIGGER_INTERVAL = 1 << 7,
};

/* A config as it was read, with all that hangs on it. */
struct setup {
	struct arena *a;
	struct session session;
	struct setup *next; /* of those that are no longer used */
};

/* One pass of the agent. */
struct turn {
	struct service *service;
	struct pass *pass;
	struct pass_agent hooks;
	struct wishes *wishes;
	struct findings *findings;
	struct memory *memory; /* before the pass, joined with the store's */
	struct memory *stored; /* the store's alone: what differs from it is kept at the end */
	struct memory *next;   /* after it */
	struct leave leave;
	uint64_t began; /* uv_hrtime() */
	unsigned triggers;
	bool enforce;                      /* it may remember in the store */
	bool text_wanted, document_wanted; /* by those who wait for it */
	const char *interrupted_for;       /* a code of leave.h; NULL */
	bool good_kept;                    /* the manifests' good versions are in the store */
	uint32_t random;
	struct buf text, document; /* for them: JSON, on one line */
	int exit_code;             /* as apply would end */
	struct job end;            /* freeing it takes its time */
};

/* Somebody who waits for the end of a pass that begins after this. */
struct waiter {
	struct control_request *request;
	bool text, document; /* what of it is to be shown */
	int64_t after;       /* the number of the pass that was running, or the last */
	struct waiter *next;
};

struct service {
	uv_loop_t loop;
	const struct options *o;
	struct setup *setup, *next_setup; /* next: takes its place between two passes */
	struct setup *retired;            /* until the manifests are judged by the new one */
	struct lock *lock; /* STORE.agent; NULL where the folder may not be written */
	struct pass_threads threads;
	struct worker *store, *pool; /* for what is no pass */
	struct reader *reader;
	struct control *control;
	struct http *http;
	uv_signal_t signals[3];
	uv_timer_t tick, due, deadline;
	int64_t started;
	bool stopping;
	int exit_code;

	struct wishes *wishes; /* in force; NULL until the first look has ended */
	bool judged;           /* ... by the config in force; no pass begins before */
	bool good_kept;        /* they stand in the store */
	struct memory *memory;
	struct findings *last, *planned; /* planned: the last that made a plan; NULL: none */
	struct suspension suspended;
	struct arena *suspended_arena;
	struct windows_state window;
	struct {
		int64_t failures, since;
		uint64_t next_try; /* uv_hrtime(); 0: any time */
		char *message;
	} directory;

	struct away *away; /* other servers that did not answer; the pass has one of its own */

	struct turn *turn; /* NULL: none is running */
	unsigned triggers; /* of the next pass */
	int64_t number;    /* of the last pass */
	int64_t failures;  /* passes in a row without a plan, or with an incomplete one */
	int64_t last_success;
	unsigned due_for; /* triggers: why the timer runs */
	struct waiter *waiters;

	struct counters counters;
	uint64_t published; /* uv_hrtime() */
	uv_prepare_t prepare;
	struct {
		uint64_t at, idle; /* uv_hrtime(), uv_metrics_idle_time() */
		double cpu;        /* of this thread, seconds */
	} turned;                  /* when the loop waited last */
	bool publishing, dirty;
};

/* Runs until it is told to end. An exit code, with the reason printed. */
int service_run(const struct options *o, struct arena *a);

/* ---- setup.c ---- */

/* Reads the config; an exit code with the reasons in `complaints`, or 0 with *ret. */
int setup_read(const struct options *o, struct setup **ret, FILE *complaints);
struct setup *setup_free(struct setup *s);  /* NULL is fine; returns NULL */
void setup_reload(struct service *s);       /* SIGHUP */
void setup_use(struct service *s);          /* next_setup, if there is one; no pass may run */
void setup_free_retired(struct service *s); /* nobody looks at them any more */

/* ---- service.c ---- */

void service_stop(struct service *s);  /* begins the end */
void service_ended(struct service *s); /* nothing is running any more */
uint32_t service_random(void);
/* What the clock says now; `tell`: a change is news. */
void service_look_at_windows(struct service *s, bool tell);

/* ---- passes.c ---- */

void passes_want(struct service *s, enum trigger why); /* soon */
void passes_ended(struct service *s);                  /* the turn has */
void passes_plan_next(struct service *s);              /* when, if nothing happens */
/* What is in flight is finished; nothing further is begun. `code` as in leave.h, of what is left.
 */
void passes_interrupt(struct service *s, const char *code, const char *why);
bool service_may_write(const struct service *s);

/* ---- turn.c ---- */

void turn_begin(struct service *s, unsigned triggers);
const char *trigger_name(unsigned triggers);

/* ---- verbs.c ---- */

struct control_handler verbs(struct service *s);
void verbs_answer(struct service *s, struct turn *t); /* those who waited for it */
void verbs_refuse_all(struct service *s, const char *why);

/* ---- publish.c ---- */

struct picture *picture_make(struct service *s);
struct picture *picture_free(struct picture *p); /* on the loop; returns NULL */
void publish(struct service *s);                 /* soon */

/* ---- suspension.c ---- */

/* Takes effect at once; `request` (NULL: it ended by itself) is answered once it is kept. */
void suspend(struct service *s, const struct suspension *what, struct control_request *request);
void resume(struct service *s, struct control_request *request);
