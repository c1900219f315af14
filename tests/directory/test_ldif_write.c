/* What a window makes of a file, byte for byte. */
#include <string.h>

#include "tests/directory/fixture.h"
#include "tests/test.h"

struct row {
	const char *name;
	const char *ldif;
	const char *window;
	const char *expect; /* NULL: as it was */
};

#define A    "dn: CN=a,DC=x\n"
#define TO_A "> cn=a,dc=x\n"

static const struct row places[] = {
	{ "a new attribute stands at the end", A "mail: m\ncn: a\n\ndn: CN=b,DC=x\ncn: b\n",
	  TO_A "mailNickname: - => a\n",
	  A "mail: m\ncn: a\nmailNickname: a\n\ndn: CN=b,DC=x\ncn: b\n" },
	{ "an entry that is a DN alone", A, TO_A "mailNickname: - => a\n", A "mailNickname: a\n" },
	{ "new values stand behind the old ones",
	  A "proxyAddresses: x:1\nmail: m\nproxyAddresses: x:2\ncn: a\n",
	  TO_A "proxyAddresses: x:1 | x:2 => x:0 | x:1 | x:2 | x:3\n",
	  A "proxyAddresses: x:1\nmail: m\nproxyAddresses: x:2\nproxyAddresses: x:0\n"
	    "proxyAddresses: x:3\ncn: a\n" },
	{ "a value that goes takes its line along",
	  A "proxyAddresses: x:1\nproxyAddresses: x:2\nproxyAddresses: x:3\n",
	  TO_A "proxyAddresses: x:1 | x:2 | x:3 => x:1 | x:3\n",
	  A "proxyAddresses: x:1\nproxyAddresses: x:3\n" },
	{ "a replaced value stands where the old one stood", A "mail: m\ncn: a\n",
	  TO_A "mail: m => n\n", A "mail: n\ncn: a\n" },
	{ "all values go", A "proxyAddresses: x:1\ncn: a\nproxyAddresses: x:2\n",
	  TO_A "proxyAddresses: x:1 | x:2 => -\n", A "cn: a\n" },
	{ "the last line goes", A "cn: a\nmail: m\n\n", TO_A "mail: m => -\n", A "cn: a\n\n" },
	{ "two entries of three",
	  A "mail: m\n\n# b\ndn: CN=b,DC=x\nmail: m\n\n\n\ndn: CN=c,DC=x\nmail: m\n",
	  TO_A "mail: m => n\n> cn=c,dc=x\nmail: m => -\n",
	  A "mail: n\n\n# b\ndn: CN=b,DC=x\nmail: m\n\n\n\ndn: CN=c,DC=x\n" },
	{ "two modifications of one entry", A "msExchELCMailboxFlags: 130\n",
	  TO_A "mailNickname: - => a\nmsExchELCMailboxFlags: 130 => 162\n" TO_A
	       "msExchELCMailboxFlags: 162 => 194\nmail: - => m\n",
	  A "msExchELCMailboxFlags: 194\nmailNickname: a\nmail: m\n" },
	{ "an entry by its GUID", A "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\n\ndn: CN=b,DC=x\n",
	  "> 11111111-2222-3333-4444-555555555555\nmail: - => m\n",
	  A "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\nmail: m\n\ndn: CN=b,DC=x\n" },
};

