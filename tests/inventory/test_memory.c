/* What the agent remembers: kept, replaced and forgotten as it is told, and not written twice. */
#include <string.h>

#include "base/timestamp.h"
#include "fixture.h"
#include "store/inventory/memory.h"
#include "tests/test.h"

#define G1 "11111111-0000-4000-8000-000000000001"
#define G9 "99999999-0000-4000-8000-000000000009"
#define CSV                                                                                        \
	"DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate\n"                               \
	"Ann," G1 ",/o=X,DB1,2026-10-01T12:00:00Z\n"
#define SUM "0000000000000000000000000000000000000000000000000000000000000"

static void must(int r, const struct error *err) {
	if (r != OK)
		fail_msg("%s", err->text);
}

static void begin(struct fixture *f) {
	fixture_make(f);
	fixture_open(f, INVENTORY_WRITE);
	(void)fixture_import(f, "f", CSV, strlen(CSV), NOW);
}

static const char *conditions(struct fixture *f) {
	return fixture_sql(f, "SELECT manifest || '/' || name || ' ' || failures || ' ' ||"
	                      " ifnull(next_try, '-') || ' ' || undone || ' ' ||"
	                      " ifnull(undone_at, '-') || ' [' || undone_what || '] ' || code ||"
	                      " ' ' || ifnull(since, '-') FROM condition ORDER BY 1");
}

static struct condition_row row(const char *name) {
	return (struct condition_row){ .manifest = "HQ",
		                       .name = name,
		                       .next_try = TIMESTAMP_NONE,
		                       .undone_at = TIMESTAMP_NONE,
		                       .undone_what = "",
		                       .code = "",
		                       .since = TIMESTAMP_NONE };
}

static void test_conditions(void **state) {
	struct condition_row ann = row("Ann"), bob = row("Bob"), *back;
	struct error err = { 0 };
	struct fixture f;
	size_t n;

	(void)state;
	begin(&f);
	ann.failures = 2;
	ann.next_try = NOW + 4;
	bob.code = "user-not-found";
	bob.since = NOW;
	must(inventory_set_conditions(f.inv, &ann, 1, &err), &err);
	must(inventory_set_conditions(f.inv, &bob, 1, &err), &err);
	assert_string_equal(conditions(&f), "hq/ann 2 1793491204 0 - []  -\n"
	                                    "hq/bob 0 - 0 - [] user-not-found 1793491200\n");
	must(inventory_conditions(f.inv, f.arena, &back, &n, &err), &err);
	assert_int_equal(n, 2);
	assert_string_equal(back[0].name, "ann");
	assert_int_equal(back[0].next_try, NOW + 4);
	assert_int_equal(back[0].since, TIMESTAMP_NONE);
	/* What is empty is no more. */
	bob = row("BOB");
	must(inventory_set_conditions(f.inv, &bob, 1, &err), &err);
	assert_string_equal(conditions(&f), "hq/ann 2 1793491204 0 - []  -\n");
	fixture_done(&f);
}

/* Whoever applies a connection gives it a new beginning; that it was told as released, too. */
static void test_applied_is_a_new_beginning(void **state) {
	struct condition_row ann = row("Ann");
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	ann.failures = 2;
	ann.undone = 3;
	ann.undone_at = NOW;
	ann.undone_what = "mail";
	ann.code = "oscillating";
	ann.since = NOW;
	must(inventory_set_conditions(f.inv, &ann, 1, &err), &err);
	(void)fixture_apply(&f, fixture_connect(&f, G1, G9), NOW + DAY);
	assert_string_equal(conditions(&f), "hq/ann 0 - 0 - [] oscillating 1793491200\n");
	fixture_done(&f);
}

static void test_suspension(void **state) {
	struct suspension s = {
		.is = true, .reason = "vacation", .since = NOW, .until = NOW + DAY
	};
	struct error err = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	must(inventory_suspend(f.inv, &s, &err), &err);
	s = (struct suspension){ 0 };
	fixture_open(&f, INVENTORY_READ);
	must(inventory_suspension(f.inv, f.arena, &s, &err), &err);
	assert_true(s.is);
	assert_string_equal(s.reason, "vacation");
	assert_int_equal(s.since, NOW);
	assert_int_equal(s.until, NOW + DAY);
	fixture_open(&f, INVENTORY_WRITE);
	must(inventory_suspend(f.inv, &(struct suspension){ 0 }, &err), &err);
	must(inventory_suspension(f.inv, f.arena, &s, &err), &err);
	assert_false(s.is);
	assert_string_equal(conditions(&f), "");
	fixture_done(&f);
}

static const char *manifests(struct fixture *f) {
	return fixture_sql(f, "SELECT path || ' ' || substr(sha256, 62) || ' ' || hex(bytes)"
	                      " FROM manifest ORDER BY path");
}

static void test_manifests(void **state) {
	struct manifest_row two[] = { { "a.yaml", "A\0B", 3, SUM "aaa" },
		                      { "b.yaml", "", 0, SUM "bbb" } };
	struct manifest_row other[] = { { "b.yaml", "new", 3, SUM "ccc" },
		                        { "c.yaml", "C", 1, SUM "ddd" } };
	struct manifest_row *back;
	struct error err = { 0 };
	struct fixture f;
	size_t n;

	(void)state;
	begin(&f);
	must(inventory_set_manifests(f.inv, two, 2, &err), &err);
	assert_string_equal(manifests(&f), "a.yaml aaa 410042\nb.yaml bbb \n");
	must(inventory_manifests(f.inv, f.arena, &back, &n, &err), &err);
	assert_int_equal(n, 2);
	assert_int_equal(back[0].len, 3);
	assert_memory_equal(back[0].bytes, "A\0B", 3);
	must(inventory_set_manifests(f.inv, other, 2, &err), &err);
	assert_string_equal(manifests(&f), "b.yaml ccc 6E6577\nc.yaml ddd 43\n");
	/* The same again writes nothing: it can be asked of a store that is open for reading. */
	fixture_open(&f, INVENTORY_READ);
	must(inventory_set_manifests(f.inv, other, 2, &err), &err);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_applied_is_a_new_beginning),
		cmocka_unit_test(test_suspension),
		cmocka_unit_test(test_manifests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
