/* status, sync, suspend, resume: what is asked of the running agent. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/output.h"
#include "agent/service/call.h"
#include "agent/service/status.h"
#include "agent/session.h"
#include "base/timestamp.h"
#include "reconcile/render.h"

enum { ANSWER_SECONDS = 10, FIRST_MS = 500, LINE_MS = 10000, DIGITS = 15 };

/* Asks, and ends with the request. An exit code, with the reason printed; 0 and the answer. */
static int ask(struct session *s, json_t *request, int64_t seconds, struct call_waiter *waiter,
               json_t **ret) {
	const char *path = session_control(s);
	int refused = EXIT_FAILED;
	struct error err;
	int r = call_agent(path, request, seconds, waiter, ret, &refused, &err);

	json_decref(request);
	if (r == OK)
		return 0;
	fprintf(stderr, "mbxctl: %s\n", render_line(s->a, err.text));
	return r == ERR_CONFLICT ? refused : r == ERR_IO ? EXIT_UNREACHABLE : EXIT_CONFIG;
}

/* NULL is printed, too: there is nothing to tell. */
static void put_document(const json_t *document, struct buf *out) {
	char *text = json_dumps(document,
	                        JSON_INDENT(2) | JSON_REAL_PRECISION(DIGITS) | JSON_ENCODE_ANY);

	buf_printf(out, "%s\n", text ? text : "null");
	free(text);
}

int cmd_status(const struct options *o, struct arena *a) {
	struct outputs outputs;
	struct session s;
	json_t *status = NULL;
	int code = session_open(&s, o, a);

	if (!code)
		code = outputs_parse(o, a, &outputs);
	if (!code)
		code = ask(&s, json_pack("{ss}", "verb", "status"), ANSWER_SECONDS, NULL, &status);
	for (size_t i = 0; !code && i < outputs.n; i++) {
		struct buf out = { 0 };
		if (outputs.v[i].format == FORMAT_JSON)
			put_document(status, &out);
		else
			status_text(status, s.now, !outputs.v[i].file && session_color(o), &out);
		code = output_write(outputs.v + i, &out);
		buf_done(&out);
	}
	json_decref(status);
	return code;
}

struct person {
	struct call_waiter waiter;
	bool terminal;
	int64_t shown; /* when it was told last, milliseconds; 0: never */
};

/* Once on a terminal, where it stays until the end; elsewhere a line every ten seconds. */
static void show_waiting(struct call_waiter *w, int64_t waited_ms) {
	struct person *p = (struct person *)w;

	if (waited_ms - p->shown < (p->terminal ? FIRST_MS : LINE_MS) || (p->terminal && p->shown))
		return;
	fputs(p->terminal ? "waiting for the pass; Ctrl-C ends the waiting, not the pass ..."
	                  : "mbxctl: waiting for the pass ...\n",
	      stderr);
	p->shown = waited_ms;
}

/* What the agent rendered, as it came. */
static void put_sync(const json_t *answer, enum format format, struct buf *out) {
	const char *text = json_string_value(json_object_get(answer, "text"));

	if (format == FORMAT_JSON)
		put_document(json_object_get(answer, "document"), out);
	else
		buf_puts(out, text ? text : "");
}

/* Only what will be printed is asked for: either may be large. */
static json_t *sync_request(const struct outputs *outputs) {
	bool text = false, document = false;

	for (size_t i = 0; i < outputs->n; i++) {
		text |= outputs->v[i].format == FORMAT_TEXT;
		document |= outputs->v[i].format == FORMAT_JSON;
	}
	return json_pack("{sssbsb}", "verb", "sync", "text", text, "document", document);
}

int cmd_sync(const struct options *o, struct arena *a) {
	struct person p = { { show_waiting }, isatty(STDERR_FILENO), 0 };
	struct outputs outputs;
	struct session s;
	json_t *answer = NULL;
	int code = session_open(&s, o, a);

	if (!code)
		code = outputs_parse(o, a, &outputs);
	if (code)
		return code;
	code = ask(&s, sync_request(&outputs), -1, o->quiet ? NULL : &p.waiter, &answer);
	if (p.terminal && p.shown)
		fputs("\r\033[K", stderr);
	for (size_t i = 0; !code && i < outputs.n; i++) {
		struct buf out = { 0 };
		put_sync(answer, outputs.v[i].format, &out);
		code = output_write(outputs.v + i, &out);
		buf_done(&out);
	}
	json_int_t of_pass = json_integer_value(json_object_get(answer, "exit"));
	json_decref(answer);
	return code ? code : of_pass >= 0 && of_pass < 256 ? (int)of_pass : EXIT_FAILED;
}

/* An exit code, with the reason printed, or 0. Without --until: TIMESTAMP_NONE. */
static int read_until(const struct session *s, int64_t *ret) {
	int64_t length;

	*ret = TIMESTAMP_NONE;
	if (!s->o->until)
		return 0;
	if (duration_parse(s->o->until, &length))
		*ret = s->now + length;
	else if (!timestamp_parse(s->o->until, ret, NULL)) {
		fprintf(stderr,
		        "mbxctl suspend: --until takes a time such as 2026-11-01T12:00:00Z, or a "
		        "length of time such as 4h, not \"%s\"\n",
		        s->o->until);
		return EXIT_USAGE;
	}
	if (*ret > s->now)
		return 0;
	fprintf(stderr, "mbxctl suspend: --until %s is in the past\n", s->o->until);
	return EXIT_USAGE;
}

int cmd_suspend(const struct options *o, struct arena *a) {
	char date[TIMESTAMP_TEXT];
	struct session s;
	int64_t until;
	json_t *answer = NULL;
	int code = session_open(&s, o, a);

	if (!code)
		code = read_until(&s, &until);
	if (code)
		return code;
	const char *end = until == TIMESTAMP_NONE ? NULL : timestamp_text(until, date);
	json_t *request =
	        json_pack("{ssss*ss*}", "verb", "suspend", "reason", o->reason, "until", end);
	if (!request) {
		fputs("mbxctl suspend: --reason takes a text, and this is no UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	code = ask(&s, request, ANSWER_SECONDS, NULL, &answer);
	if (code)
		return code;
	end = json_string_value(json_object_get(answer, "until"));
	printf("suspended%s%s; `mbxctl resume` ends it\n", end ? " until " : "",
	       end ? render_line(a, end) : "");
	json_decref(answer);
	return EXIT_DONE;
}

int cmd_resume(const struct options *o, struct arena *a) {
	struct session s;
	json_t *answer = NULL;
	int code = session_open(&s, o, a);

	if (!code)
		code = ask(&s, json_pack("{ss}", "verb", "resume"), ANSWER_SECONDS, NULL, &answer);
	if (code)
		return code;
	puts(json_is_true(json_object_get(answer, "was")) ? "resumed" : "it was not suspended");
	json_decref(answer);
	return EXIT_DONE;
}
