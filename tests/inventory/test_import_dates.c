/* Dates as servers of all countries write them, and the time zone of those that name none. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "store/inventory/zone.h"
#include "tests/test.h"

#define H  "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,LastLogonTime\n"
#define G1 "11111111-0000-4000-8000-000000000001"
#define G2 "22222222-0000-4000-8000-000000000002"
#define G3 "33333333-0000-4000-8000-000000000003"

/* One mailbox for each date. */
#define ANN(date)  "Ann," G1 ",,DB1,\"" date "\",\n"
#define BOB(date)  "Bob," G2 ",,DB1,\"" date "\",\n"
#define CARL(date) "Carl," G3 ",,DB1,\"" date "\",\n"

struct dated {
	const char *name, *rows;
	enum date_order order;
	const char *zone, *expected; /* the disconnect dates, a line each, or the diagnostics */
};

#define NO_DATE                                                                                    \
	"is no date in a form that is read, such as 2026-11-01T12:00:00Z, 2026-11-01 12:00:00, "   \
	"11/1/2026 3:05:02 PM or 01.11.2026 15:05:02; $date.ToUniversalTime().ToString('u') "      \
	"writes one [date-invalid]\n"
#define DATE_IS "DisconnectDate \""
#define DOUBT(at, date, ways, orders)                                                              \
	"f:" at ": " DATE_IS date "\" can be read as " ways ", and no other date of the file "     \
	"says which; --date-order " orders " does [date-order]\n"

