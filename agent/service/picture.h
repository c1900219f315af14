/*
 * picture -- the agent at one moment, for those who look: the status, the metrics, the page.
 *
 * Plain data, complete and immutable once it is made: what renders it asks nobody else and may run
 * on any thread. Two parts: what the last pass found (struct findings, shared by many pictures),
 * and what the agent is doing now.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "reconcile/plan.h"
#include "store/inventory/inventory.h"

enum agent_state {
	AGENT_STARTING, /* no manifest was read yet */
	AGENT_WAITING,  /* for the next pass */
	AGENT_PLANNING,
	AGENT_WRITING,
	AGENT_STOPPING,
	AGENT_STATES
};
extern const char *const agent_state_names[]; /* "starting" ... */

/* How a pass ended. */
enum pass_result {
	PASS_RESULT_DONE,    /* all that may be written was written, or nothing had to be */
	PASS_RESULT_PARTIAL, /* some failed, were stale, are uncertain or were not attempted */
	PASS_RESULT_REFUSED, /* over a limit: nothing was written */
	PASS_RESULT_FAILED,  /* no plan could be made: manifests, store or directory out of reach */
	PASS_RESULTS
};
extern const char *const pass_result_names[]; /* "done" ... */

/* A connection that needs somebody's eyes, or time: blocked, unknown, suspended, held, failed,
 * stale, uncertain, stalled, waiting for another try or a window. */
struct attention {
	const char *manifest, *name;
	struct place at;
	enum action action;
	enum outcome outcome; /* of the last pass */
	const char *code;     /* the first reason's or hold's, `oscillating`, `backing-off`, or the
	                         outcome's name */
	const char *message;  /* what it says; one line, with everything a person needs to know */
	int64_t since;        /* when this code was first seen */
	int64_t next_try;     /* TIMESTAMP_NONE: with every pass */
	int64_t purge;        /* TIMESTAMP_NONE: none */
};

/* A mailbox that is purged unless it is connected before; of the connections of the manifests. */
struct deadline {
	const char *manifest, *name, *mailbox, *database;
	enum action action;
	int64_t purge;
};

struct code_count {
	const char *code;
	size_t n;
};
struct code_counts {
	struct code_count *v;
	size_t n, cap;
};

enum { ATTENTION_SHOWN = 500, DEADLINES_SHOWN = 100, RUNS_SHOWN = 10 };

/* What one pass found; counted, as pictures outlive it. */
struct findings {
	struct arena *a;
	int refs;
	int64_t number; /* of the pass since the start, from 1 */
	int64_t started, ended;
	double seconds;      /* by the monotonic clock */
	const char *trigger; /* "start", "manifests", "interval", "retry", "window", "sync", "wake",
	                        "reload" */
	enum pass_result result;
	const char *message; /* why it was refused or failed; NULL */
	int64_t run;         /* that it recorded; 0: it wrote nothing */
	const char *digest;  /* NULL where no plan was made; then all below is empty too */
	size_t total, counts[ACTIONS], outcomes[OUTCOMES];
	bool complete, over_limit;
	struct code_counts reasons, holds; /* of blocked and unknown connections; of held ones */
	struct {
		struct attention *v; /* those longest so first; at most ATTENTION_SHOWN */
		size_t n, cap;
	} attention;
	size_t attention_total;
	struct {
		struct deadline *v; /* nearest first; at most DEADLINES_SHOWN */
		size_t n, cap;
	} deadlines;
	size_t deadlines_total;
	struct {
		struct released *v;
		size_t n;
	} released;             /* told with this pass */
	const struct run *runs; /* the last of the store, newest first; at most RUNS_SHOWN */
	size_t n_runs;
};

/* Of attention_total, how many were not suspended on request. */
size_t findings_attention(const struct findings *f);

/* The manifests that are in force; counted likewise. The errors of one file stand together. */
struct broken {
	struct diag diag;
	bool kept; /* its last good version stays in force */
};

struct picture {
	struct arena *a; /* of what is not the findings' */
	int64_t now;     /* when it was made */
	int64_t started;
	long pid;
	bool enforce;
	enum agent_state state;
	const char *store_uri, *directory_uri;
	const char *const *paths; /* of the manifests; NULL-ended */
	const void *wishes; /* whoever made it keeps with it what the manifests' texts live in */
	struct {
		const char *revision; /* of their git checkout; NULL: there is none */
		size_t files, connections;
		int64_t read; /* last time they were looked through; TIMESTAMP_NONE: never */
		const struct broken *broken;
		size_t n_broken;
		uint64_t overflows; /* of the event queue: nothing was lost, all was read again */
	} manifests;
	struct {
		bool is;
		const char *reason;   /* "" where none was given */
		int64_t since, until; /* until: TIMESTAMP_NONE: for good */
	} suspended;
	struct {
		bool any;        /* the config has windows */
		bool open;       /* it may write now */
		int64_t changes; /* when that changes next; TIMESTAMP_NONE: not within a week */
	} window;
	struct {
		const char *state;   /* "closed": reached; "open": not asked until next_try;
		                        "half-open" */
		int64_t failures;    /* in a row */
		int64_t since;       /* of the state */
		int64_t next_try;    /* TIMESTAMP_NONE */
		const char *message; /* of the last failure; NULL */
	} directory;
	struct {
		const struct unreachable {
			const char *host, *credential; /* credential: "": none */
			bool forest;                   /* of accounts; else a server of our own */
			int64_t failures, since;       /* in a row; of the first */
			int64_t next_try;              /* TIMESTAMP_NONE: with the next pass */
			const char *message;
		} * v;
		size_t n;
	} elsewhere;                 /* servers beside the directory's that did not answer */
	const struct findings *last; /* NULL: no pass has ended yet */
	/* The last that made a plan: `last`, or an earlier one while the store or the directory is
	 * out of reach. What is shown of connections is from it. NULL: none yet. */
	const struct findings *planned;
	int64_t last_success; /* when a plan could be made last; TIMESTAMP_NONE */
	int64_t next_pass;    /* TIMESTAMP_NONE: when something happens */
	const char *next_why; /* "interval", "retry", ...; NULL */
};