static const struct row kept[] = {
	{ "comments in an entry, folded ones too",
	  "# above\n" A "# one\nmail: m\n# two,\n  still two\ncn: a\n# below\n\n# end\n",
	  TO_A "mail: m => n\nmailNickname: - => a\n",
	  "# above\n" A "# one\nmail: n\n# two,\n  still two\ncn: a\nmailNickname: a\n# below\n\n"
	  "# end\n" },
	{ "how others wrote it",
	  "DN:   CN=a,\n DC=x\nMAIL:   m\nProxyAddresses:: eDox\ndescription:: w7w=\njpegPhoto:: "
	  "/9j/\n"
	  " 4AAQ\n",
	  TO_A "proxyAddresses: x:1 => x:1 | x:2\n",
	  "DN:   CN=a,\n DC=x\nMAIL:   m\nProxyAddresses:: eDox\nproxyAddresses: x:2\n"
	  "description:: w7w=\njpegPhoto:: /9j/\n 4AAQ\n" },
	{ "a folded value that stays, and one that goes",
	  A "proxyAddresses: x:\n long\nproxyAddresses: y:\n long\nproxyAddresses: z\n",
	  TO_A "proxyAddresses: x:long | y:long | z => x:long | z\n",
	  A "proxyAddresses: x:\n long\nproxyAddresses: z\n" },
	{ "a folded name", A "ma\n il: m\ncn: a\n", TO_A "mail: m => n\n", A "mail: n\ncn: a\n" },
	{ "CR LF", "dn: CN=a,DC=x\r\nmail: m\r\nproxyAddresses: x:\r\n 1\r\n\r\n# end\r\n",
	  TO_A "mail: m => n\nproxyAddresses: x:1 => x:1 | x:2\n",
	  "dn: CN=a,DC=x\r\nmail: n\r\nproxyAddresses: x:\r\n 1\r\nproxyAddresses: x:2\r\n\r\n"
	  "# end\r\n" },
	{ "CR LF in this entry alone",
	  "# unix\n\ndn: CN=a,DC=x\r\nmail: m\r\n\r\ndn: CN=b,DC=x\nmail: m\n",
	  TO_A "mail: m => n\n> cn=b,dc=x\nmail: m => n\n",
	  "# unix\n\ndn: CN=a,DC=x\r\nmail: n\r\n\r\ndn: CN=b,DC=x\nmail: n\n" },
	{ "no line break at the end: a value comes", A "mail: m", TO_A "mailNickname: - => a\n",
	  A "mail: m\nmailNickname: a" },
	{ "no line break at the end: the last value is replaced", A "mail: m",
	  TO_A "mail: m => n\n", A "mail: n" },
	{ "no line break at the end: the last value goes", A "cn: a\nmail: m",
	  TO_A "mail: m => -\n", A "cn: a\n" },
	{ "no line break at the end: a value comes before it", A "mail: m\ncn: a",
	  TO_A "mail: m => n\n", A "mail: n\ncn: a" },
	{ "no line break at the end, with CR LF", "dn: CN=a,DC=x\r\nmail: m",
	  TO_A "mailNickname: - => a\n", "dn: CN=a,DC=x\r\nmail: m\r\nmailNickname: a" },
	{ "no line break anywhere", "dn: CN=a,DC=x", TO_A "mail: - => m\n",
	  "dn: CN=a,DC=x\nmail: m" },
	{ "no line break anywhere but before", "# c\r\ndn: CN=a,DC=x", TO_A "mail: - => m\n",
	  "# c\r\ndn: CN=a,DC=x\r\nmail: m" },
	{ "a byte order mark, a version, rulers and tails",
	  "\xef\xbb\xbf"
	  "version: 1\n\n-----\n" A "mail: m\n-----\n# search result\nsearch: 2\n"
	  "result: 0 Success\n\n\n",
	  TO_A "mail: m => n\n",
	  "\xef\xbb\xbf"
	  "version: 1\n\n-----\n" A "mail: n\n-----\n# search result\nsearch: 2\n"
	  "result: 0 Success\n\n\n" },
	{ "changetype: add and what is not ours",
	  A "changetype: add\nobjectClass: user\nunicodePwd:: eA==\nmail: m\n",
	  TO_A "mail: m => n\n",
	  A "changetype: add\nobjectClass: user\nunicodePwd:: eA==\nmail: n\n" },
	{ "a value that stands there twice",
	  A "proxyAddresses: x:1\nproxyAddresses: x:2\nproxyAddresses: x:1\n",
	  TO_A "proxyAddresses: x:1 | x:2 => x:1 | x:3\n",
	  A "proxyAddresses: x:1\nproxyAddresses: x:1\nproxyAddresses: x:3\n" },
	{ "a value that stands there twice, in two ways",
	  A "proxyAddresses: x:a\nproxyAddresses: x:A\nproxyAddresses: x:2\n",
	  TO_A "proxyAddresses: x:A | x:2 => x:A\n",
	  A "proxyAddresses: x:a\nproxyAddresses: x:A\n" },
	{ "a value that stands there twice goes",
	  A "proxyAddresses: x:a\nproxyAddresses: x:A\nproxyAddresses: x:2\n",
	  TO_A "proxyAddresses: x:a | x:2 => x:2\n", A "proxyAddresses: x:2\n" },
	{ "only what equals it goes",
	  A "proxyAddresses: x:1\nproxyAddresses: x:11\nproxyAddresses: y:1\nproxyAddresses: X:1\n",
	  TO_A "proxyAddresses: x:1 | x:11 | y:1 => x:11 | y:1\n",
	  A "proxyAddresses: x:11\nproxyAddresses: y:1\n" },
	{ "a value in other letters", A "homeMDB: cn=mdb, dc=X\n",
	  TO_A "homeMDB: CN=MDB,DC=x => CN=Mdb,DC=x\n", A "homeMDB: CN=Mdb,DC=x\n" },
	{ "a GUID as text", A "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555\nmail: m\n",
	  TO_A "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555 => "
	       "11111111-2222-3333-4444-555555555555\nmail: m => n\n",
	  A "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555\nmail: n\n" },
	{ "a GUID as text goes", A "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555\n",
	  TO_A "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555 => "
	       "00000000-0000-0000-0000-000000000001\n",
	  A "msExchMailboxGuid:: AAAAAAAAAAAAAAAAAAAAAQ==\n" },
	{ "a value with an option goes", A "mail;lang-de: m\ncn: a\n", TO_A "mail: m => n\n",
	  A "mail: n\ncn: a\n" },
	{ "ranges that are whole are written anew",
	  A "proxyAddresses;range=0-0: x:1\nproxyAddresses;range=1-*: x:2\ncn: a\n",
	  TO_A "proxyAddresses: x:1 | x:2 => x:1 | x:3\n",
	  A "proxyAddresses: x:1\nproxyAddresses: x:3\ncn: a\n" },
	{ "ranges that do not change",
	  A "proxyAddresses;range=0-0: x:1\nproxyAddresses;range=1-*: x:2\ncn: a\n",
	  TO_A "proxyAddresses: x:1 | x:2 => x:1 | x:2\nmail: - => m\n",
	  A "proxyAddresses;range=0-0: x:1\nproxyAddresses;range=1-*: x:2\ncn: a\nmail: m\n" },
};

