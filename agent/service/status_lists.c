/* The lists under the facts of a status. */
#include <inttypes.h>

#include "agent/service/status_parts.h"
#include "base/text.h"
#include "base/timestamp.h"

enum { ATTENTION_LISTED = 50, OTHERS_LISTED = 10 };

static void more(struct sheet *s, size_t shown, int64_t total, const char *where) {
	if ((int64_t)shown < total)
		buf_printf(s->out, "  and %" PRId64 " more: %s\n", total - (int64_t)shown, where);
}

void status_errors(struct sheet *s, const json_t *list) {
	const json_t *e;
	size_t i;

	if (!json_array_size(list))
		return;
	sheet_title(s, "Manifests with errors");
	json_array_foreach(list, i, e) {
		const char *file = part_text(s, e, "file"), *message = part_text(s, e, "message");
		const char *code = part_text(s, e, "code");
		const char *at =
		        part_number(e, "line")
		                ? arena_printf(s->a, ":%" PRId64 ":%" PRId64,
		                               part_number(e, "line"), part_number(e, "column"))
		                : "";
		buf_puts(s->out, "  ");
		sheet_wrapped(s, 2, 6,
		              arena_printf(s->a, "%s%s: %s [%s]", file ? file : "?", at,
		                           message ? message : "?", code ? code : "?"));
		buf_printf(
		        s->out, "      %s\n",
		        part_true(e, "kept")
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
	const char *result = part_text(s, a, "result"), *action = part_text(s, a, "action");
	const char *word = result && !part_is(result, "applied") ? result : action ? action : "?";

	*ret_symbol = ' ';
	*ret_hue = PLAIN;
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		if (part_is(word, looks[i].word)) {
			*ret_symbol = looks[i].symbol;
			*ret_hue = looks[i].hue;
		}
	return word;
}

static void head(struct sheet *s, const json_t *a) {
	const json_t *at = json_object_get(a, "source");
	const char *name = part_text(s, a, "name"), *file = part_text(s, at, "file");
	char symbol;
	enum hue h;
	const char *word = word_of(s, a, &symbol, &h);
	const char *where = !file                     ? ""
	                    : part_number(at, "line") ? arena_printf(s->a, "%s:%" PRId64, file,
	                                                             part_number(at, "line"))
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
	const char *code = part_text(s, a, "code"), *message = part_text(s, a, "message"),
	           *times = "";
	int64_t since = part_date(a, "since"), next = part_date(a, "nextTry"),
	        purge = part_date(a, "purgeDate");

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
	return part_is(part_text(s, a, "action"), "suspended");
}

void status_attention(struct sheet *s, const json_t *status, bool suspended, const char *words) {
	const json_t *list = json_object_get(status, "attention"), *a;
	int64_t total = part_number(json_object_get(status, "summary"), "suspended");
	size_t i, shown = 0;

	if (!suspended)
		total = part_number(status, "attentionTotal") - total;
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

void status_deadlines(struct sheet *s, const json_t *status) {
	const json_t *list = json_object_get(status, "deadlines"), *d;
	size_t i;

	if (!json_array_size(list))
		return;
	sheet_title(s, "Purged unless connected before, nearest first");
	json_array_foreach(list, i, d) {
		const char *name = part_text(s, d, "name"), *action = part_text(s, d, "action");
		const char *database = part_text(s, d, "database");
		int64_t purge = part_date(d, "purgeDate");
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
	more(s, i, part_number(status, "deadlinesTotal"), "see `mbxctl status -o json`");
}

void status_released(struct sheet *s, const json_t *list) {
	const json_t *r;
	size_t i;

	json_array_foreach(list, i, r) {
		const char *name = part_text(s, r, "name"), *manifest = part_text(s, r, "manifest");
		if (i == 0)
			sheet_title(s, "Released: in no manifest any more, left as they are");
		if (i == OTHERS_LISTED)
			break;
		buf_printf(s->out, "  %s (%s)\n", name ? name : "?", manifest ? manifest : "?");
	}
	if (i)
		more(s, i, (int64_t)json_array_size(list), "see `mbxctl status -o json`");
}
