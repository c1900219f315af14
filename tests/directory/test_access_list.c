/* An access list and what it comes to, a case each; entries in the letters of SDDL. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/sid.h"
#include "store/directory/access_list.h"
#include "tests/test.h"

#define ME     "S-1-5-21-1-2-3-1112"
#define GROUP  "S-1-5-32-554"
#define OTHER  "S-1-5-21-1-2-3-500"
#define LONGER "S-1-5-21-1-2-3-1112-7"
#define OWN    "11111111-1111-1111-1111-111111111111" /* of the attribute */
#define SET    "22222222-2222-2222-2222-222222222222" /* of its property set */
#define ALIEN  "33333333-3333-3333-3333-333333333333"

enum { ALLOW = 0, DENY = 1, AUDIT = 2, ALLOW_OBJECT = 5, DENY_OBJECT = 6, CONDITION = 9 };
enum { READ = ACCESS_READ_PROPERTY, WRITE = 0x20, INHERIT_ONLY = 8, INHERITED = 16 };

struct ace {
	int type, flags;
	uint32_t rights;
	const char *kind, *inherited; /* GUIDs; NULL: none */
	const char *sid;              /* NULL: the list ends */
};

static void put(struct buf *out, uint32_t x, int n) {
	for (int i = 0; i < n; i++)
		buf_putc(out, (char)(x >> (8 * i)));
}

static void put_guid(struct buf *out, const char *text) {
	struct guid g;

	if (text && guid_parse(text, &g))
		buf_add(out, g.bytes, sizeof(g.bytes));
}

static void put_ace(struct arena *a, struct buf *out, const struct ace *e) {
	struct buf body = { 0 };
	size_t len;
	const char *sid = sid_parse(a, e->sid, &len);

	put(&body, e->rights, 4);
	if (e->type == ALLOW_OBJECT || e->type == DENY_OBJECT)
		put(&body, (e->kind ? 1u : 0u) | (e->inherited ? 2u : 0u), 4);
	put_guid(&body, e->kind);
	put_guid(&body, e->inherited);
	buf_add(&body, sid, len);
	put(out, (uint32_t)e->type, 1);
	put(out, (uint32_t)e->flags, 1);
	put(out, (uint32_t)body.len + 4, 2);
	buf_add(out, body.data, body.len);
	buf_done(&body);
}

static struct value descriptor_of(struct arena *a, const struct ace *list) {
	struct buf out = { 0 }, aces = { 0 };
	uint32_t n = 0;

	for (; list[n].sid; n++)
		put_ace(a, &aces, list + n);
	put(&out, 1, 2);
	put(&out, 0x8004, 2);
	for (int i = 0; i < 3; i++)
		put(&out, 0, 4);
	put(&out, 20, 4);
	put(&out, 4, 2);
	put(&out, 8 + (uint32_t)aces.len, 2);
	put(&out, n, 4);
	buf_add(&out, aces.data, aces.len);
	struct value v = { arena_copy(a, out.data, out.len), out.len };
	buf_done(&out);
	buf_done(&aces);
	return v;
}

static enum access_verdict ask(struct arena *a, struct value descriptor) {
	struct value us[2];
	struct guid kinds[2];

	us[0].data = sid_parse(a, ME, &us[0].len);
	us[1].data = sid_parse(a, GROUP, &us[1].len);
	assert_true(guid_parse(OWN, kinds) && guid_parse(SET, kinds + 1));
	return access_list_ask(descriptor, us, 2, READ, kinds, 2);
}

