/*
 * The control socket with an agent behind it that does nothing but answer.
 *
 * usage: driver SOCKET [NAME=NUMBER...]
 *
 *     send, read   milliseconds that a client has for its request, and for reading its answer
 *     bytes        of an answer to `status`
 *     sync         milliseconds that a `sync` takes
 *     exit         what it says of its end
 *     wake         so many times to have whoever listens there look soon, instead of listening
 *
 * Says "ready" when it listens; ends with SIGTERM and its counts.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "agent/service/call.h"
#include "agent/service/control.h"
#include "base/json.h"

struct sync {
	uv_timer_t timer;
	struct control_request *request;
	struct sync *prev, *next;
	json_int_t tag;
	bool text, document;
};

struct driver {
	uv_loop_t loop;
	uv_signal_t term;
	struct control *control;
	int64_t send, read, bytes, sync, exit, wake;
	struct sync *syncs;
	bool suspended;
	char *reason, *until;
	int64_t status_asked, wakes, sync_asked;
};

static struct driver d = { .send = 5000, .read = 10000, .bytes = 10, .sync = 10 };

static json_int_t tag_of(const json_t *args) {
	return json_integer_value(json_object_get(args, "tag"));
}

static void begin(struct json *j, struct buf *out, json_int_t tag) {
	*j = (struct json){ .out = out, .compact = true };
	json_open(j, '{');
	json_key(j, "tag");
	json_int(j, tag);
}

static void status(const json_t *args, struct control_request *r) {
	struct buf out = { 0 }, filler = { 0 };
	struct json j;

	buf_pad(&filler, 'x', (size_t)d.bytes);
	begin(&j, &out, tag_of(args));
	json_key(&j, "peer");
	json_text(&j, control_peer(r));
	json_key(&j, "suspended");
	json_bool(&j, d.suspended);
	json_key(&j, "filler");
	json_text(&j, filler.data);
	json_close(&j, '}');
	buf_done(&filler);
	d.status_asked++;
	control_answer(r, &out);
}

static void on_sync_closed(uv_handle_t *timer) {
	free((char *)timer - offsetof(struct sync, timer));
}

static void end_sync(struct sync *s) {
	struct buf out = { 0 };
	struct json j;

	begin(&j, &out, s->tag);
	json_key(&j, "exit");
	json_int(&j, d.exit);
	if (s->text) {
		json_key(&j, "text");
		json_text(&j, "~ update  John Evans\n\nPlan: 1 to update.\n");
	}
	if (s->document) {
		json_key(&j, "document");
		json_open(&j, '{');
		json_key(&j, "update");
		json_int(&j, 1);
		json_key(&j, "blocked");
		json_int(&j, 0);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	DL_DELETE(d.syncs, s);
	uv_close((uv_handle_t *)&s->timer, on_sync_closed);
	control_answer(s->request, &out);
}

static void on_synced(uv_timer_t *timer) {
	end_sync((struct sync *)((char *)timer - offsetof(struct sync, timer)));
}

static void begin_sync(const json_t *args, struct control_request *r) {
	struct sync *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->request = r;
	s->tag = tag_of(args);
	s->text = json_is_true(json_object_get(args, "text"));
	s->document = json_is_true(json_object_get(args, "document"));
	DL_APPEND(d.syncs, s);
	d.sync_asked++;
	uv_timer_init(&d.loop, &s->timer);
	uv_timer_start(&s->timer, on_synced, (uint64_t)d.sync, 0);
}

static void keep(char **field, const json_t *args, const char *key) {
	const char *text = json_string_value(json_object_get(args, key));

	free(*field);
	*field = text ? strdup(text) : NULL;
}

static void suspend(const json_t *args, struct control_request *r) {
	struct buf out = { 0 };
	struct json j;

	keep(&d.reason, args, "reason");
	keep(&d.until, args, "until");
	d.suspended = true;
	begin(&j, &out, tag_of(args));
	json_key(&j, "since");
	json_text(&j, "2026-11-01T12:00:00Z");
	json_key(&j, "reason");
	json_text(&j, d.reason ? d.reason : "");
	json_key(&j, "until");
	json_text(&j, d.until);
	json_close(&j, '}');
	control_answer(r, &out);
}

static void resume(const json_t *args, struct control_request *r) {
	struct buf out = { 0 };
	struct json j;

	begin(&j, &out, tag_of(args));
	json_key(&j, "was");
	json_bool(&j, d.suspended);
	json_close(&j, '}');
	d.suspended = false;
	control_answer(r, &out);
}

static void wake(struct control_request *r) {
	struct buf out = { 0 };

	buf_puts(&out, "{}");
	d.wakes++;
	control_answer(r, &out);
}

static void handle(void *context, const char *verb, const json_t *args, struct control_request *r) {
	(void)context;
	if (json_object_get(args, "refuse"))
		control_refuse(r, 5, "the agent is ending");
	else if (strcmp(verb, "status") == 0)
		status(args, r);
	else if (strcmp(verb, "sync") == 0)
		begin_sync(args, r);
	else if (strcmp(verb, "suspend") == 0)
		suspend(args, r);
	else if (strcmp(verb, "resume") == 0)
		resume(args, r);
	else
		wake(r);
}

/* The syncs are answered all the same, to nobody. */
static void on_term(uv_signal_t *term, int number) {
	(void)number;
	printf("requests=%" PRIu64 " status=%" PRId64 " sync=%" PRId64 " wake=%" PRId64 "\n",
	       control_requests(d.control), d.status_asked, d.sync_asked, d.wakes);
	control_stop(d.control);
	while (d.syncs)
		end_sync(d.syncs);
	uv_close((uv_handle_t *)term, NULL);
}

static void read_number(const char *given) {
	static const struct {
		const char *name;
		int64_t *field;
	} numbers[] = { { "send", &d.send }, { "read", &d.read }, { "bytes", &d.bytes },
		        { "sync", &d.sync }, { "exit", &d.exit }, { "wake", &d.wake } };
	size_t len = strcspn(given, "=");

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (given[len] && strlen(numbers[i].name) == len &&
		    strncmp(given, numbers[i].name, len) == 0) {
			*numbers[i].field = strtoll(given + len + 1, NULL, 10);
			return;
		}
	fprintf(stderr, "driver: what is %s?\n", given);
	exit(64);
}

int main(int argc, char **argv) {
	struct error err;

	if (argc < 2)
		return 64;
	for (int i = 2; i < argc; i++)
		read_number(argv[i]);
	for (int64_t i = 0; i < d.wake; i++)
		call_wake(argv[1]);
	if (d.wake)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	if (uv_loop_init(&d.loop) != 0)
		abort();
	int r = control_start(&d.loop, argv[1], (struct control_handler){ .handle = handle },
	                      &d.control, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		uv_run(&d.loop, UV_RUN_DEFAULT);
		return uv_loop_close(&d.loop) == 0 ? -r : 70;
	}
	control_times(d.control, (uint64_t)d.send, (uint64_t)d.read);
	uv_signal_init(&d.loop, &d.term);
	uv_signal_start(&d.term, on_term, SIGTERM);
	puts("ready");
	fflush(stdout);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	free(d.reason);
	free(d.until);
	return uv_loop_close(&d.loop) == 0 ? 0 : 70;
}
