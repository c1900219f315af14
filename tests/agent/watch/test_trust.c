/*
 * agent/service/trust: two looks, without events, and what of the latest may be taken.
 *
 * A look is written `a=1 b=2!`: the files a and b with these contents, `!` written to just now;
 * `#a` is a folder a that cannot be read.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/service/trust.h"
#include "base/buf.h"
#include "tests/test.h"

struct row {
	const char *name, *earlier, *latest;
	bool give_up;
	const char *expect; /* settled or not; then the files that are distrusted */
};

static void fill(struct look *l, struct arena *a, const char *text, int64_t now) {
	char *copy = arena_strdup(a, text), *rest;
	const char **dangling = ARENA_ARRAY(a, const char *, strlen(text) + 1);

	*l = (struct look){ .a = a, .diags = { .arena = a }, .dangling = dangling };
	for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
		char *is = strchr(one, '=');
		struct looked f = { .path = one };
		if (*one == '#') {
			diag_add(&l->diags, (struct place){ one + 1, 0, 0 }, "manifest-unreadable",
			         NULL, 0, "gone");
			continue;
		}
		if (*one == '>') {
			*dangling++ = one + 1;
			continue;
		}
		*is = '\0';
		f.sha256[0] = is[1];
		f.modified = now - (is[2] == '!' ? 100 : 1500) * INT64_C(1000000);
		ARENA_PUSH(a, l, f);
	}
}

static void check_row(const struct row *row) {
	struct arena *a = arena_new();
	struct look earlier, latest;
	struct trust t = { .latest = &latest, .earlier = &earlier };
	struct buf got = { 0 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	fill(&earlier, a, row->earlier, 0);
	fill(&latest, a, row->latest, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	buf_puts(&got, trust_settled(&t, row->give_up) ? "settled" : "not settled");
	for (size_t i = 0; i < latest.n; i++)
		if (latest.v[i].fault)
			buf_printf(&got, " %s", latest.v[i].path);
	if (strcmp(got.data, row->expect) != 0)
		fail_msg("%s: (%s) then (%s): \"%s\", not \"%s\"", row->name, row->earlier,
		         row->latest, got.data, row->expect);
	buf_done(&got);
	arena_free(a);
}

static void looks(void **state) {
	static const struct row rows[] = {
		{ "nothing", "", "", false, "settled" },
		{ "the same", "a=1 b=2", "a=1 b=2", false, "settled" },
		{ "one differs", "a=1 b=2", "a=1 b=3", false, "not settled" },
		{ "one is new", "a=1", "a=1 b=2", false, "not settled" },
		{ "one is gone", "a=1 b=2", "a=1", false, "not settled" },
		{ "a folder cannot be read any more", "a=1", "a=1 #b", false, "not settled" },
		{ "another cannot", "a=1 #b", "a=1 #c", false, "not settled" },
		{ "a link leads to nothing any more", "a=1", "a=1 >b", false, "not settled" },
		{ "another does", "a=1 >b", "a=1 >c", false, "not settled" },
		{ "the same one", "a=1 >b", "a=1 >b", false, "settled" },
		{ "the same, but too new to tell", "a=1 b=2", "a=1 b=2!", false, "not settled" },
		{ "in the end without what differs", "a=1 b=2 c=3", "a=1 b=4 c=3", true,
		  "not settled b" },
		{ "in the end without what is new", "a=1", "a=1 b=2", true, "not settled b" },
		{ "in the end without what is gone", "a=1 b=2", "a=1", true, "not settled b" },
		{ "in the end with what is too new to tell", "a=1", "a=1!", true, "not settled" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(rows + i);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(looks) };

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
