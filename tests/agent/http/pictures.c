#include "tests/agent/http/pictures.h"

#include <string.h>

#include "base/timestamp.h"
#include "tests/test.h"

static const char *const paths[] = { "/etc/mbxctl/manifests", NULL };

/* ---- a good day ---- */

const struct run runs[] = {
	{ 12, NOW - 48, NOW - 47, "apply", 0, "", DIGEST, 3, 0, 0, 0, 0, 0, "done" },
	{ 11, NOW - DAY, NOW - DAY + 9, "undo", 9, "", DIGEST, 1, 1, 0, 0, 0, 0, "partial" },
	{ 10, NOW - 9 * DAY, TIMESTAMP_NONE, "apply", 0, "", DIGEST, 0, 0, 0, 0, 0, 0, "" },
};

static const struct findings healthy = {
	.number = 12,
	.started = NOW - 49,
	.ended = NOW - 48,
	.seconds = 0.412,
	.trigger = "interval",
	.result = PASS_RESULT_DONE,
	.run = 12,
	.digest = DIGEST,
	.total = 120,
	.counts = { [ACTION_CONNECT] = 3, [ACTION_NONE] = 117 },
	.outcomes = { [OUTCOME_APPLIED] = 3 },
	.complete = true,
	.runs = runs,
	.n_runs = N_RUNS,
};

static const struct picture well = {
	.now = NOW,
	.started = NOW - 3 * DAY,
	.pid = 4711,
	.enforce = true,
	.state = AGENT_WAITING,
	.store_uri = "sqlite:/var/lib/mbxctl/mbxctl.db",
	.directory_uri = "ldaps://dc01.contoso.com",
	.paths = paths,
	.manifests = { .revision = "3f2a91c8d0", .files = 3, .connections = 120, .read = NOW - 5 },
	.suspended = { .reason = "" },
	.window = { .changes = TIMESTAMP_NONE },
	.directory = { .state = "closed", .since = NOW - 3 * DAY, .next_try = TIMESTAMP_NONE },
	.last = &healthy,
	.planned = &healthy,
	.last_success = NOW - 49,
	.next_pass = NOW + 252,
	.next_why = "interval",
};

static const struct counters busy = {
	.passes = { [PASS_RESULT_DONE] = 11, [PASS_RESULT_FAILED] = 1 },
	.written = { [OUTCOME_APPLIED] = 21, [OUTCOME_FAILED] = 1 },
	.pass = { .buckets = { [6] = 2, [7] = 9 }, .count = 12, .sum = 75.25 },
	.directory = { .buckets = { [0] = 1, [3] = 30 }, .count = 31, .sum = 0.625 },
	.store = { .buckets = { [1] = 24 }, .count = 24, .sum = 0.0625 },
	.loop_stalls = 2,
	.loop_max = 0.0712,
	.loop_cpu_max = 0.0034,
	.control_requests = 5,
	.http_requests = 17281,
	.log_lines = 143,
	.queue = 1,
};

/* ---- an ordinary bad day: the agent is well, some connections are not ---- */

static struct attention waiting[] = {
	{ "hq-restore",
	  "John Evans",
	  { "manifests/hq.yaml", 12, 5 },
	  ACTION_BLOCKED,
	  OUTCOME_NONE,
	  "user-not-found",
	  "nobody in the directory is \"john.evans@contoso.com\"; give a UPN, "
	  "DOMAIN\\sAMAccountName, DN, canonical name, GUID or name",
	  NOW - 9 * DAY,
	  TIMESTAMP_NONE,
	  NOW + 3 * DAY + 4 * HOUR },
	{ "hq-restore",
	  "Jane Doe",
	  { "manifests/hq.yaml", 19, 5 },
	  ACTION_CONNECT,
	  OUTCOME_HELD,
	  "matched-by-name",
	  "no `user` was given and the displayName alone decided; a person has to agree, or "
	  "`allow: [matchByName]`",
	  NOW - 2 * DAY - HOUR,
	  TIMESTAMP_NONE,
	  NOW + 12 * DAY },
	{ "resources",
	  "CAR001",
	  { "manifests/resources.yaml", 7, 5 },
	  ACTION_SUSPENDED,
	  OUTCOME_NONE,
	  "suspended",
	  "waits for the new car",
	  NOW - 30 * DAY,
	  TIMESTAMP_NONE,
	  TIMESTAMP_NONE },
};

