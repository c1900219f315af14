#include "tests/agent/http/pictures.h"

#include "base/timestamp.h"
#include "tests/test.h"

/* ---- all of it at once ---- */

#define OF(file, line)                                                                             \
	{ "manifests/" file, (line), 5 }
static struct attention all[] = {
	{ "hq", "Old Blocked", OF("hq.yaml", 4), ACTION_BLOCKED, OUTCOME_NONE, "alias-taken",
	  "alias \"old\" is CN=Other,DC=contoso,DC=com's; give another with `alias`",
	  NOW - 40 * DAY, TIMESTAMP_NONE, NOW - DAY },
	{ "hq", "Not Read", OF("hq.yaml", 9), ACTION_UNKNOWN, OUTCOME_NONE, "read-failed",
	  "the directory answered 52 (unavailable) when it was asked for the user", NOW - 5 * HOUR,
	  TIMESTAMP_NONE, NOW + 5 * DAY },
	{ "hq", "Held", OF("hq.yaml", 14), ACTION_UPDATE, OUTCOME_HELD, "adopting",
	  "the mailbox is this user's already, but mbxctl never connected it; a person has to "
	  "agree, or `allow: [adopt]`",
	  NOW - 4 * HOUR, TIMESTAMP_NONE, TIMESTAMP_NONE },
	{ "hq", "Failed", OF("hq.yaml", 19), ACTION_CONNECT, OUTCOME_FAILED, "failed",
	  "the directory refuses the write: 50 (insufficientAccess); the bind account may not "
	  "write homeMDB of this user: see `mbxctl doctor`",
	  NOW - 3 * HOUR, NOW + 12 * MINUTE, NOW + 20 * DAY },
	{ "hq", "Stale", OF("hq.yaml", 24), ACTION_CONNECT, OUTCOME_STALE, "stale",
	  "it was changed meanwhile and is planned again", NOW - HOUR, NOW + 30, NOW + 21 * DAY },
	{ "hq", "Uncertain", OF("hq.yaml", 29), ACTION_CONNECT, OUTCOME_UNCERTAIN, "uncertain",
	  "the answer was lost; the next pass looks before anything else", NOW - 20 * MINUTE,
	  TIMESTAMP_NONE, NOW + 22 * DAY },
	{ "hq", "Not Attempted", OF("hq.yaml", 34), ACTION_CONNECT, OUTCOME_NOT_ATTEMPTED,
	  "not-attempted", "its primary was not connected", NOW - 10 * MINUTE, TIMESTAMP_NONE,
	  NOW + 23 * DAY },
	{ "hq", "Back and Forth", OF("hq.yaml", 39), ACTION_UPDATE, OUTCOME_NONE, "oscillating",
	  "somebody else takes the change back each time: mailNickname was written 4 times within "
	  "an hour",
	  NOW - 5 * MINUTE, NOW + HOUR, TIMESTAMP_NONE },
	{ "hq", "Waits", OF("hq.yaml", 44), ACTION_SUSPENDED, OUTCOME_NONE, "suspended",
	  "left alone on request", NOW - 2 * MINUTE, TIMESTAMP_NONE, NOW + 24 * DAY },
};

static struct deadline many[] = {
	{ "hq", "Old Blocked", "3f8a61c4-0000-4b17-9c2e-000000000001", "MBXDB01", ACTION_BLOCKED,
	  NOW - DAY },
	{ "hq", "Not Read", "3f8a61c4-0000-4b17-9c2e-000000000002", "MBXDB01", ACTION_UNKNOWN,
	  NOW + 5 * DAY },
	{ "hq", "Failed", "3f8a61c4-0000-4b17-9c2e-000000000003", "MBXDB02", ACTION_CONNECT,
	  NOW + 20 * DAY },
};

static struct code_count all_reasons[] = { { "alias-taken", 1 }, { "read-failed", 2 } };
static struct code_count all_holds[] = { { "adopting", 1 }, { "type-change", 1 } };
static struct released gone[] = { { "hq", "Former" }, { "old", "Elder" } };

static const struct findings planned_before = {
	.number = 98,
	.started = NOW - 2 * HOUR - 4,
	.ended = NOW - 2 * HOUR,
	.seconds = 4.25,
	.trigger = "sync",
	.result = PASS_RESULT_PARTIAL,
	.run = 12,
	.digest = DIGEST,
	.total = 1200,
	.counts = { 650, 40, 500, 1, 2, 7, 0 },
	.outcomes = { [OUTCOME_APPLIED] = 640,
	              [OUTCOME_FAILED] = 1,
	              [OUTCOME_STALE] = 1,
	              [OUTCOME_UNCERTAIN] = 1,
	              [OUTCOME_HELD] = 1,
	              [OUTCOME_NOT_ATTEMPTED] = 1 },
	.reasons = LIST(all_reasons),
	.holds = LIST(all_holds),
	.attention = LIST(all),
	.attention_total = 631,
	.deadlines = LIST(many),
	.deadlines_total = 17,
	.released = { gone, ARRAY_SIZE(gone) },
	.runs = runs,
	.n_runs = N_RUNS,
};

static const struct findings no_directory = {
	.number = 99,
	.started = NOW - 130,
	.ended = NOW - 120,
	.seconds = 10.001,
	.trigger = "retry",
	.result = PASS_RESULT_FAILED,
	.message = "the directory ldaps://dc01.contoso.com is out of reach: connecting took longer "
	           "than 10s",
};

static const struct broken broken[] = {
	{ { { "/etc/mbxctl/manifests/hq.yaml", 12, 16 },
	    "alias-invalid",
	    "alias \"help..desk\" has a period that is not between two other characters",
	    NULL,
	    NULL,
	    0 },
	  true },
	{ { { "/etc/mbxctl/manifests/hq.yaml", 31, 1 },
	    "yaml",
	    "a key stands twice",
	    NULL,
	    NULL,
	    1 },
	  true },
	{ { { "/etc/mbxctl/manifests/new.yaml", 0, 0 },
	    "unreadable",
	    "the file cannot be read: Permission denied",
	    NULL,
	    NULL,
	    2 },
	  false },
};

static const struct unreachable away[] = {
	{ "dc01.fabrikam.com", "fabrikam", true, 7, NOW - 9 * MINUTE, NOW + 41,
	  "ldaps://dc01.fabrikam.com:636: no answer within 10 s" },
	{ "dc02.contoso.com", "", false, 1, NOW - 3, TIMESTAMP_NONE,
	  "ldaps://dc02.contoso.com:636: Connection refused" },
};

void picture_without_directory(struct picture *p) {
	p->last = &no_directory;
	p->directory.state = "open";
	p->directory.failures = 6;
	p->directory.since = NOW - 12 * MINUTE;
	p->directory.next_try = p->next_pass = NOW + 30;
	p->directory.message = "connecting took longer than 10s";
	p->next_why = "retry";
}

void picture_trouble(struct picture *p) {
	picture_without_directory(p);
	p->manifests.files = 40;
	p->manifests.connections = 1200;
	p->manifests.broken = broken;
	p->manifests.n_broken = ARRAY_SIZE(broken);
	p->manifests.overflows = 2;
	p->suspended.is = true;
	p->suspended.reason = "the exchange team moves databases";
	p->suspended.since = NOW - 3 * HOUR;
	p->suspended.until = TIMESTAMP_NONE;
	p->window.any = true;
	p->window.changes = NOW + 5 * HOUR;
	p->elsewhere.v = away;
	p->elsewhere.n = ARRAY_SIZE(away);
	p->planned = &planned_before;
	p->last_success = NOW - 2 * HOUR - 4;
}
