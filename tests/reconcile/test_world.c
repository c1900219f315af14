/* What was put into the world is found again, however much there is, and nothing else is. */
#include "tests/test.h"

#include <string.h>

#include "base/hash.h"
#include "reconcile/world.h"

enum { MANY = 5000 };

static const char *person(struct arena *a, int i) {
	return arena_printf(a, "person %d", i);
}

static void every_text_is_asked_once(void **state) {
	struct arena *a = arena_new();
	struct keys k;

	(void)state;
	keys_init(&k, a);
	for (int i = 0; i < 2 * MANY; i++)
		keys_add(&k, KEY_USER_NAME, person(a, i % MANY));
	keys_add(&k, KEY_USER_UPN, person(a, 0));
	assert_int_equal(k.n, MANY + 1);
	assert_int_equal(k.asked, 2 * MANY + 1);
	for (int i = 0; i < MANY; i++)
		assert_string_equal(k.v[i].text, person(a, i));
	keys_done(&k);
	arena_free(a);
}

static void every_answer_is_its_own(void **state) {
	struct arena *a = arena_new();
	struct world *w = world_new(a);

	(void)state;
	for (int i = 0; i < MANY; i++)
		world_answer_entries(w, (struct key){ KEY_USER_NAME, person(a, i), NULL }, NULL,
		                     (size_t)i);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(world_ask(w, KEY_USER_NAME, person(a, i)).n, i);
	assert_int_equal(world_ask(w, KEY_USER_NAME, person(a, MANY)).state, ANSWER_NOT_ASKED);
	assert_int_equal(world_ask(w, KEY_USER_UPN, person(a, 0)).state, ANSWER_NOT_ASKED);
	world_free(w);
	arena_free(a);
}

/* Found by trying: should the hash become another one, so must these two. */
static void one_hash_of_two_texts(void **state) {
	static const char one[] = "person 51825", other[] = "person 154441";
	struct arena *a = arena_new();
	struct world *w = world_new(a);

	(void)state;
	assert_int_equal(hash_bytes(one, strlen(one)), hash_bytes(other, strlen(other)));
	world_unknown(w, (struct key){ KEY_USER_NAME, one, NULL }, "read-failed", "");
	assert_int_equal(world_ask(w, KEY_USER_NAME, other).state, ANSWER_NOT_ASKED);
	world_answer_entries(w, (struct key){ KEY_USER_NAME, other, NULL }, NULL, 0);
	assert_int_equal(world_ask(w, KEY_USER_NAME, one).state, ANSWER_UNKNOWN);
	assert_int_equal(world_ask(w, KEY_USER_NAME, other).state, ANSWER_COMPLETE);
	world_free(w);
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text_is_asked_once),
		cmocka_unit_test(every_answer_is_its_own),
		cmocka_unit_test(one_hash_of_two_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