static const struct dated cases[] = {
	/* ---- settled by itself ---- */
	{ "American", ANN("10/31/2026 3:05:02 PM"), 0, NULL, "2026-10-31T15:05:02Z\n" },
	{ "British", ANN("31/10/2026 15:05:02"), 0, NULL, "2026-10-31T15:05:02Z\n" },
	{ "German", ANN("31.10.2026 5:05:02"), 0, NULL, "2026-10-31T05:05:02Z\n" },
	{ "Dutch", ANN("31-10-2026 15:05"), 0, NULL, "2026-10-31T15:05:00Z\n" },
	{ "Finnish", ANN("31.10.2026 15.05.02"), 0, NULL, "2026-10-31T15:05:02Z\n" },
	{ "Hungarian", ANN("2026. 10. 31. 15:05:02"), 0, NULL, "2026-10-31T15:05:02Z\n" },
	{ "Japanese", ANN("2026/10/31 15:05:02"), 0, NULL, "2026-10-31T15:05:02Z\n" },
	{ "Chinese, where both could be months", ANN("2026/1/2 15:05:02"), 0, NULL,
	  "2026-01-02T15:05:02Z\n" },
	{ "Australian", ANN("31/10/2026 12:00:00 AM"), 0, NULL, "2026-10-31T00:00:00Z\n" },
	{ "noon", ANN("10/31/2026 12:00:00 PM"), 0, NULL, "2026-10-31T12:00:00Z\n" },
	{ "a narrow blank before PM",
	  ANN("10/31/2026, 3:05:02\xe2\x80\xafPM") BOB("10/31/2026 3:05:02\xc2\xa0p.m."), 0, NULL,
	  "2026-10-31T15:05:02Z\n2026-10-31T15:05:02Z\n" },
	{ "two digits of the year, and only one order fits", ANN("31/10/99 15:05:02"), 0, NULL,
	  "2099-10-31T15:05:02Z\n" },
	{ "day and month are the same", ANN("11/11/2026 15:05:02"), 0, NULL,
	  "2026-11-11T15:05:02Z\n" },
	{ "ConvertTo-Json of Windows", ANN("/Date(1793491200999)/") BOB("/Date(-1)/"), 0, NULL,
	  "2026-11-01T00:00:00Z\n1969-12-31T23:59:59Z\n" },
	{ "with an offset that is for show", ANN("/Date(1793491200000+0200)/"), 0, NULL,
	  "2026-11-01T00:00:00Z\n" },

	/* ---- settled by another, before or after it ---- */
	{ "a later one settles it", ANN("11/1/2026 15:05:02") BOB("31/10/2026 0:00:00"), 0, NULL,
	  "2026-01-11T15:05:02Z\n2026-10-31T00:00:00Z\n" },
	{ "an earlier one settles it",
	  ANN("10/31/2026 15:05:02") BOB("1/11/2026 0:00:00") CARL("2/3/2026 0:00:00"), 0, NULL,
	  "2026-10-31T15:05:02Z\n2026-01-11T00:00:00Z\n2026-02-03T00:00:00Z\n" },
	{ "another column settles it", "Ann," G1 ",,DB1,1/11/2026 0:00:00,31/10/2026 0:00:00\n", 0,
	  NULL, "2026-11-01T00:00:00Z\n" },
	{ "of three readings two are left, then one",
	  ANN("01/02/03 0:00:00") BOB("13/02/03 0:00:00") CARL("13/02/32 0:00:00"), 0, NULL,
	  "2003-02-01T00:00:00Z\n2003-02-13T00:00:00Z\n2032-02-13T00:00:00Z\n" },

	/* ---- not settled ---- */
	{ "two readings", BOB("2026-11-01 00:00:00") ANN("11/1/2026 3:05:02 PM"), 0, NULL,
	  DOUBT("3:47", "11/1/2026 3:05:02 PM", "2026-01-11 or 2026-11-01", "dmy or mdy") },
	{ "two readings with dots", ANN("11.11.2026 3:05:02") BOB("01.11.2026 15:05:02"), 0, NULL,
	  DOUBT("3:47", "01.11.2026 15:05:02", "2026-11-01 or 2026-01-11", "dmy or mdy") },
	{ "three readings", ANN("01/02/03 0:00:00"), 0, NULL,
	  DOUBT("2:47", "01/02/03 0:00:00", "2001-02-03 or 2003-02-01 or 2003-01-02",
	        "ymd or dmy or mdy") },
	{ "only the first is told", ANN("1/2/2026 0:00:00") BOB("3/4/2026 0:00:00"), 0, NULL,
	  DOUBT("2:47", "1/2/2026 0:00:00", "2026-02-01 or 2026-01-02", "dmy or mdy") },
	{ "a year that stands first settles nothing",
	  ANN("2026/10/31 0:00:00") BOB("1/2/2026 0:00:00"), 0, NULL,
	  DOUBT("3:47", "1/2/2026 0:00:00", "2026-02-01 or 2026-01-02", "dmy or mdy") },
	{ "contradictory",
	  ANN("1/2/2026 0:00:00") BOB("13/1/2026 0:00:00") CARL("1/13/2026 0:00:00"), 0, NULL,
	  "f:4:48: " DATE_IS "1/13/2026 0:00:00\" is not in the order of \"13/1/2026 0:00:00\" on "
	  "line 3; all dates of a file are written in one order [date-order]\n" },

	/* ---- said ---- */
	{ "said: month first", ANN("11/1/2026 3:05:02 PM"), DATE_ORDER_MDY, NULL,
	  "2026-11-01T15:05:02Z\n" },
	{ "said: day first", ANN("11/1/2026 3:05:02 PM"), DATE_ORDER_DMY, NULL,
	  "2026-01-11T15:05:02Z\n" },
	{ "said: year first", ANN("01/02/03 0:00:00"), DATE_ORDER_YMD, NULL,
	  "2001-02-03T00:00:00Z\n" },
	{ "said, and a date that is not so",
	  ANN("11/1/2026 0:00:00") BOB("10/31/2026 0:00:00") CARL("12/31/2026 0:00:00"),
	  DATE_ORDER_DMY, NULL,
	  "f:3:47: " DATE_IS "10/31/2026 0:00:00\" is no date in the order dmy (day, month, "
	  "year), which --date-order says [date-order]\n"
	  "f:4:48: " DATE_IS "12/31/2026 0:00:00\" is no date in the order dmy (day, month, "
	  "year), which --date-order says [date-order]\n" },
	{ "said, and dates that need no saying",
	  ANN("2026-10-31 00:00:00") BOB("2026/1/2 0:00:00") CARL("/Date(0)/"), DATE_ORDER_DMY,
	  NULL, "2026-10-31T00:00:00Z\n2026-01-02T00:00:00Z\n1970-01-01T00:00:00Z\n" },

/* ---- none at all ---- */
#define NONE(date)                                                                                 \
	{ date, ANN(date), 0, NULL, "f:2:47: " DATE_IS date "\" " NO_DATE }
	NONE("31/31/2026 0:00:00"),
	NONE("30/2/2026 0:00:00"),
	NONE("10/31/2026"),
	NONE("10/31/2026 24:00:00"),
	NONE("10/31/2026 15:05:02 PM"),
	NONE("10/31/2026 0:05:02 AM"),
	NONE("10/31/2026 3:05:02 XM"),
	NONE("10/31/2026 3:5:02"),
	NONE("10/31-2026 3:05:02"),
	NONE("10/31/026 3:05:02"),
	NONE("1/2/3 3:05:02"),
	NONE("2026/10/2026 3:05:02"),
	NONE("10/31/20260 3:05:02"),
	NONE("yesterday"),
	NONE("/Date(1793491200000"),
	NONE("/Date( 1793491200000)/"),
	NONE("/Date(99999999999999999999)/"),
	NONE("/Date()/"),

	/* ---- time zones ---- */
	{ "winter", ANN("2026-11-01 12:00:00"), 0, "Europe/Berlin", "2026-11-01T11:00:00Z\n" },
	{ "summer", ANN("2026-07-01 12:00:00"), 0, "Europe/Berlin", "2026-07-01T10:00:00Z\n" },
	{ "west of Greenwich", ANN("10/31/2026 8:00:00 PM"), 0, "America/New_York",
	  "2026-11-01T00:00:00Z\n" },
	{ "half an hour", ANN("31/10/2026 05:30:00"), 0, "Asia/Kolkata", "2026-10-31T00:00:00Z\n" },
	{ "a date with its own zone",
	  ANN("2026-11-01T12:00:00Z") BOB("2026-11-01T12:00:00-05:00")
	          CARL("/Date(1793491200000)/"),
	  0, "Europe/Berlin",
	  "2026-11-01T12:00:00Z\n2026-11-01T17:00:00Z\n2026-11-01T00:00:00Z\n" },
	{ "an hour that comes twice", ANN("2026-10-25 02:30:00"), 0, "Europe/Berlin",
	  "2026-10-25T00:30:00Z\n" },
	{ "right before and right after both",
	  ANN("2026-10-25 01:59:59") BOB("2026-10-25 03:00:00"), 0, "Europe/Berlin",
	  "2026-10-24T23:59:59Z\n2026-10-25T02:00:00Z\n" },
	{ "an hour that there is not", ANN("2026-03-29 02:30:00"), 0, "Europe/Berlin",
	  "2026-03-29T01:30:00Z\n" },
	{ "right before and right after it", ANN("2026-03-29 01:59:59") BOB("2026-03-29 03:00:00"),
	  0, "Europe/Berlin", "2026-03-29T00:59:59Z\n2026-03-29T01:00:00Z\n" },
	{ "the other half of the world", ANN("2026-04-05 02:30:00"), 0, "Australia/Sydney",
	  "2026-04-04T15:30:00Z\n" },
	{ "UTC", ANN("2026-11-01 12:00:00"), 0, "UTC", "2026-11-01T12:00:00Z\n" },
#define NO_ZONE(zone)                                                                              \
	{                                                                                          \
		zone, ANN("2026-11-01 12:00:00"), 0, zone,                                         \
		        "f:0:0: there is no time zone \"" zone                                     \
		        "\"; a name such as Europe/Berlin is meant "                               \
		        "[time-zone-unknown]\n"                                                    \
	}
	NO_ZONE("Europe/Bonn"),
	NO_ZONE("CET-1CEST"),
	NO_ZONE(":Europe/Berlin"),
	NO_ZONE("../zoneinfo/Europe/Berlin"),
	NO_ZONE("/usr/share/zoneinfo/Europe/Berlin"),
	NO_ZONE("right/Europe/Berlin"),
	NO_ZONE("Europe"),
	NO_ZONE("zone.tab"),
	NO_ZONE("leapseconds"), /* a file beside the zones */
	NO_ZONE(""),
};

