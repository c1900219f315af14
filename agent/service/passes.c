/* When a pass is due, and what follows from its end. One at a time. */
#include <stdlib.h>
#include <string.h>

#include "agent/service/backoff.h"
#include "agent/service/log.h"
#include "agent/service/service.h"
#include "agent/service/wishes.h"
#include "base/timestamp.h"
#include "reconcile/elsewhere.h"

enum { NS_PER_MS = 1000000 };

bool service_may_write(const struct service *s) {
	return s->setup->session.config.agent.enforce && !s->suspended.is && s->window.open;
}

/* ---- when ---- */

/* One at a time, and none with manifests that another config judged. */
static bool may_begin(const struct service *s) {
	return !s->turn && !s->stopping && s->judged;
}

static void on_due(uv_timer_t *timer) {
	struct service *s = (struct service *)((char *)timer - offsetof(struct service, due));
	unsigned triggers = s->triggers;

	if (!s->turn)
		setup_use(s);
	if (!may_begin(s))
		return;
	s->triggers = 0;
	turn_begin(s, triggers ? triggers : s->due_for);
	publish(s);
}

static void wait_for(struct service *s, int64_t ms, unsigned why) {
	s->due_for = why;
	uv_timer_start(&s->due, on_due, (uint64_t)ms, 0);
}

/* A directory that is down is asked when its time has come; only people may ask before. */
static int64_t breaker_ms(const struct service *s) {
	uint64_t now = uv_hrtime();

	if (!s->directory.next_try || s->directory.next_try <= now ||
	    s->triggers & (TRIGGER_SYNC | TRIGGER_RELOAD))
		return 0;
	return (int64_t)((s->directory.next_try - now) / NS_PER_MS) + 1;
}

void passes_want(struct service *s, enum trigger why) {
	s->triggers |= why;
	if (may_begin(s))
		wait_for(s, breaker_ms(s), s->triggers);
}

void passes_interrupt(struct service *s, const char *code, const char *why) {
	if (!s->turn)
		return;
	s->turn->interrupted_for = code;
	s->turn->pass->interrupted_by = why;
	s->turn->pass->interrupted = true;
}

/* Until what failed is tried again; INT64_MAX: nothing did. */
static int64_t retry_ms(const struct service *s) {
	if (s->failures) {
		int64_t ms = backoff_ms(s->failures, BACKOFF_DIRECTORY_MAX, service_random());
		int64_t away = away_wait_ms(s->away, uv_hrtime());
		/* A plan that lacks somebody's answer would lack it again before. */
		return s->planned == s->last && away < INT64_MAX && away > ms ? away : ms;
	}
	int64_t wait =
	        service_may_write(s) ? memory_wait(s->memory, (int64_t)time(NULL)) : INT64_MAX;

	return wait < INT64_MAX ? wait * 1000 + 1 : INT64_MAX;
}

void passes_plan_next(struct service *s) {
	const struct config *config = &s->setup->session.config;
	int64_t ms =
	        jittered_ms(config->agent.interval, config->agent.jitter_percent, service_random());

	if (!may_begin(s))
		return;
	if (s->triggers) {
		passes_want(s, (enum trigger)0);
		return;
	}
	if (breaker_ms(s)) {
		wait_for(s, breaker_ms(s), TRIGGER_RETRY);
		return;
	}
	int64_t retry = retry_ms(s);
	if (retry < ms)
		wait_for(s, retry, TRIGGER_RETRY);
	else
		wait_for(s, ms, TRIGGER_INTERVAL);
}

/* ---- the directory ---- */

static void directory_failed(struct service *s, const char *message) {
	free(s->directory.message);
	s->directory.message = strdup(message);
	if (!s->directory.failures++)
		s->directory.since = (int64_t)time(NULL);
	int64_t wait = backoff_ms(s->directory.failures, BACKOFF_DIRECTORY_MAX, service_random());
	s->directory.next_try = uv_hrtime() + (uint64_t)wait * NS_PER_MS;
	if (s->directory.failures == 1)
		LOG(LEVEL_WARNING, "directory-unreachable", F_TEXT("message", message));
	if (s->directory.failures == BREAKER_FAILURES)
		LOG(LEVEL_ERROR, "directory-breaker-open", F_INT("failures", s->directory.failures),
		    F_TIME("since", s->directory.since));
}

static void directory_answered(struct service *s) {
	if (!s->directory.failures)
		return;
	LOG(LEVEL_INFO, "directory-reachable", F_INT("failures", s->directory.failures),
	    F_TIME("unreachable-since", s->directory.since));
	s->directory.failures = 0;
	s->directory.next_try = 0;
	s->directory.since = (int64_t)time(NULL);
	free(s->directory.message);
	s->directory.message = NULL;
}

static void judge_directory(struct service *s, const struct pass *p) {
	if (p->unreachable)
		directory_failed(s, p->error.text);
	else if (!p->exit_code || p->failed_at > PASS_BEGIN)
		directory_answered(s);
}

