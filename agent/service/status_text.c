#include <inttypes.h>
#include <string.h>

#include "agent/service/sheet.h"
#include "agent/service/status.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/render.h"

enum { ATTENTION_LISTED = 50, OTHERS_LISTED = 10 };

/* ---- taking the document apart: what is missing, or of another kind, is NULL, none or 0 ---- */

static const char *text(struct sheet *s, const json_t *object, const char *key) {
	const char *value = json_string_value(json_object_get(object, key));

	return value ? render_line(s->a, value) : NULL;
}

static int64_t number(const json_t *object, const char *key) {
	return json_integer_value(json_object_get(object, key));
}

static int64_t date(const json_t *object, const char *key) {
	const char *value = json_string_value(json_object_get(object, key));
	int64_t t;

	return value && timestamp_parse(value, &t, NULL) ? t : TIMESTAMP_NONE;
}

static bool truth(const json_t *object, const char *key) {
	return json_is_true(json_object_get(object, key));
}

static bool is(const char *value, const char *word) {
	return value && strcmp(value, word) == 0;
}

static void more(struct sheet *s, size_t shown, int64_t total, const char *where) {
	if ((int64_t)shown < total)
		buf_printf(s->out, "  and %" PRId64 " more: %s\n", total - (int64_t)shown, where);
}

/* ---- the facts ---- */

static void state(struct sheet *s, const json_t *status) {
	const char *mode = text(s, status, "mode"), *now = text(s, status, "state");
	const char *why = text(s, status, "nextWhy");
	int64_t next = date(status, "nextPass");
	const char *line = arena_printf(s->a, "%s, %s",
	                                is(mode, "enforce")   ? "enforcing"
	                                : is(mode, "observe") ? "observing (writes nothing)"
	                                                      : "the agent runs",
	                                now ? now : "in no state that is known here");

	if (next != TIMESTAMP_NONE && is(now, "waiting"))
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
	int64_t since = date(object, "since"), until = date(object, "until");
	const char *reason = text(s, object, "reason");
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
	int64_t success = date(status, "lastSuccess"), ended = date(last, "ended");
	const char *result = text(s, last, "result"), *trigger = text(s, last, "trigger");
	const char *message = text(s, last, "message");
	double took = json_number_value(json_object_get(last, "seconds"));

	if (!result || ended == TIMESTAMP_NONE) {
		sheet_fact(s, PLAIN, "last pass", "none has ended yet");
		return;
	}
	const char *line = arena_printf(s->a, "%s %s (%s%s%s), took %.1fs", result,
	                                sheet_ago(s, ended), sheet_clock(s, ended),
	                                trigger ? ", " : "", trigger ? trigger : "", took);
	if (number(last, "run"))
		line = arena_printf(s->a, "%s, run %" PRId64, line, number(last, "run"));
	if (message)
		line = arena_printf(s->a, "%s: %s", line, message);
	sheet_fact(s,
	           is(result, "done")      ? PLAIN
	           : is(result, "partial") ? YELLOW
	                                   : RED,
	           "last pass", line);
	if (success != TIMESTAMP_NONE && success < date(last, "started"))
		sheet_fact(s, YELLOW, "last plan",
		           arena_printf(s->a, "%s (%s); what follows was so then",
		                        sheet_ago(s, success), sheet_clock(s, success)));
}

static void manifests(struct sheet *s, const json_t *m) {
	const char *revision = text(s, m, "revision");
	int64_t read = date(m, "read");
	const char *line = arena_printf(s->a, "%s, %s", sheet_count(s, number(m, "files"), "file"),
	                                sheet_count(s, number(m, "connections"), "connection"));

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
		int64_t n = number(summary, list->key);
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
	if (truth(status, "overLimit"))
		sheet_fact(s, RED, "limit", "over it: nothing is written until a person lifts it");
}

