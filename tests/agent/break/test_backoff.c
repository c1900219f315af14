/* agent/service/backoff: how long after so many failures, at both ends of the randomness. */
#include "agent/service/backoff.h"
#include "tests/test.h"

static void after_failures(void **state) {
	static const struct {
		int64_t failures, most, least, longest; /* milliseconds */
	} rows[] = {
		{ 1, BACKOFF_CONNECTION_MAX, 900, 1100 },
		{ 2, BACKOFF_CONNECTION_MAX, 1800, 2200 },
		{ 3, BACKOFF_CONNECTION_MAX, 3600, 4400 },
		{ 10, BACKOFF_CONNECTION_MAX, 460800, 563200 },
		{ 11, BACKOFF_CONNECTION_MAX, 810000, 990000 },
		{ 31, BACKOFF_CONNECTION_MAX, 810000, 990000 },
		{ 32, BACKOFF_CONNECTION_MAX, 810000, 990000 },
		{ 64, BACKOFF_CONNECTION_MAX, 810000, 990000 },
		{ INT64_MAX, BACKOFF_CONNECTION_MAX, 810000, 990000 },
		{ 6, BACKOFF_DIRECTORY_MAX, 28800, 35200 },
		{ 7, BACKOFF_DIRECTORY_MAX, 54000, 66000 },
		{ 0, BACKOFF_DIRECTORY_MAX, 900, 1100 },
		{ -5, BACKOFF_DIRECTORY_MAX, 900, 1100 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t swing = (uint32_t)(rows[i].longest - rows[i].least);
		assert_int_equal(backoff_ms(rows[i].failures, rows[i].most, 0), rows[i].least);
		assert_int_equal(backoff_ms(rows[i].failures, rows[i].most, swing),
		                 rows[i].longest);
		assert_int_equal(backoff_ms(rows[i].failures, rows[i].most, swing + 1),
		                 rows[i].least);
	}
}

static void longest(void **state) {
	static const struct {
		int64_t failures, seconds;
	} rows[] = { { 0, 2 }, { 1, 2 },    { 2, 3 },    { 3, 5 },
		     { 4, 9 }, { 10, 564 }, { 11, 990 }, { INT64_MAX, 990 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(backoff_longest(rows[i].failures, BACKOFF_CONNECTION_MAX),
		                 rows[i].seconds);
}

static void jitter(void **state) {
	static const struct {
		int64_t seconds, percent;
		uint32_t random;
		int64_t expect;
	} rows[] = {
		{ 300, 10, 0, 270000 },     { 300, 10, 30000, 300000 },
		{ 300, 10, 60000, 330000 }, { 300, 0, 12345, 300000 },
		{ 1, 100, 0, 100 },         { 1, 100, 2000, 2000 },
		{ 0, 10, 7, 100 },          { 315360000, 100, UINT32_MAX, 4294967295 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(jittered_ms(rows[i].seconds, rows[i].percent, rows[i].random),
		                 rows[i].expect);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_failures),
		cmocka_unit_test(longest),
		cmocka_unit_test(jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