static const struct access_case {
	const char *what;
	struct ace list[4];
	enum access_verdict expected;
} cases[] = {
	{ "an empty list", { { 0 } }, ACCESS_DENIED },
	{ "all of it", { { ALLOW, 0, READ, NULL, NULL, ME } }, ACCESS_ALLOWED },
	{ "to a group", { { ALLOW, INHERITED, READ, NULL, NULL, GROUP } }, ACCESS_ALLOWED },
	{ "to somebody else", { { ALLOW, 0, READ, NULL, NULL, OTHER } }, ACCESS_DENIED },
	{ "to one whose SID goes on", { { ALLOW, 0, READ, NULL, NULL, LONGER } }, ACCESS_DENIED },
	{ "another right", { { ALLOW, 0, WRITE, NULL, NULL, ME } }, ACCESS_DENIED },
	{ "everything", { { ALLOW, 0, 0x10000000, NULL, NULL, ME } }, ACCESS_ALLOWED },
	{ "generic reading", { { ALLOW, 0, 0x80000000, NULL, NULL, ME } }, ACCESS_ALLOWED },
	{ "only what is below", { { ALLOW, INHERIT_ONLY, READ, NULL, NULL, ME } }, ACCESS_DENIED },
	{ "this attribute", { { ALLOW_OBJECT, 0, READ, OWN, NULL, ME } }, ACCESS_ALLOWED },
	{ "this attribute of a class",
	  { { ALLOW_OBJECT, 0, READ, OWN, ALIEN, ME } },
	  ACCESS_ALLOWED },
	{ "its property set", { { ALLOW_OBJECT, 0, READ, SET, NULL, GROUP } }, ACCESS_ALLOWED },
	{ "another attribute", { { ALLOW_OBJECT, 0, READ, ALIEN, NULL, ME } }, ACCESS_DENIED },
	{ "all attributes of a class",
	  { { ALLOW_OBJECT, 0, READ, NULL, ALIEN, ME } },
	  ACCESS_ALLOWED },
	{ "denied first",
	  { { DENY_OBJECT, 0, READ, OWN, NULL, ME }, { ALLOW, 0, READ, NULL, NULL, GROUP } },
	  ACCESS_DENIED },
	{ "denied, but allowed before",
	  { { ALLOW, 0, READ, NULL, NULL, ME }, { DENY, 0, READ, NULL, NULL, GROUP } },
	  ACCESS_ALLOWED },
	{ "another one is denied",
	  { { DENY_OBJECT, 0, READ, ALIEN, NULL, ME }, { ALLOW, 0, READ, NULL, NULL, ME } },
	  ACCESS_ALLOWED },
	{ "somebody else is denied",
	  { { DENY, 0, READ, NULL, NULL, OTHER }, { ALLOW, 0, READ, NULL, NULL, ME } },
	  ACCESS_ALLOWED },
	{ "audited, and on a condition",
	  { { AUDIT, 0, READ, NULL, NULL, ME }, { CONDITION, 0, READ, NULL, NULL, ME } },
	  ACCESS_DENIED },
};

static void judge(void **state) {
	const struct access_case *k = *state;
	struct arena *a = arena_new();

	assert_int_equal(ask(a, descriptor_of(a, k->list)), k->expected);
	arena_free(a);
}

static void two_rights_by_two_entries(void **state) {
	struct arena *a = arena_new();
	struct ace list[] = { { ALLOW, 0, WRITE, NULL, NULL, ME },
		              { ALLOW, 0, READ, NULL, NULL, GROUP },
		              { 0 } };
	struct value us[2];

	(void)state;
	us[0].data = sid_parse(a, ME, &us[0].len);
	us[1].data = sid_parse(a, GROUP, &us[1].len);
	struct value d = descriptor_of(a, list);
	assert_int_equal(access_list_ask(d, us, 2, READ | WRITE, NULL, 0), ACCESS_ALLOWED);
	assert_int_equal(access_list_ask(d, us, 1, READ | WRITE, NULL, 0), ACCESS_DENIED);
	arena_free(a);
}

/* Nothing is read beyond its end: each beginning is a descriptor that is cut, in bytes of its own
 * so that a sanitizer sees. */
static void a_cut_one_allows_nothing(void **state) {
	struct arena *a = arena_new();
	struct ace list[] = { { DENY_OBJECT, 0, READ, ALIEN, ALIEN, ME },
		              { ALLOW_OBJECT, 0, READ, OWN, ALIEN, ME },
		              { 0 } };
	struct value whole = descriptor_of(a, list);

	(void)state;
	for (size_t n = 0; n < whole.len; n++) {
		struct value cut = { arena_copy(a, whole.data, n), n };
		assert_int_not_equal(ask(a, cut), ACCESS_ALLOWED);
	}
	assert_int_equal(ask(a, whole), ACCESS_ALLOWED);
	arena_free(a);
}

int main(void) {
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 2] = {
		cmocka_unit_test(two_rights_by_two_entries),
		cmocka_unit_test(a_cut_one_allows_nothing),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[2 + i] = (struct CMUnitTest){ .name = cases[i].what,
			                            .test_func = judge,
			                            .initial_state = (void *)(size_t)(cases + i) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