static void test_cases(void **state) {
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct dated *c = cases + i;
		const struct import_options options = { .now = NOW,
			                                .date_order = c->order,
			                                .time_zone = c->zone };
		struct fixture f;
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		const char *file = arena_printf(f.arena, H "%s", c->rows);
		const char *got = fixture_import_as(&f, "f", file, strlen(file), &options);
		if (*got == '+')
			got = fixture_sql(&f, "SELECT strftime('%Y-%m-%dT%H:%M:%SZ', disconnected, "
			                      "'unixepoch') FROM mailbox ORDER BY id");
		failures += differs(c->name, got, c->expected);
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* A file that is refused for its dates leaves nothing behind, good rows and databases included. */
static void test_nothing_taken(void **state) {
	static const char file[] = H ANN("11/1/2026 0:00:00") "Bob," G2 ",,DB2,,\n";
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_true(*fixture_import(&f, "f", file, sizeof(file) - 1, NOW) == 'f');
	assert_string_equal(fixture_list(&f), "");
	fixture_done(&f);
}

/* The process's own zone is as before, whether there was one or not. */
static void test_zone_is_given_back(void **state) {
	static const char *const before[] = { NULL, "Asia/Tokyo" };
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		time_t t = 0;
		struct tm tm;
		struct zone z;
		assert_int_equal(before[i] ? setenv("TZ", before[i], 1) : unsetenv("TZ"), 0);
		tzset();
		assert_true(zone_enter(&z, "America/New_York"));
		zone_leave(&z);
		assert_false(zone_enter(&z, "America/Nowhere"));
		zone_leave(&z);
		const char *after = getenv("TZ");
		assert_non_null(localtime_r(&t, &tm));
		failures += differs("TZ", after ? after : "none", before[i] ? before[i] : "none");
		failures += tm.tm_gmtoff != (before[i] ? 9 * 3600 : 0);
	}
	assert_int_equal(unsetenv("TZ"), 0);
	assert_int_equal(failures, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nothing_taken),
		cmocka_unit_test(test_zone_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
