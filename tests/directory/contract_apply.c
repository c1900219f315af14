#include "tests/directory/contract.h"

#include <stdlib.h>
#include <string.h>

#include "tests/directory/fixture.h"

static const char people[] =
        "dn: CN=John Evans,DC=contoso,DC=com\n"
        "objectClass: user\nobjectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
        "sAMAccountName: jevans\ndisplayName: John Evans\n"
        "proxyAddresses: SMTP:john@contoso.com\nproxyAddresses: smtp:je@contoso.com\n"
        "homeMDB: CN=MDB01,DC=contoso,DC=com\nmsExchELCMailboxFlags: 130\n\n"
        "dn: CN=Evans\\, Mary,DC=contoso,DC=com\n"
        "objectClass: user\nsAMAccountName: mary\n";

struct row {
	const char *name;
	const char *window;      /* as modifications_read(); a DN stands for its entry's identity */
	const char *outcomes;    /* what became of it */
	const char *john, *mary; /* attributes afterwards that are not as above */
};

#define JOHN_DN "CN=John Evans,DC=contoso,DC=com"
#define MARY_DN "CN=Evans\\, Mary,DC=contoso,DC=com"
#define JOHN    "> " JOHN_DN "\n"
#define MARY    "> " MARY_DN "\n"

static const struct row rows[] = {
	{ "nothing", "", "", "", "" },
	{ "a modification without a change", JOHN, "applied\n", "", "" },
	{ "a change of the store is not ours", JOHN "store state\n", "applied\n", "", "" },
	{ "an attribute is added", JOHN "mailNickname: - => jevans\n", "applied\n",
	  "+mailNickname: jevans\n", "" },
	{ "a binary attribute is added",
	  MARY "msExchMailboxGuid: - => 03020100-0504-0706-0809-0a0b0c0d0e0f\n", "applied\n", "",
	  "+msExchMailboxGuid: 03020100-0504-0706-0809-0a0b0c0d0e0f\n" },
	{ "an attribute is removed", JOHN "homeMDB: CN=MDB01,DC=contoso,DC=com => -\n", "applied\n",
	  "-homeMDB\n", "" },
	{ "an attribute is replaced", JOHN "msExchELCMailboxFlags: 130 => 162\n", "applied\n",
	  "msExchELCMailboxFlags: 162\n", "" },
	{ "values are added to others",
	  JOHN "proxyAddresses: SMTP:john@contoso.com | smtp:je@contoso.com => "
	       "SMTP:john@contoso.com | X500:/o=Contoso/cn=x | smtp:je@contoso.com\n",
	  "applied\n",
	  "proxyAddresses: SMTP:john@contoso.com | smtp:je@contoso.com | X500:/o=Contoso/cn=x\n",
	  "" },
	{ "the primary address becomes a secondary one",
	  JOHN "proxyAddresses: SMTP:john@contoso.com | smtp:je@contoso.com => "
	       "SMTP:je@contoso.com | smtp:john@contoso.com\n",
	  "applied\n", "proxyAddresses: SMTP:je@contoso.com | smtp:john@contoso.com\n", "" },
	{ "everything of a modification",
	  JOHN "mailNickname: - => jevans\nmsExchELCMailboxFlags: 130 => 162\n", "applied\n",
	  "+mailNickname: jevans\nmsExchELCMailboxFlags: 162\n", "" },
	{ "nothing of a modification",
	  JOHN "mailNickname: - => jevans\nmsExchELCMailboxFlags: - => 162\n",
	  "stale: msExchELCMailboxFlags was nothing when this was planned and is 130 now\n", "",
	  "" },
	{ "one of two", JOHN "msExchELCMailboxFlags: 131 => 162\n" MARY "mailNickname: - => mary\n",
	  "stale: msExchELCMailboxFlags was 131 when this was planned and is 130 now\napplied\n",
	  "", "+mailNickname: mary\n" },
	{ "the condition: it is there, and was not",
	  JOHN "homeMDB: - => CN=MDB02,DC=contoso,DC=com\n",
	  "stale: homeMDB was nothing when this was planned and is CN=MDB01,DC=contoso,DC=com "
	  "now\n",
	  "", "" },
	{ "the condition: it is not there, and was", MARY "mailNickname: mary => mev\n",
	  "stale: mailNickname was mary when this was planned and is nothing now\n", "", "" },
	{ "the condition: one value more",
	  JOHN
	  "proxyAddresses: SMTP:john@contoso.com => SMTP:john@contoso.com | smtp:x@contoso.com\n",
	  "stale: proxyAddresses was SMTP:john@contoso.com when this was planned and is "
	  "SMTP:john@contoso.com, smtp:je@contoso.com now\n",
	  "", "" },
	{ "the condition: another primary address",
	  JOHN "proxyAddresses: SMTP:je@contoso.com | smtp:john@contoso.com => -\n",
	  "stale: proxyAddresses was SMTP:je@contoso.com, smtp:john@contoso.com when this was "
	  "planned and is SMTP:john@contoso.com, smtp:je@contoso.com now\n",
	  "", "" },
	{ "the condition follows the matching rule",
	  JOHN "homeMDB: cn=mdb01, dc=Contoso,dc=com => CN=MDB02,DC=contoso,DC=com\n"
	       "displayName: JOHN EVANS => John Evans\n",
	  "applied\n", "homeMDB: CN=MDB02,DC=contoso,DC=com\n", "" },
	{ "an entry that is gone", "> CN=Nobody,DC=contoso,DC=com\nmailNickname: - => x\n",
	  "stale: CN=Nobody,DC=contoso,DC=com is not in the directory any more\n", "", "" },
	{ "a second sees the first",
	  JOHN "msExchELCMailboxFlags: 130 => 162\nmailNickname: - => jevans\n" JOHN
	       "msExchELCMailboxFlags: 162 => 194\n",
	  "applied\napplied\n", "msExchELCMailboxFlags: 194\n+mailNickname: jevans\n", "" },
	{ "a second does not see the one before it was there",
	  JOHN "msExchELCMailboxFlags: 130 => 162\n" JOHN "msExchELCMailboxFlags: 130 => 194\n",
	  "applied\nstale: msExchELCMailboxFlags was 130 when this was planned and is 162 now\n",
	  "msExchELCMailboxFlags: 162\n", "" },
	{ "a stale one leaves nothing for those behind it",
	  JOHN "mailNickname: - => x\nhomeMDB: - => CN=MDB02,DC=contoso,DC=com\n" JOHN
	       "mailNickname: - => y\n",
	  "stale: homeMDB was nothing when this was planned and is CN=MDB01,DC=contoso,DC=com "
	  "now\napplied\n",
	  "+mailNickname: y\n", "" },
	{ "awkward values",
	  MARY "displayName: - => #a+b\"c\\d<e>f;g=h*()\nmailNickname: - => :x\n"
	       "msExchHomeServerName: - => J\303\274rgen Gro\303\237\n",
	  "applied\n", "",
	  "+displayName: #a+b\"c\\d<e>f;g=h*()\n+mailNickname: :x\n"
	  "+msExchHomeServerName: J\303\274rgen Gro\303\237\n" },
};

