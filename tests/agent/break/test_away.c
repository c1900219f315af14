/* agent/away: who did not answer, when he is asked again, and who is forgotten. */
#include "agent/away.h"
#include "tests/test.h"

#define SECOND 1000000000ull

static const char forest[] = "forest 3 dc1x", other[] = "server dc2";

static void the_longer_the_more_seldom(void **state) {
	static const uint64_t waits[] = { 1, 2, 4, 8, 16, 32, 60, 60 }; /* seconds, a tenth less */
	struct away *w = away_copy(NULL, false, 0);
	uint64_t now = 5 * SECOND;

	(void)state;
	assert_int_equal(away_wait_ms(w, now), INT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		uint64_t wait = waits[i] * 9 * SECOND / 10;
		assert_null(away_why(w, forest, now));
		away_failed(w, forest, i ? "again" : "silent", now, 1000 + (int64_t)i);
		assert_string_equal(away_why(w, forest, now), i ? "again" : "silent");
		assert_non_null(away_why(w, forest, now + wait - 1));
		assert_int_equal(away_wait_ms(w, now), wait / 1000000 + 1);
		assert_null(away_why(w, forest, now + wait));
		assert_int_equal(away_wait_ms(w, now + wait), 0);
		now += wait;
	}
	assert_int_equal(w->v[0].failures, ARRAY_SIZE(waits));
	assert_int_equal(w->v[0].since, 1000);
	away_free(w);
}

/* Another pass begins with what the one before it learned, and learns for itself. */
static void from_pass_to_pass(void **state) {
	struct away *w = away_copy(NULL, false, 0);

	(void)state;
	away_failed(w, forest, "silent", SECOND, 1000);
	away_failed(w, other, "refused", 2 * SECOND, 1001);
	struct away *next = away_copy(w, false, 0), *asked = away_copy(w, true, 0);
	away_free(w);
	assert_int_equal(next->n, 2);
	assert_string_equal(away_why(next, forest, SECOND), "silent");
	assert_false(next->v[0].failed);
	assert_false(next->v[1].wanted);
	assert_int_equal(away_wait_ms(next, SECOND), 901); /* of the first */
	assert_null(away_why(asked, forest, SECOND));
	assert_null(away_why(asked, other, SECOND));
	away_failed(asked, forest, "silent", 3 * SECOND, 1002);
	assert_int_equal(asked->v[0].failures, 2);
	assert_int_equal(asked->v[0].since, 1000);
	away_free(next);
	away_free(asked);
}

static void who_is_back_is_forgotten(void **state) {
	struct away *w = away_copy(NULL, false, 0);

	(void)state;
	away_failed(w, forest, "silent", SECOND, 1000);
	away_failed(w, other, "refused", SECOND, 1000);
	struct away *next = away_copy(w, true, 0);
	away_answered(next, forest);
	away_answered(next, "forest 3 dc9x"); /* was never away */
	away_forget(next, false);
	assert_int_equal(next->n, 1);
	assert_string_equal(next->v[0].name, other);
	away_free(next);
	/* It failed once more, later in the same pass. */
	away_answered(w, forest);
	away_failed(w, forest, "silent", SECOND, 1001);
	away_forget(w, false);
	assert_int_equal(w->n, 2);
	away_free(w);
}

/* A plan that lacks nothing says who is wanted; one that did not come about says nothing. */
static void who_is_not_wanted_is_forgotten(void **state) {
	struct away *w = away_copy(NULL, false, 0);

	(void)state;
	away_failed(w, forest, "silent", SECOND, 1000);
	away_failed(w, other, "refused", SECOND, 1000);
	struct away *next = away_copy(w, false, 0);
	assert_non_null(away_why(next, forest, SECOND));
	away_forget(next, false);
	assert_int_equal(next->n, 2);
	away_forget(next, true);
	assert_int_equal(next->n, 1);
	assert_string_equal(next->v[0].name, forest);
	away_free(next);
	away_free(w);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longer_the_more_seldom),
		cmocka_unit_test(from_pass_to_pass),
		cmocka_unit_test(who_is_back_is_forgotten),
		cmocka_unit_test(who_is_not_wanted_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
