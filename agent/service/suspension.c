/* That the agent is suspended: at once for the loop, and in the store for the next start. */
#include <stdlib.h>
#include <unistd.h>

#include "agent/service/log.h"
#include "agent/service/service.h"
#include "base/json.h"
#include "base/timestamp.h"

struct keeping {
	struct job job;
	struct service *service;
	struct control_request *request; /* NULL: nobody asked */
	struct arena *a;
	const char *store;
	struct suspension what;
	bool was;
	struct error error;
};

static void keep(struct job *job) {
	struct keeping *k = (struct keeping *)job;
	struct inventory *inv = NULL;

	/* What writes makes a store; this is no reason for one. */
	if (access(k->store, F_OK) != 0)
		(void)error_set(&k->error, ERR_IO, "there is no store %s", k->store);
	else if (inventory_open(k->store, INVENTORY_WRITE, &inv, &k->error) == OK &&
	         inventory_suspend(inv, &k->what, &k->error) == OK)
		k->error.code = OK;
	inventory_close(inv);
}

static void put_answer(const struct keeping *k, struct buf *out) {
	struct json j = { .out = out, .compact = true };
	char text[TIMESTAMP_TEXT];

	json_open(&j, '{');
	if (k->what.is) {
		json_key(&j, "since");
		json_text(&j, timestamp_text(k->what.since, text));
		json_key(&j, "reason");
		json_text(&j, k->what.reason);
		json_key(&j, "until");
		json_text(&j, k->what.until == TIMESTAMP_NONE
		                      ? NULL
		                      : timestamp_text(k->what.until, text));
	} else {
		json_key(&j, "was");
		json_bool(&j, k->was);
	}
	json_close(&j, '}');
}

static void on_kept(struct job *job) {
	struct keeping *k = (struct keeping *)job;
	struct service *s = k->service;
	struct buf out = { 0 };

	if (k->error.code != OK)
		LOG(LEVEL_ERROR, "suspension-not-kept", F_TEXT("message", k->error.text));
	if (k->request && k->error.code == OK) {
		put_answer(k, &out);
		control_answer(k->request, &out);
		buf_done(&out);
	} else if (k->request) {
		control_refuse(k->request, EXIT_UNREACHABLE,
		               arena_printf(k->a,
		                            "it is so until the agent ends, and not kept over "
		                            "a restart: %s",
		                            k->error.text));
	}
	arena_free(k->a);
	free(k);
	s->counters.queue--;
	if (s->stopping)
		service_ended(s);
}

static void log_change(const struct suspension *what, const struct control_request *request) {
	const char *by = request ? control_peer(request) : "the clock";

	if (what->is)
		LOG(LEVEL_WARNING, "suspended", F_TEXT("by", by), F_TEXT("reason", what->reason),
		    F_TIME("until", what->until));
	else
		LOG(LEVEL_INFO, "resumed", F_TEXT("by", by));
}

void suspend(struct service *s, const struct suspension *what, struct control_request *request) {
	struct arena *mine = arena_new(), *a = arena_new();
	struct keeping *k = calloc(1, sizeof(*k));
	bool was = s->suspended.is;

	if (!k)
		abort();
	if (what->is || was)
		log_change(what, request);
	s->suspended = *what;
	s->suspended.reason = arena_strdup(mine, what->reason);
	arena_free(s->suspended_arena);
	s->suspended_arena = mine;
	if (what->is)
		passes_interrupt(s, LEFT_SUSPENDED,
		                 "the agent is suspended: `mbxctl resume` lets it write again");
	*k = (struct keeping){ .job = { .work = keep, .done = on_kept },
		               .service = s,
		               .request = request,
		               .a = a,
		               .store = arena_strdup(a, s->setup->session.store),
		               .what = *what,
		               .was = was };
	k->what.reason = arena_strdup(a, what->reason);
	s->counters.queue++;
	worker_submit(s->store, &k->job);
	if (was && !what->is)
		passes_want(s, TRIGGER_WAKE);
	publish(s);
}

void resume(struct service *s, struct control_request *request) {
	struct suspension none = { .reason = "", .since = TIMESTAMP_NONE, .until = TIMESTAMP_NONE };

	suspend(s, &none, request);
}