#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static const struct row spelling[] = {
	{ "the name as the schema writes it", A "MAILNICKNAME: x\n", TO_A "mailNickname: x => y\n",
	  A "mailNickname: y\n" },
	{ "a line of 76 columns is not folded", A,
	  TO_A "displayName: - => " FIFTY "0123456789012\n",
	  A "displayName: " FIFTY "0123456789012\n" },
	{ "one of 77 is", A, TO_A "displayName: - => " FIFTY "01234567890123\n",
	  A "displayName: " FIFTY "0123456789012\n 3\n" },
	{ "folded lines of 76 columns", A, TO_A "displayName: - => " FIFTY FIFTY FIFTY "\n",
	  A "displayName: " FIFTY TEN "012\n 3456789" FIFTY TEN "01234567\n 89" TEN "\n" },
	{ "folded with CR LF", "dn: CN=a,DC=x\r\n",
	  TO_A "displayName: - => " FIFTY "01234567890123\n",
	  "dn: CN=a,DC=x\r\ndisplayName: " FIFTY "0123456789012\r\n 3\r\n" },
	{ "a blank at the end", A "mail:: IG0g\n",
	  TO_A "displayName: - => x\nlegacyExchangeDN: - => :x\ntargetAddress: - => <x\n",
	  A "mail:: IG0g\ndisplayName: x\nlegacyExchangeDN:: Ong=\ntargetAddress:: PHg=\n" },
	{ "UTF-8 is base64", A, TO_A "displayName: - => J\303\274rgen\n",
	  A "displayName:: SsO8cmdlbg==\n" },
	{ "a line break is base64", A, TO_A "displayName: - => a\tb\n", A "displayName:: YQli\n" },
	{ "what looks like LDIF is a value", A, TO_A "displayName: - => a: b:: # c\n",
	  A "displayName: a: b:: # c\n" },
	{ "a number sign at the beginning", A, TO_A "displayName: - => # c\n",
	  A "displayName: # c\n" },
	{ "bytes are base64", A,
	  TO_A "msExchMailboxGuid: - => 44434241-4645-4847-494a-4b4c4d4e4f50\n",
	  A "msExchMailboxGuid:: QUJDREVGR0hJSktMTU5PUA==\n" },
	{ "a SID is base64", A, TO_A "msExchMasterAccountSid: - => S-1-5-10\n",
	  A "msExchMasterAccountSid:: AQEAAAAAAAUKAAAA\n" },
};

static const struct row nothing[] = {
	{ "no modifications", A "mail: m\n", "", NULL },
	{ "a stale one", A "mail: m\n", TO_A "mail: n => o\n", NULL },
	{ "after is what is there", A "proxyAddresses: x:2\nproxyAddresses: x:1\n",
	  TO_A "proxyAddresses: x:1 | x:2 => x:1 | x:2\n", NULL },
	{ "there and back", A "mail: m\n", TO_A "mail: m => n\n" TO_A "mail: n => m\n", NULL },
	{ "an attribute that is there in part", A "proxyAddresses;range=0-1: x:1\n",
	  TO_A "proxyAddresses: x:1 => x:2\n", NULL },
	{ "a tombstone", A "isDeleted: TRUE\n", TO_A "mail: - => m\n", NULL },
};

static void write_row(void **state) {
	const struct row *row = *state;
	const char *expect = row->expect ? row->expect : row->ldif;
	struct error err = { 0 };
	struct folder f;
	size_t n, len = 0;

	folder_make(&f);
	struct directory *d = directory_at(&f, folder_put(&f, "a", row->ldif), NULL, NULL);
	struct modification *m = modifications_read(f.arena, row->window, &n);
	if (directory_begin(d, true, &err) < 0)
		fail_msg("%s", err.text);
	if (directory_apply(d, f.arena, m, n, &err) < 0)
		fail_msg("%s", err.text);
	for (size_t i = 0; row->expect && i < n; i++)
		assert_string_equal(outcomes_text(f.arena, m + i, 1), "applied\n");
	directory_end(d);
	directory_free(d);
	assert_string_equal(folder_read(&f, "a", &len), expect);
	assert_int_equal(len, strlen(expect));
	assert_string_equal(folder_list(&f), "a a.lock ");
	folder_remove(&f);
}

static int run(const char *name, const struct row *rows, size_t n) {
	struct CMUnitTest tests[48] = { 0 };

	assert_true(n <= ARRAY_SIZE(tests));
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = write_row,
			                        .initial_state = (void *)&rows[i] };
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

int main(void) {
	return run("places", places, ARRAY_SIZE(places)) + run("kept", kept, ARRAY_SIZE(kept)) +
	       run("spelling", spelling, ARRAY_SIZE(spelling)) +
	       run("nothing", nothing, ARRAY_SIZE(nothing));
}
