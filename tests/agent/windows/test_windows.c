/* agent/service/windows: a zone, windows and a moment; whether it is open, and until when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/service/windows.h"
#include "base/timestamp.h"
#include "tests/test.h"

struct row {
	const char *name, *zone;
	const char *windows; /* "allow Mon-Fri 22:00 for 6h; deny ..." */
	const char *now, *expect;
};

/* "allow Mon-Fri 22:00 for 6h" */
static struct window window_of(char *text) {
	struct window w = { .deny = strncmp(text, "deny ", 5) == 0 };
	char *length = strstr(text, " for ");

	assert_non_null(length);
	assert_true(duration_parse(length + 5, &w.seconds));
	*length = '\0';
	w.when = strchr(text, ' ') + 1;
	return w;
}

static char *answer(const struct row *r, char *out, size_t size) {
	char *copy = strdup(r->windows), *rest = copy, changes[TIMESTAMP_TEXT];
	struct window windows[8];
	size_t n = 0;
	int64_t now = 0;

	for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
		windows[n++] = window_of(one + strspn(one, " "));
	setenv("TZ", r->zone, 1);
	tzset();
	assert_true(timestamp_parse(r->now, &now, NULL));
	struct windows_state state = windows_at(windows, n, now);
	if (state.changes == TIMESTAMP_NONE)
		strcpy(changes, "never");
	else
		timestamp_text(state.changes, changes);
	snprintf(out, size, "%s until %s", state.open ? "open" : "shut", changes);
	free(copy);
	return out;
}

static void check(const struct row *rows, size_t n) {
	char got[128];

	for (const struct row *r = rows; r < rows + n; r++)
		if (strcmp(answer(r, got, sizeof(got)), r->expect) != 0)
			fail_msg("%s (%s, TZ=%s, %s): %s, not %s", r->name, r->windows, r->zone,
			         r->now, got, r->expect);
}

