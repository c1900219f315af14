#include <inttypes.h>

#include "agent/service/status.h"
#include "agent/service/status_parts.h"
#include "base/timestamp.h"

static void state(struct sheet *s, const json_t *status) {
	const char *mode = part_text(s, status, "mode"), *now = part_text(s, status, "state");
	const char *why = part_text(s, status, "nextWhy");
	int64_t next = part_date(status, "nextPass");
	const char *line = arena_printf(s->a, "%s, %s",
	                                part_is(mode, "enforce")   ? "enforcing"
	                                : part_is(mode, "observe") ? "observing (writes nothing)"
	                                                           : "the agent runs",
	                                now ? now : "in no state that is known here");

	if (next != TIMESTAMP_NONE && part_is(now, "waiting"))
		line = arena_printf(s->a, "%s; next pass %s (%s%s%s)", line, sheet_ahead(s, next),
		                    sheet_clock(s, next), why ? ", " : "", why ? why : "");
	sheet_hue(s, BOLD);
	sheet_wrapped(s, 0, 4, line);
	sheet_hue(s, PLAIN);
}

/* `suspended for 3h, since 13:39:00Z, by request: REASON; until ...` */
static void suspended(struct sheet *s, const json_t *object) {
	if (!json_is_object(object))
		return;
	int64_t since = part_date(object, "since"), until = part_date(object, "until");
	const char *reason = part_text(s, object, "reason");
	const char *line = "suspended";

	if (since != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s for %s, since %s,", line,
		                    sheet_length(s, since, s->now), sheet_clock(s, since));
	line = arena_printf(s->a, "%s by request", line);
	if (reason && *reason)
		line = arena_printf(s->a, "%s: %s", line, reason);
	if (until != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s; until %s (%s)", line, sheet_clock(s, until),
		                    sheet_ahead(s, until));
	else
		line = arena_printf(s->a, "%s; until `mbxctl resume`", line);
	sheet_hue(s, YELLOW);
	sheet_wrapped(s, 0, 4, line);
	sheet_hue(s, PLAIN);
}

static void last_pass(struct sheet *s, const json_t *status) {
	const json_t *last = json_object_get(status, "lastPass");
	int64_t success = part_date(status, "lastSuccess"), ended = part_date(last, "ended");
	const char *result = part_text(s, last, "result"), *trigger = part_text(s, last, "trigger");
	const char *message = part_text(s, last, "message");
	double took = json_number_value(json_object_get(last, "seconds"));

	if (!result || ended == TIMESTAMP_NONE) {
		sheet_fact(s, PLAIN, "last pass", "none has ended yet");
		return;
	}
	const char *line = arena_printf(s->a, "%s %s (%s%s%s), took %.1fs", result,
	                                sheet_ago(s, ended), sheet_clock(s, ended),
	                                trigger ? ", " : "", trigger ? trigger : "", took);
	if (part_number(last, "run"))
		line = arena_printf(s->a, "%s, run %" PRId64, line, part_number(last, "run"));
	if (message)
		line = arena_printf(s->a, "%s: %s", line, message);
	sheet_fact(s,
	           part_is(result, "done")      ? PLAIN
	           : part_is(result, "partial") ? YELLOW
	                                        : RED,
	           "last pass", line);
	if (success != TIMESTAMP_NONE && success < part_date(last, "started"))
		sheet_fact(s, YELLOW, "last plan",
		           arena_printf(s->a, "%s (%s); what follows was so then",
		                        sheet_ago(s, success), sheet_clock(s, success)));
}

static void manifests(struct sheet *s, const json_t *m) {
	const char *revision = part_text(s, m, "revision");
	int64_t read = part_date(m, "read");
	const char *line =
	        arena_printf(s->a, "%s, %s", sheet_count(s, part_number(m, "files"), "file"),
	                     sheet_count(s, part_number(m, "connections"), "connection"));

	if (revision)
		line = arena_printf(s->a, "%s, revision %s", line, revision);
	line = read == TIMESTAMP_NONE ? "not read yet"
	                              : arena_printf(s->a, "%s, read %s", line, sheet_ago(s, read));
	sheet_fact(s, PLAIN, "manifests", line);
}

struct word {
	const char *key, *words;
};

/* `3 to connect, 1 to update`: those of the summary that are not 0, behind what is there. */
static const char *counts(struct sheet *s, const char *line, const json_t *summary,
                          const struct word *list) {
	for (; list->key; list++) {
		int64_t n = part_number(summary, list->key);
		if (n)
			line = arena_printf(s->a, "%s%s%" PRId64 " %s", line, *line ? ", " : "", n,
			                    list->words);
	}
	return line;
}