/* What the pass learned of the others is what the next one begins with. */
static void judge_elsewhere(struct service *s, struct pass *p) {
	struct arena *a = p->away->a;

	for (size_t i = 0; i < p->away->n; i++) {
		const struct absence *one = p->away->v + i;
		struct elsewhere e;
		elsewhere_parse(a, one->name, &e);
		if (one->answered)
			LOG(LEVEL_INFO, e.forest ? "forest-reachable" : "server-reachable",
			    F_TEXT("host", e.host), F_INT("failures", one->failures),
			    F_TIME("unreachable-since", one->since));
		else if (one->failed && one->failures == 1)
			LOG(LEVEL_WARNING, e.forest ? "forest-unreachable" : "server-unreachable",
			    F_TEXT("host", e.host), F_TEXT("message", one->message));
	}
	away_forget(p->away, !p->exit_code);
	away_free(s->away);
	s->away = p->away;
	p->away = NULL;
}

/* ---- the end of one ---- */

/* The same failure again is no news. */
static void log_pass(const struct service *s, const struct turn *t) {
	const struct findings *f = t->findings;
	bool same = s->last && f->message && s->last->message &&
	            strcmp(f->message, s->last->message) == 0;
	bool news = f->run || t->triggers & TRIGGER_SYNC || (f->message && !same) || !s->last ||
	            s->last->result != f->result;
	char seconds[32];

	(void)snprintf(seconds, sizeof(seconds), "%.3f", f->seconds);
	LOG(!news                             ? LEVEL_DEBUG
	    : f->result == PASS_RESULT_DONE   ? LEVEL_INFO
	    : f->result == PASS_RESULT_FAILED ? LEVEL_ERROR
	                                      : LEVEL_WARNING,
	    "pass-ended", F_INT("pass", f->number), F_TEXT("trigger", f->trigger),
	    F_TEXT("result", pass_result_names[f->result]), F_TEXT("seconds", seconds),
	    F_TEXT("message", f->message), F_INT("connect", (int64_t)f->counts[ACTION_CONNECT]),
	    F_INT("update", (int64_t)f->counts[ACTION_UPDATE]),
	    F_INT("blocked", (int64_t)f->counts[ACTION_BLOCKED]),
	    F_INT("unknown", (int64_t)f->counts[ACTION_UNKNOWN]),
	    F_INT("applied", (int64_t)f->outcomes[OUTCOME_APPLIED]),
	    F_INT("held", (int64_t)f->outcomes[OUTCOME_HELD]), F_INT("run", f->run),
	    F_TEXT("revision", t->wishes->revision));
	for (size_t i = 0; f->run && i < f->released.n; i++)
		LOG(LEVEL_INFO, "connection-released",
		    F_TEXT("manifest", f->released.v[i].manifest),
		    F_TEXT("name", f->released.v[i].name));
}

static void count_pass(struct service *s, const struct turn *t) {
	const struct findings *f = t->findings;

	s->counters.passes[f->result]++;
	histogram_add(&s->counters.pass, f->seconds);
	if (f->run)
		for (int i = 0; i < OUTCOMES; i++)
			s->counters.written[i] += f->outcomes[i];
}

static void free_turn(struct job *job) {
	struct turn *t = (struct turn *)((char *)job - offsetof(struct turn, end));

	pass_free(t->pass);
	memory_free(t->memory);
	memory_free(t->stored);
	buf_done(&t->text);
	buf_done(&t->document);
}

static void on_freed(struct job *job) {
	struct turn *t = (struct turn *)((char *)job - offsetof(struct turn, end));
	struct service *s = t->service;

	wishes_unref(t->wishes);
	free(t);
	s->counters.queue--;
	if (s->stopping)
		service_ended(s);
}

static void on_stopped(struct pass *p) {
	struct turn *t = p->agent->context;

	t->end = (struct job){ .work = free_turn, .done = on_freed };
	worker_submit(t->service->pool, &t->end);
}

/* A plan that is not whole is made again soon. */
static void take_over(struct service *s, struct turn *t) {
	if (t->pass->exit_code) {
		s->failures++;
		memory_free(t->next);
	} else {
		s->failures = t->findings->complete ? 0 : s->failures + 1;
		s->last_success = t->findings->ended;
		s->good_kept = t->good_kept && t->wishes == s->wishes;
		memory_free(s->memory);
		s->memory = t->next;
		findings_unref(s->planned);
		s->planned = findings_ref(t->findings);
	}
	findings_unref(s->last);
	s->last = t->findings;
}

void passes_ended(struct service *s) {
	struct turn *t = s->turn;

	s->turn = NULL;
	judge_directory(s, t->pass);
	judge_elsewhere(s, t->pass);
	count_pass(s, t);
	log_pass(s, t);
	take_over(s, t);
	verbs_answer(s, t);
	s->counters.queue++;
	pass_stop(t->pass, on_stopped);
	passes_plan_next(s);
	publish(s);
}
