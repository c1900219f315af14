#include "tests/agent/http/pictures.h"

#include "base/timestamp.h"
#include "tests/test.h"

/* ---- names that nobody means well with ---- */

#define SCRIPT "<script>document.title='owned'</script>"
#define IMAGE  "\"><img src=x onerror=\"document.title='owned'\">'"
#define BIDI                                                                                       \
	"abc\xe2\x80\xae"                                                                          \
	"gnp.exe"
#define LINES  "two\nlines\r\tand \x1b[31mred\x07"
#define BROKEN "caf\xe9 \xff"
#define HEBREW "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d 42"
#define LONG                                                                                       \
	"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"                               \
	"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"                               \
	"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"

static struct attention hostile_list[] = {
	{ IMAGE,
	  SCRIPT,
	  { "<b>&amp;.yaml", 1, 1 },
	  ACTION_BLOCKED,
	  OUTCOME_NONE,
	  "mailbox-owned",
	  SCRIPT " & </td></tr></table>",
	  NOW - DAY,
	  TIMESTAMP_NONE,
	  NOW + 9 * DAY },
	{ "m",
	  LINES,
	  { "a\nb.yaml", 2, 1 },
	  ACTION_BLOCKED,
	  OUTCOME_NONE,
	  "mailbox-owned",
	  BIDI,
	  NOW - DAY,
	  TIMESTAMP_NONE,
	  TIMESTAMP_NONE },
	{ "m",
	  BROKEN,
	  { BROKEN, 3, 1 },
	  ACTION_CONNECT,
	  OUTCOME_FAILED,
	  "failed",
	  LINES,
	  NOW - DAY,
	  TIMESTAMP_NONE,
	  TIMESTAMP_NONE },
	{ LONG,
	  LONG,
	  { LONG, 4, 1 },
	  ACTION_CONNECT,
	  OUTCOME_HELD,
	  "matched-by-name",
	  LONG,
	  NOW - DAY,
	  TIMESTAMP_NONE,
	  TIMESTAMP_NONE },
	{ HEBREW,
	  HEBREW,
	  { HEBREW, 5, 1 },
	  ACTION_UPDATE,
	  OUTCOME_HELD,
	  "adopting",
	  HEBREW,
	  NOW - DAY,
	  TIMESTAMP_NONE,
	  TIMESTAMP_NONE },
};
static struct deadline hostile_deadlines[] = {
	{ IMAGE, SCRIPT, SCRIPT, IMAGE, ACTION_BLOCKED, NOW + 9 * DAY },
	{ "m", LONG, LONG, LONG, ACTION_CONNECT, NOW + 10 * DAY },
};
static struct code_count hostile_codes[] = { { "a\"b\\c\nd", 5 } };
static struct released hostile_released[] = { { SCRIPT, IMAGE }, { LINES, BIDI } };
static const struct run hostile_runs[] = {
	{ 1, NOW - 48, NOW - 47, SCRIPT, 0, "", DIGEST, 3, 0, 0, 0, 0, 0, IMAGE },
};
static const struct broken hostile_broken[] = {
	{ { { SCRIPT, 1, 1 }, IMAGE, SCRIPT IMAGE, NULL, NULL, 0 }, true },
	{ { { LINES, 1, 1 }, "yaml", BIDI, NULL, NULL, 0 }, false },
};
static const struct unreachable hostile_servers[] = {
	{ SCRIPT LINES, BIDI, true, 2, NOW - HOUR, TIMESTAMP_NONE, IMAGE LINES },
};
static const char *const hostile_paths[] = { SCRIPT, LINES, LONG, NULL };

static const struct findings hostile = {
	.number = 1,
	.started = NOW - 49,
	.ended = NOW - 48,
	.seconds = 1,
	.trigger = SCRIPT,
	.result = PASS_RESULT_FAILED,
	.message = SCRIPT LINES,
	.digest = SCRIPT,
	.total = 5,
	.counts = { [ACTION_CONNECT] = 2, [ACTION_UPDATE] = 1, [ACTION_BLOCKED] = 2 },
	.outcomes = { [OUTCOME_HELD] = 2, [OUTCOME_FAILED] = 1 },
	.complete = true,
	.reasons = LIST(hostile_codes),
	.attention = LIST(hostile_list),
	.attention_total = 5,
	.deadlines = LIST(hostile_deadlines),
	.deadlines_total = 2,
	.released = { hostile_released, ARRAY_SIZE(hostile_released) },
	.runs = hostile_runs,
	.n_runs = ARRAY_SIZE(hostile_runs),
};

void picture_hostile(struct picture *p) {
	p->store_uri = p->next_why = p->manifests.revision = SCRIPT;
	p->directory_uri = IMAGE;
	p->paths = hostile_paths;
	p->manifests.broken = hostile_broken;
	p->manifests.n_broken = ARRAY_SIZE(hostile_broken);
	p->suspended.is = true;
	p->suspended.reason = p->directory.message = SCRIPT LINES;
	p->suspended.since = NOW - HOUR;
	p->suspended.until = NOW + 2 * DAY;
	p->directory.state = "half-open";
	p->directory.failures = 1;
	p->directory.since = NOW - HOUR;
	p->elsewhere.v = hostile_servers;
	p->elsewhere.n = ARRAY_SIZE(hostile_servers);
	p->last = p->planned = &hostile;
}