static struct deadline soon[] = {
	{ "hq-restore", "John Evans", "3f8a61c4-0000-4b17-9c2e-000000000001", "MBXDB02",
	  ACTION_BLOCKED, NOW + 3 * DAY + 4 * HOUR },
	{ "hq-restore", "Jane Doe", "3f8a61c4-0000-4b17-9c2e-000000000002", "MBXDB02",
	  ACTION_CONNECT, NOW + 12 * DAY },
};

static struct code_count reasons[] = { { "user-not-found", 1 } };
static struct code_count holds[] = { { "matched-by-name", 1 } };

static const struct findings ordinary = {
	.number = 13,
	.started = NOW - 49,
	.ended = NOW - 48,
	.seconds = 0.9,
	.trigger = "manifests",
	.result = PASS_RESULT_DONE,
	.digest = DIGEST,
	.total = 120,
	.counts = { [ACTION_CONNECT] = 1,
	            [ACTION_NONE] = 117,
	            [ACTION_BLOCKED] = 1,
	            [ACTION_SUSPENDED] = 1 },
	.outcomes = { [OUTCOME_HELD] = 1 },
	.complete = true,
	.reasons = LIST(reasons),
	.holds = LIST(holds),
	.attention = LIST(waiting),
	.attention_total = 3,
	.deadlines = LIST(soon),
	.deadlines_total = 2,
	.runs = runs,
	.n_runs = 1,
};

/* ---- over a limit ---- */

static const struct findings over_limit = {
	.number = 2,
	.started = NOW - 49,
	.ended = NOW - 48,
	.seconds = 3.5,
	.trigger = "manifests",
	.result = PASS_RESULT_REFUSED,
	.message = "110 connections would be written, and one run may write 100 (limits.changes); "
	           "a person may lift it: mbxctl apply --max-changes 110",
	.digest = DIGEST,
	.total = 400,
	.counts = { [ACTION_CONNECT] = 110, [ACTION_NONE] = 290 },
	.outcomes = { [OUTCOME_NOT_ATTEMPTED] = 110 },
	.complete = true,
	.over_limit = true,
};

/* ---- what each differs in from a good day ---- */

static void healthy_day(struct picture *p) {
	(void)p;
}

static void ordinary_day(struct picture *p) {
	p->last = p->planned = &ordinary;
}

static void nothing_planned(struct picture *p) {
	p->last = p->planned = NULL;
	p->last_success = TIMESTAMP_NONE;
}

static void starting(struct picture *p) {
	nothing_planned(p);
	p->started = p->directory.since = NOW;
	p->state = AGENT_STARTING;
	memset(&p->manifests, 0, sizeof(p->manifests));
	p->manifests.read = p->next_pass = TIMESTAMP_NONE;
	p->next_why = NULL;
}

static void too_much(struct picture *p) {
	p->last = p->planned = &over_limit;
}

static void suspended(struct picture *p) {
	p->suspended.is = true;
	p->suspended.since = NOW - 90;
	p->suspended.until = NOW + 45 * MINUTE;
}

static void outside_windows(struct picture *p) {
	p->enforce = false;
	p->window.any = true;
	p->window.changes = NOW + 5 * HOUR + 912;
}

static void in_a_window(struct picture *p) {
	p->state = AGENT_WRITING;
	p->window.any = p->window.open = true;
	p->window.changes = NOW + HOUR;
}

static void directory_down(struct picture *p) {
	nothing_planned(p);
	picture_without_directory(p);
}

static const struct {
	const char *name;
	void (*edit)(struct picture *p);
} days[] = {
	{ "healthy", healthy_day },     { "ordinary", ordinary_day },
	{ "starting", starting },       { "trouble", picture_trouble },
	{ "hostile", picture_hostile }, { "over-limit", too_much },
	{ "suspended", suspended },     { "outside-windows", outside_windows },
	{ "in-a-window", in_a_window }, { "directory-down", directory_down },
};

bool sample_at(size_t i, struct sample *ret) {
	if (i >= ARRAY_SIZE(days))
		return false;
	*ret = (struct sample){ .name = days[i].name, .picture = well, .counters = busy };
	days[i].edit(&ret->picture);
	return true;
}

bool sample_find(const char *name, struct sample *ret) {
	for (size_t i = 0; sample_at(i, ret); i++)
		if (strcmp(ret->name, name) == 0)
			return true;
	return false;
}