static void directory(struct sheet *s, const json_t *d) {
	const char *uri = text(s, d, "uri"), *message = text(s, d, "message");
	int64_t since = date(d, "since"), next = date(d, "nextTry");
	const char *line = uri ? uri : "(not told)";

	if (is(text(s, d, "state"), "closed") && !number(d, "failures")) {
		sheet_fact(s, PLAIN, "directory", line);
		return;
	}
	if (number(d, "failures"))
		line = arena_printf(s->a, "%s: %s in a row", line,
		                    sheet_count(s, number(d, "failures"), "failure"));
	if (is(text(s, d, "state"), "half-open"))
		line = arena_printf(s->a, "%s, tried again now", line);
	else if (since != TIMESTAMP_NONE && is(text(s, d, "state"), "open"))
		line = arena_printf(s->a, "%s, out of reach for %s (since %s)", line,
		                    sheet_length(s, since, s->now), sheet_clock(s, since));
	if (next != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s, next try %s", line, sheet_ahead(s, next));
	sheet_fact(s, RED, "directory",
	           message ? arena_printf(s->a, "%s: %s", line, message) : line);
}

static void window(struct sheet *s, const json_t *w) {
	int64_t changes = date(w, "changes");
	const char *line = truth(w, "open") ? "open" : "closed: nothing is written";

	if (!json_is_object(w))
		return;
	if (changes != TIMESTAMP_NONE)
		line = arena_printf(s->a, "%s until %s (%s)", line, sheet_clock(s, changes),
		                    sheet_ahead(s, changes));
	sheet_fact(s, truth(w, "open") ? PLAIN : YELLOW, "window", line);
}

/* ---- the lists ---- */

static void errors(struct sheet *s, const json_t *list) {
	const json_t *e;
	size_t i;

	if (!json_array_size(list))
		return;
	sheet_title(s, "Manifests with errors");
	json_array_foreach(list, i, e) {
		const char *file = text(s, e, "file"), *message = text(s, e, "message");
		const char *code = text(s, e, "code");
		const char *at = number(e, "line")
		                         ? arena_printf(s->a, ":%" PRId64 ":%" PRId64,
		                                        number(e, "line"), number(e, "column"))
		                         : "";
		buf_puts(s->out, "  ");
		sheet_wrapped(s, 2, 6,
		              arena_printf(s->a, "%s%s: %s [%s]", file ? file : "?", at,
		                           message ? message : "?", code ? code : "?"));
		buf_printf(
		        s->out, "      %s\n",
		        truth(e, "kept")
		                ? "its last good version stays in force"
		                : "no good version of it is known: its connections are left out");
	}
}

/* What it is called by: what became of it, else its action. */
static const char *word_of(struct sheet *s, const json_t *a, char *ret_symbol, enum hue *ret_hue) {
	static const struct {
		const char *word;
		char symbol;
		enum hue hue;
	} looks[] = {
		{ "blocked", '!', RED },       { "unknown", '?', MAGENTA },
		{ "suspended", '.', CYAN },    { "held", '*', MAGENTA },
		{ "failed", '!', RED },        { "stale", '~', YELLOW },
		{ "uncertain", '?', MAGENTA }, { "not-attempted", ' ', CYAN },
		{ "connect", '+', YELLOW },    { "update", '~', YELLOW },
	};
	const char *result = text(s, a, "result"), *action = text(s, a, "action");
	const char *word = result && !is(result, "applied") ? result : action ? action : "?";

	*ret_symbol = ' ';
	*ret_hue = PLAIN;
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		if (is(word, looks[i].word)) {
			*ret_symbol = looks[i].symbol;
			*ret_hue = looks[i].hue;
		}
	return word;
}

static void head(struct sheet *s, const json_t *a) {
	const json_t *at = json_object_get(a, "source");
	const char *name = text(s, a, "name"), *file = text(s, at, "file");
	char symbol;
	enum hue h;
	const char *word = word_of(s, a, &symbol, &h);
	const char *where = !file ? ""
	                    : number(at, "line")
	                            ? arena_printf(s->a, "%s:%" PRId64, file, number(at, "line"))
	                            : file;

	name = name ? name : "?";
	size_t width = 16 + text_width(name) + text_width(where);
	sheet_hue(s, h);
	buf_printf(s->out, "%c %-14s", symbol, word);
	sheet_hue(s, BOLD);
	buf_puts(s->out, name);
	sheet_hue(s, PLAIN);
	buf_pad(s->out, ' ', width + 2 < SHEET_WIDTH ? SHEET_WIDTH - width : 2);
	sheet_hue(s, DIM);
	buf_printf(s->out, "%s", where);
	sheet_hue(s, PLAIN);
	buf_putc(s->out, '\n');
}

static void attention_one(struct sheet *s, const json_t *a) {
	const char *code = text(s, a, "code"), *message = text(s, a, "message"), *times = "";
	int64_t since = date(a, "since"), next = date(a, "nextTry"), purge = date(a, "purgeDate");

	head(s, a);
	buf_puts(s->out, "    ");
	sheet_wrapped(s, 4, 6,
	              arena_printf(s->a, "%s: %s", code ? code : "?", message ? message : "?"));
	if (since != TIMESTAMP_NONE)
		times = arena_printf(s->a, "for %s, since %s", sheet_length(s, since, s->now),
		                     sheet_clock(s, since));
	if (next != TIMESTAMP_NONE)
		times = arena_printf(s->a, "%s%snext try %s", times, *times ? "; " : "",
		                     sheet_ahead(s, next));
	if (purge != TIMESTAMP_NONE)
		times = arena_printf(s->a, "%s%spurge %s (%s)", times, *times ? "; " : "",
		                     purge > s->now ? sheet_ahead(s, purge) : "due",
		                     sheet_clock(s, purge));
	if (!*times)
		return;
	buf_puts(s->out, "    ");
	sheet_wrapped(s, 4, 6, times);
}

static bool on_request(struct sheet *s, const json_t *a) {
	return is(text(s, a, "action"), "suspended");
}

static void attention(struct sheet *s, const json_t *status, bool suspended, const char *words) {
	const json_t *list = json_object_get(status, "attention"), *a;
	int64_t total = number(json_object_get(status, "summary"), "suspended");
	size_t i, shown = 0;

	if (!suspended)
		total = number(status, "attentionTotal") - total;
	json_array_foreach(list, i, a) {
		if (on_request(s, a) != suspended || shown == ATTENTION_LISTED)
			continue;
		if (!shown++)
			sheet_title(s, words);
		attention_one(s, a);
	}
	if (shown)
		more(s, shown, total, "see `mbxctl plan`");
}

static void deadlines(struct sheet *s, const json_t *status) {
	const json_t *list = json_object_get(status, "deadlines"), *d;
	size_t i;

	if (!json_array_size(list))
		return;
	sheet_title(s, "Purged unless connected before, nearest first");
	json_array_foreach(list, i, d) {
		const char *name = text(s, d, "name"), *action = text(s, d, "action");
		const char *database = text(s, d, "database");
		int64_t purge = date(d, "purgeDate");
		if (i == OTHERS_LISTED)
			break;
		if (purge == TIMESTAMP_NONE)
			continue;
		char at[TIMESTAMP_TEXT];
		buf_printf(s->out, "  %-10s  %s  ", purge > s->now ? sheet_ahead(s, purge) : "due",
		           timestamp_text(purge, at));
		sheet_wrapped(s, 36, 36,
		              arena_printf(s->a, "%s (%s%s%s)", name ? name : "?",
		                           action ? action : "?", database ? ", " : "",
		                           database ? database : ""));
	}
	more(s, i, number(status, "deadlinesTotal"), "see `mbxctl status -o json`");
}

static void released(struct sheet *s, const json_t *list) {
	const json_t *r;
	size_t i;

	json_array_foreach(list, i, r) {
		const char *name = text(s, r, "name"), *manifest = text(s, r, "manifest");
		if (i == 0)
			sheet_title(s, "Released: in no manifest any more, left as they are");
		if (i == OTHERS_LISTED)
			break;
		buf_printf(s->out, "  %s (%s)\n", name ? name : "?", manifest ? manifest : "?");
	}
	if (i)
		more(s, i, (int64_t)json_array_size(list), "see `mbxctl status -o json`");
}

void status_text(const json_t *status, int64_t now, bool color, struct buf *out) {
	struct sheet s = { arena_new(), out, color, now };
	const char *store = text(&s, status, "store");

	suspended(&s, json_object_get(status, "suspended"));
	state(&s, status);
	last_pass(&s, status);
	manifests(&s, json_object_get(status, "manifests"));
	connections(&s, status);
	directory(&s, json_object_get(status, "directory"));
	if (store)
		sheet_fact(&s, PLAIN, "store", store);
	window(&s, json_object_get(status, "window"));
	errors(&s, json_object_get(json_object_get(status, "manifests"), "errors"));
	attention(&s, status, false, "Needs attention, longest so first");
	attention(&s, status, true, "Suspended on request");
	deadlines(&s, status);
	released(&s, json_object_get(status, "released"));
	arena_free(s.a);
}
