/* What people ask of the running agent. Answers that take time are made off the loop. */
#include <stdlib.h>
#include <string.h>

#include "agent/service/log.h"
#include "agent/service/service.h"
#include "agent/service/status.h"
#include "base/json.h"
#include "base/timestamp.h"

/* ---- status ---- */

struct question {
	struct job job;
	struct service *service;
	struct control_request *request;
	struct picture *picture;
	struct buf answer;
};

static void draw(struct job *job) {
	struct question *q = (struct question *)job;

	status_json(q->picture, true, &q->answer);
}

static void on_drawn(struct job *job) {
	struct question *q = (struct question *)job;
	struct service *s = q->service;

	control_answer(q->request, &q->answer);
	picture_free(q->picture);
	buf_done(&q->answer);
	free(q);
	s->counters.queue--;
	if (s->stopping)
		service_ended(s);
}

static void status(struct service *s, struct control_request *r) {
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		abort();
	*q = (struct question){ .job = { .work = draw, .done = on_drawn },
		                .service = s,
		                .request = r,
		                .picture = picture_make(s) };
	s->counters.queue++;
	worker_submit(s->pool, &q->job);
}

/* ---- sync ---- */

static void wait_for_pass(struct service *s, const json_t *args, struct control_request *r) {
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	if (!s->wishes)
		LOG(LEVEL_INFO, "sync-waits", F_TEXT("for", "the first look at the manifests"));
	*w = (struct waiter){ .request = r,
		              .text = json_is_true(json_object_get(args, "text")),
		              .document = json_is_true(json_object_get(args, "document")),
		              .after = s->number,
		              .next = s->waiters };
	s->waiters = w;
	passes_want(s, TRIGGER_SYNC);
}

static void answer(const struct turn *t, const struct waiter *w) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	json_open(&j, '{');
	json_key(&j, "exit");
	json_int(&j, t->exit_code);
	json_key(&j, "text");
	json_raw(&j, w->text && t->text.len ? t->text.data : "\"\"");
	json_key(&j, "document");
	json_raw(&j, w->document && t->document.len ? t->document.data : "null");
	json_close(&j, '}');
	control_answer(w->request, &out);
	buf_done(&out);
}

void verbs_answer(struct service *s, struct turn *t) {
	struct waiter **at = &s->waiters;

	while (*at) {
		struct waiter *w = *at;
		if (w->after >= t->findings->number) {
			at = &w->next;
			continue;
		}
		if (t->pass->exit_code)
			control_refuse(w->request, t->exit_code, t->pass->error.text);
		else
			answer(t, w);
		*at = w->next;
		free(w);
	}
}

void verbs_refuse_all(struct service *s, const char *why) {
	while (s->waiters) {
		struct waiter *w = s->waiters;
		s->waiters = w->next;
		control_refuse(w->request, EXIT_UNREACHABLE, why);
		free(w);
	}
}

/* ---- suspend, resume ---- */

static void begin_suspension(struct service *s, const json_t *args, struct control_request *r) {
	const char *reason = json_string_value(json_object_get(args, "reason"));
	const char *until = json_string_value(json_object_get(args, "until"));
	struct suspension what = { .is = true,
		                   .reason = reason ? reason : "",
		                   .since = (int64_t)time(NULL),
		                   .until = TIMESTAMP_NONE };

	if (until && !timestamp_parse(until, &what.until, NULL))
		control_refuse(r, EXIT_USAGE, "`until` is no time such as 2026-11-01T12:00:00Z");
	else if (until && what.until <= what.since)
		control_refuse(r, EXIT_USAGE, "`until` is in the past");
	else
		suspend(s, &what, r);
}

static void handle(void *context, const char *verb, const json_t *args, struct control_request *r) {
	struct service *s = context;
	struct buf empty = { 0 };

	if (s->stopping) {
		control_refuse(r, EXIT_UNREACHABLE, "the agent is just ending");
		return;
	}
	if (strcmp(verb, "status") == 0) {
		status(s, r);
		return;
	}
	if (strcmp(verb, "wake") == 0) {
		passes_want(s, TRIGGER_WAKE);
		buf_puts(&empty, "{}");
		control_answer(r, &empty);
		return;
	}
	LOG(LEVEL_INFO, "asked", F_TEXT("verb", verb), F_TEXT("by", control_peer(r)));
	if (strcmp(verb, "sync") == 0)
		wait_for_pass(s, args, r);
	else if (strcmp(verb, "suspend") == 0)
		begin_suspension(s, args, r);
	else
		resume(s, r);
}

struct control_handler verbs(struct service *s) {
	return (struct control_handler){ .handle = handle, .context = s };
}