struct pass {
	const struct contract *contract;
	struct arena *arena;
	struct directory *d;
};

static void begin(struct pass *p, bool write) {
	struct error err = { 0 };

	if (directory_begin(p->d, write, &err) < 0)
		fail_msg("%s", err.text);
}

static const struct entry *look(struct pass *p, const char *dn) {
	struct world *w = world_new(p->arena);
	struct keys k;

	keys_init(&k, p->arena);
	char *normal = arena_strdup(p->arena, dn);
	for (char *c = normal; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 'a' - 'A') : *c;
	keys_add(&k, KEY_USER_DN, normal);
	directory_fetch(p->d, &k, w);
	struct answer answer = world_ask(w, KEY_USER_DN, normal);
	keys_done(&k);
	world_free(w);
	return answer.n ? answer.entries[0] : NULL;
}

/* `-name`: it went; `+name: ...`: it came; `name: ...`: it is another. Of the lines of `was`. */
static void expect(struct buf *out, struct arena *a, const struct entry *was, const char *edits) {
	struct buf before = { 0 };

	entry_put(&before, a, was);
	for (const char *p = before.data; *p;) {
		size_t len = strcspn(p, "\n") + 1;
		const char *colon = memchr(p, ':', len);
		bool kept = true;
		for (const char *e = edits; colon && *e; e += strcspn(e, "\n") + 1) {
			size_t name = strcspn(e + (*e == '-'), ":\n");
			kept &= name != (size_t)(colon - p - 2) ||
			        memcmp(e + (*e == '-'), p + 2, name);
		}
		if (kept)
			buf_add(out, p, len);
		p += len;
	}
	for (const char *e = edits; *e; e += strcspn(e, "\n") + 1)
		if (*e != '-')
			buf_printf(out, "  %.*s\n", (int)strcspn(e + (*e == '+'), "\n"),
			           e + (*e == '+'));
	buf_done(&before);
}

static int by_text(const void *x, const void *y) {
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The lines of a text, sorted: attributes come in no order. */
static char *sorted(struct arena *a, const char *text) {
	enum { MAX = 64 };
	char *lines[MAX], *joined = arena_strdup(a, "");
	size_t n = 0;

	for (const char *p = text; *p && n < MAX; p += strcspn(p, "\n") + 1)
		lines[n++] = arena_copy(a, p, strcspn(p, "\n"));
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		joined = arena_printf(a, "%s%s\n", joined, lines[i]);
	return joined;
}

static void check(struct pass *p, const struct entry *was, const char *edits) {
	struct buf wanted = { 0 }, is = { 0 };

	expect(&wanted, p->arena, was, edits);
	entry_put(&is, p->arena, look(p, was->dn));
	assert_string_equal(sorted(p->arena, is.data), sorted(p->arena, wanted.data));
	buf_done(&wanted);
	buf_done(&is);
}

static void apply_row(void **state) {
	const struct contract_test *t = *state;
	const struct row *row = t->row;
	struct pass p = { .contract = t->contract, .arena = arena_new() };
	struct error err = { 0 };
	size_t n;

	p.d = t->contract->open(t->contract->self, people, NULL, NULL);
	begin(&p, true);
	const struct entry *john = look(&p, JOHN_DN), *mary = look(&p, MARY_DN);
	struct modification *m = modifications_read(p.arena, row->window, &n);
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = look(&p, m[i].dn);
		m[i].identity = e ? e->identity : m[i].dn;
	}
	if (directory_apply(p.d, p.arena, m, n, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(outcomes_text(p.arena, m, n), row->outcomes);
	/* In the same pass, and in the next one. */
	check(&p, john, row->john);
	check(&p, mary, row->mary);
	directory_end(p.d);
	begin(&p, false);
	check(&p, john, row->john);
	check(&p, mary, row->mary);
	directory_end(p.d);
	t->contract->close(t->contract->self, p.d);
	arena_free(p.arena);
}

int contract_apply(const struct contract *c) {
	static struct CMUnitTest tests[ARRAY_SIZE(rows)];
	static struct contract_test states[ARRAY_SIZE(rows)];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		states[i] = (struct contract_test){ c, rows + i };
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = apply_row,
			                        .initial_state = states + i };
	}
	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