static void plain(void **state) {
	static const struct row rows[] = {
		{ "no windows", "UTC", "", "2026-11-01T12:00:00Z", "open until never" },
		{ "before it", "UTC", "allow 22:00 for 6h", "2026-11-04T12:00:00Z",
		  "shut until 2026-11-04T22:00:00Z" },
		{ "its first second", "UTC", "allow 22:00 for 6h", "2026-11-04T22:00:00Z",
		  "open until 2026-11-05T04:00:00Z" },
		{ "its last second", "UTC", "allow 22:00 for 6h", "2026-11-05T03:59:59Z",
		  "open until 2026-11-05T04:00:00Z" },
		{ "behind it", "UTC", "allow 22:00 for 6h", "2026-11-05T04:00:00Z",
		  "shut until 2026-11-05T22:00:00Z" },
		{ "over midnight into a day that is not named", "UTC", "allow Mon-Fri 22:00 for 6h",
		  "2026-11-07T03:00:00Z", "open until 2026-11-07T04:00:00Z" },
		{ "the weekend is not named", "UTC", "allow Mon-Fri 22:00 for 6h",
		  "2026-11-07T05:00:00Z", "shut until 2026-11-09T22:00:00Z" },
		{ "over the end of the week", "UTC", "allow Sun 23:00 for 4h",
		  "2026-11-09T02:00:00Z", "open until 2026-11-09T03:00:00Z" },
		{ "a range over Sunday", "UTC", "allow Sat-Mon 08:00 for 1h",
		  "2026-11-06T12:00:00Z", "shut until 2026-11-07T08:00:00Z" },
		{ "one that begins when another ends", "UTC",
		  "allow 01:00 for 2h; allow 03:00 for 2h", "2026-11-04T02:00:00Z",
		  "open until 2026-11-04T05:00:00Z" },
		{ "two that overlap", "UTC", "allow 01:00 for 4h; allow 03:00 for 3h",
		  "2026-11-04T02:00:00Z", "open until 2026-11-04T06:00:00Z" },
		{ "one that meets itself", "UTC", "allow 01:00 for 24h", "2026-11-04T02:00:00Z",
		  "open until never" },
		{ "longer than a week", "UTC", "allow Mon 00:00 for 10d", "2026-11-04T02:00:00Z",
		  "open until never" },
		{ "open since weeks", "UTC", "allow 2026-10-01 00:00 for 36d",
		  "2026-11-04T02:00:00Z", "open until 2026-11-06T00:00:00Z" },
		{ "once, within eight days", "UTC", "allow 2026-11-12 02:00 for 1h",
		  "2026-11-04T02:00:00Z", "shut until 2026-11-12T02:00:00Z" },
		{ "once, a second later than that", "UTC", "allow 2026-11-12 02:00 for 1h",
		  "2026-11-04T01:59:59Z", "shut until never" },
		{ "once, and it is over", "UTC", "allow 2026-11-01 02:00 for 1h",
		  "2026-11-04T01:00:00Z", "shut until never" },
		{ "longer than a day, on its last", "UTC", "allow Mon 00:00 for 6d",
		  "2026-11-07T12:00:00Z", "open until 2026-11-08T00:00:00Z" },
		{ "before 1970", "UTC", "allow 22:00 for 6h", "1969-12-20T23:00:00Z",
		  "open until 1969-12-21T04:00:00Z" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void denied(void **state) {
	static const struct row rows[] = {
		{ "only deny, outside", "UTC", "deny Mon-Fri 08:00 for 10h", "2026-11-07T12:00:00Z",
		  "open until 2026-11-09T08:00:00Z" },
		{ "only deny, inside", "UTC", "deny Mon-Fri 08:00 for 10h", "2026-11-06T12:00:00Z",
		  "shut until 2026-11-06T18:00:00Z" },
		{ "deny within allow, before it", "UTC", "allow 20:00 for 8h; deny 22:00 for 1h",
		  "2026-11-04T21:00:00Z", "open until 2026-11-04T22:00:00Z" },
		{ "deny within allow, in it", "UTC", "allow 20:00 for 8h; deny 22:00 for 1h",
		  "2026-11-04T22:30:00Z", "shut until 2026-11-04T23:00:00Z" },
		{ "deny over the end of allow", "UTC", "deny 03:00 for 3h; allow 20:00 for 8h",
		  "2026-11-05T03:30:00Z", "shut until 2026-11-05T20:00:00Z" },
		{ "deny where it is shut already", "UTC", "allow 20:00 for 1h; deny 22:00 for 1h",
		  "2026-11-04T21:30:00Z", "shut until 2026-11-05T20:00:00Z" },
		{ "a date, hours before", "Europe/Berlin",
		  "allow Mon-Fri 22:00 for 6h; deny 2026-12-24 00:00 for 72h",
		  "2026-12-23T21:30:00Z", "open until 2026-12-23T23:00:00Z" },
		{ "a date, within", "Europe/Berlin",
		  "allow Mon-Fri 22:00 for 6h; deny 2026-12-24 00:00 for 72h",
		  "2026-12-24T22:00:00Z", "shut until 2026-12-28T21:00:00Z" },
		{ "always denied", "UTC", "allow 20:00 for 8h; deny 00:00 for 24h",
		  "2026-11-04T21:00:00Z", "shut until never" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* In Berlin the clock skips 02:00-03:00 on 2026-03-29 (01:00Z), shows it twice on 2026-10-25 (until
 * 00:00Z and from 01:00Z); on Lord Howe Island half an hour: 02:00-02:30 is skipped on 2026-10-04
 * (2026-10-03T15:30Z), 01:30-02:00 is shown twice on 2026-04-05 (until 2026-04-04T15:00Z). */
static void summer_time(void **state) {
	static const struct row rows[] = {
		{ "winter", "Europe/Berlin", "allow 22:00 for 6h", "2026-11-04T12:00:00Z",
		  "shut until 2026-11-04T21:00:00Z" },
		{ "summer", "Europe/Berlin", "allow 22:00 for 6h", "2026-07-04T12:00:00Z",
		  "shut until 2026-07-04T20:00:00Z" },
		{ "spring: six hours are six hours", "Europe/Berlin", "allow 22:00 for 6h",
		  "2026-03-28T22:00:00Z", "open until 2026-03-29T03:00:00Z" },
		{ "autumn: six hours are six hours", "Europe/Berlin", "allow 22:00 for 6h",
		  "2026-10-24T22:00:00Z", "open until 2026-10-25T02:00:00Z" },
		{ "spring: 02:30 is skipped", "Europe/Berlin", "allow 02:30 for 1h",
		  "2026-03-29T00:00:00Z", "shut until 2026-03-29T01:00:00Z" },
		{ "spring: it is an hour long from there", "Europe/Berlin", "allow 02:30 for 1h",
		  "2026-03-29T01:00:00Z", "open until 2026-03-29T02:00:00Z" },
		{ "spring: 02:00 is the jump", "Europe/Berlin", "allow 02:00 for 1h",
		  "2026-03-29T00:00:00Z", "shut until 2026-03-29T01:00:00Z" },
		{ "spring: 01:59 is before it", "Europe/Berlin", "allow 01:59 for 1h",
		  "2026-03-29T00:00:00Z", "shut until 2026-03-29T00:59:00Z" },
		{ "spring: 03:00 is the jump too", "Europe/Berlin", "allow 03:00 for 1h",
		  "2026-03-29T00:00:00Z", "shut until 2026-03-29T01:00:00Z" },
		{ "spring: 03:01 is behind it", "Europe/Berlin", "allow 03:01 for 1h",
		  "2026-03-29T00:00:00Z", "shut until 2026-03-29T01:01:00Z" },
		{ "autumn: of two 02:30 the first", "Europe/Berlin", "allow 02:30 for 10m",
		  "2026-10-25T00:00:00Z", "shut until 2026-10-25T00:30:00Z" },
		{ "autumn: and not the second", "Europe/Berlin", "allow 02:30 for 10m",
		  "2026-10-25T01:30:00Z", "shut until 2026-10-26T01:30:00Z" },
		{ "autumn: of two 02:00 the first", "Europe/Berlin", "allow 02:00 for 10m",
		  "2026-10-24T23:00:00Z", "shut until 2026-10-25T00:00:00Z" },
		{ "autumn: 03:00 is shown once", "Europe/Berlin", "allow 03:00 for 10m",
		  "2026-10-24T23:00:00Z", "shut until 2026-10-25T02:00:00Z" },
		{ "half an hour, spring: 02:15 is skipped", "Australia/Lord_Howe",
		  "allow 02:15 for 10m", "2026-10-03T15:00:00Z",
		  "shut until 2026-10-03T15:30:00Z" },
		{ "half an hour, spring: 02:40 is ten minutes on", "Australia/Lord_Howe",
		  "allow 02:40 for 10m", "2026-10-03T15:00:00Z",
		  "shut until 2026-10-03T15:40:00Z" },
		{ "half an hour, autumn: of two 01:45 the first", "Australia/Lord_Howe",
		  "allow 01:45 for 10m", "2026-04-04T14:00:00Z",
		  "shut until 2026-04-04T14:45:00Z" },
		{ "half an hour, autumn: 02:15 is half an hour later", "Australia/Lord_Howe",
		  "allow 02:15 for 10m", "2026-04-04T15:05:00Z",
		  "shut until 2026-04-04T15:45:00Z" },
		{ "a date that an island skipped whole", "Pacific/Apia",
		  "allow 2011-12-30 12:00 for 1h", "2011-12-30T08:00:00Z",
		  "shut until 2011-12-30T10:00:00Z" },
		{ "far to the west", "Etc/GMT+12", "allow Mon 00:00 for 1h", "2026-11-09T06:00:00Z",
		  "shut until 2026-11-09T12:00:00Z" },
		{ "far to the east", "Pacific/Kiritimati", "allow Mon 00:00 for 1h",
		  "2026-11-08T06:00:00Z", "shut until 2026-11-08T10:00:00Z" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),
		cmocka_unit_test(denied),
		cmocka_unit_test(summer_time),
	};

	return cmocka_run_group_tests_name("windows", tests, NULL, NULL);
}