/* What is to be written comes last, with what became of it. */
static void connections(struct sheet *s, const json_t *status) {
	static const struct word planned[] = {
		{ "none", "in sync" },
		{ "blocked", "blocked" },
		{ "unknown", "unknown" },
		{ "suspended", "suspended" },
		{ "connect", "to connect" },
		{ "update", "to update" },
		{ NULL, NULL },
	};
	static const struct word done[] = {
		{ "applied", "applied" }, { "failed", "failed" },
		{ "stale", "stale" },     { "uncertain", "uncertain" },
		{ "held", "held" },       { "notAttempted", "not attempted" },
		{ NULL, NULL },
	};
	const json_t *summary = json_object_get(status, "summary");

	if (!json_is_object(summary))
		return;
	const char *line = counts(s, "", summary, planned);
	const char *outcomes = counts(s, "", summary, done);
	if (*outcomes)
		line = arena_printf(s->a, "%s (%s)", line, outcomes);
	sheet_fact(s, PLAIN, "connections", *line ? line : "none");
	if (part_true(status, "overLimit"))
		sheet_fact(s, RED, "limit", "over it: nothing is written until a person lifts it");
}

static const char *in_a_row(struct sheet *s, const char *line, const json_t *d) {
	return part_number(d, "failures")
	               ? arena_printf(s->a, "%s: %s in a row", line,
	                              sheet_count(s, part_number(d, "failures"), "failure"))
	               : line;
}

static const char *out_of_reach(struct sheet *s, const char *line, const json_t *d) {
	int64_t since = part_date(d, "since");

	return since == TIMESTAMP_NONE
	               ? line
	               : arena_printf(s->a, "%s, out of reach for %s (since %s)", line,
	                              sheet_length(s, since, s->now), sheet_clock(s, since));
}

static const char *next_and_why(struct sheet *s, const char *line, const json_t *d) {
	const char *message = part_text(s, d, "message");
	int64_t next = part_date(d, "nextTry");

	if (next != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s, next try %s", line, sheet_ahead(s, next));
	return message ? arena_printf(s->a, "%s: %s", line, message) : line;
}

static void directory(struct sheet *s, const json_t *d) {
	const char *uri = part_text(s, d, "uri"), *line = uri ? uri : "(not told)";

	if (part_is(part_text(s, d, "state"), "closed") && !part_number(d, "failures")) {
		sheet_fact(s, PLAIN, "directory", line);
		return;
	}
	line = in_a_row(s, line, d);
	if (part_is(part_text(s, d, "state"), "half-open"))
		line = arena_printf(s->a, "%s, tried again now", line);
	else if (part_is(part_text(s, d, "state"), "open"))
		line = out_of_reach(s, line, d);
	sheet_fact(s, RED, "directory", next_and_why(s, line, d));
}

static void elsewhere(struct sheet *s, const json_t *list) {
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *d = json_array_get(list, i);
		const char *host = part_text(s, d, "host");
		const char *line =
		        arena_printf(s->a, "%s%s", host ? host : "(not told)",
		                     part_true(d, "accountForest") ? " (account forest)" : "");
		line = out_of_reach(s, in_a_row(s, line, d), d);
		sheet_fact(s, YELLOW, "server", next_and_why(s, line, d));
	}
}

static void window(struct sheet *s, const json_t *w) {
	int64_t changes = part_date(w, "changes");
	const char *line = part_true(w, "open") ? "open" : "closed: nothing is written";

	if (!json_is_object(w))
		return;
	if (changes != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s until %s (%s)", line, sheet_clock(s, changes),
		                    sheet_ahead(s, changes));
	sheet_fact(s, part_true(w, "open") ? PLAIN : YELLOW, "window", line);
}

void status_text(const json_t *status, int64_t now, bool color, struct buf *out) {
	struct sheet s = { arena_new(), out, color, now };
	const char *store = part_text(&s, status, "store");

	suspended(&s, json_object_get(status, "suspended"));
	state(&s, status);
	last_pass(&s, status);
	manifests(&s, json_object_get(status, "manifests"));
	connections(&s, status);
	directory(&s, json_object_get(status, "directory"));
	elsewhere(&s, json_object_get(status, "elsewhere"));
	if (store)
		sheet_fact(&s, PLAIN, "store", store);
	window(&s, json_object_get(status, "window"));
	status_errors(&s, json_object_get(json_object_get(status, "manifests"), "errors"));
	status_attention(&s, status, false, "Needs attention, longest so first");
	status_attention(&s, status, true, "Suspended on request");
	status_deadlines(&s, status);
	status_released(&s, json_object_get(status, "released"));
	arena_free(s.a);
}
