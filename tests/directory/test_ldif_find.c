/* Answers that only a file can give: entries in part, tombstones, no file at all; and the base. */
#include <string.h>

#include "tests/directory/fixture.h"
#include "tests/test.h"

struct row {
	const char *name;
	const char *ldif;
	const char *keys, *expect;
	const char *base;
};

#define USER(name)    "dn: CN=" name ",DC=x\nobjectClass: user\n"
#define PART(name, a) "(read-incomplete: the file gives " a " of CN=" name ",DC=x only in part)\n"

#define PARTLY(domain)                                                                             \
	"(read-incomplete: the file holds nothing of " domain ", a domain of the forest)"
#define GAP(domain) PARTLY(domain) "\n"
#define DOMAIN(context, name, flags)                                                               \
	"dn: CN=" name ",CN=Configuration,DC=x\nobjectClass: crossRef\nnCName: " context           \
	"\nnETBIOSName: " name "\nsystemFlags: " flags "\n\n"

static const struct row rows[] = {
	{ "a holder may hide",
	  USER("a") "proxyAddresses;range=0-1: smtp:a@x\n\n" USER("b") "mail: b@x\n",
	  "address smtp:b@x\naddress smtp:c@x",
	  "address smtp:b@x: " PART("a", "proxyAddresses") "address smtp:c@x: " PART(
	          "a", "proxyAddresses"),
	  NULL },
	{ "who was found cannot hide",
	  USER("a") "proxyAddresses;range=0-1: smtp:a@x\n\n" USER("b") "mail: a@x\n",
	  "address smtp:a@x", "address smtp:a@x: CN=a,DC=x; CN=b,DC=x\n", NULL },
	{ "one of two was found",
	  USER("a") "proxyAddresses;range=0-1: smtp:a@x\n\n" USER(
	          "b") "proxyAddresses;range=0-1: smtp:b@x\n",
	  "address smtp:a@x", "address smtp:a@x: " PART("a", "proxyAddresses"), NULL },
	{ "both were found",
	  USER("a") "proxyAddresses;range=0-1: smtp:c@x\n\n" USER(
	          "b") "proxyAddresses;range=0-1: smtp:C@x\n",
	  "address smtp:c@x", "address smtp:c@x: CN=a,DC=x; CN=b,DC=x\n", NULL },
	{ "found by another attribute of the kind",
	  USER("a") "proxyAddresses;range=0-1: smtp:c@x\nmail: m@x\n", "address smtp:m@x",
	  "address smtp:m@x: CN=a,DC=x\n", NULL },
	{ "two attributes in part are one entry",
	  USER("a") "proxyAddresses;range=0-1: smtp:c@x\nmail:\n", "address smtp:c@x",
	  "address smtp:c@x: CN=a,DC=x\n", NULL },
	{ "an X500 address may hide",
	  USER("a") "proxyAddresses;range=0-1: smtp:a@x\n\n" USER("b") "legacyExchangeDN: /o=x\n",
	  "holder /o=x", "holder /o=x: " PART("a", "proxyAddresses"), NULL },
	{ "it hides nothing of another kind",
	  USER("a") "proxyAddresses;range=0-1: smtp:a@x\nmailNickname: a\nsAMAccountName: a\n",
	  "alias a\nsam a\nname a\nlegacy /o=x\nowner 11111111-2222-3333-4444-555555555555",
	  "alias a: CN=a,DC=x\nsam a: CN=a,DC=x\nname a: CN=a,DC=x\nlegacy /o=x:\n"
	  "owner 11111111-2222-3333-4444-555555555555:\n",
	  NULL },
	{ "an owner may hide behind a name without a value", USER("a") "msExchArchiveGUID:\n",
	  "owner 11111111-2222-3333-4444-555555555555",
	  "owner 11111111-2222-3333-4444-555555555555: " PART("a", "msExchArchiveGUID"), NULL },
	{ "a user may hide", USER("a") "displayName:\n", "display a\nupn a",
	  "display a: " PART("a", "displayName") "upn a:\n", NULL },
	{ "a contact hides no user", "dn: CN=a,DC=x\nobjectClass: contact\ndisplayName:\n",
	  "display a", "display a:\n", NULL },
	{ "a contact hides a holder", "dn: CN=a,DC=x\nobjectClass: contact\nmailNickname:\n",
	  "alias a", "alias a: " PART("a", "mailNickname"), NULL },
	{ "a user outside of the base hides none", USER("a") "displayName:\n", "display a",
	  "display a:\n", "OU=b,DC=x" },
	{ "a tombstone hides none", USER("a") "isDeleted: TRUE\nmailNickname:\n", "alias a",
	  "alias a:\n", NULL },
	{ "a tombstone is nobody",
	  "dn: CN=a\\0ADEL:1,CN=Deleted Objects,DC=x\nobjectClass: user\nisDeleted: TRUE\n"
	  "mailNickname: a\nsAMAccountName: a\n"
	  "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\nmsExchMailboxGuid:: ERERESIiMzNERFVVVVVVVQ==\n",
	  "alias a\nsam a\nguid 11111111-2222-3333-4444-555555555555\n"
	  "owner 11111111-2222-3333-4444-555555555555\nclass user",
	  "alias a:\nsam a:\nguid 11111111-2222-3333-4444-555555555555:\n"
	  "owner 11111111-2222-3333-4444-555555555555:\nclass user:\n",
	  NULL },
	{ "what a server says of itself is no object",
	  "dn:\nobjectClass: top\nmailNickname: a\n\n" USER("a"), "alias a\nclass top\ndn ",
	  "alias a:\nclass top:\ndn :\n", NULL },
	{ "GUIDs as text are owners",
	  USER("a") "msExchMailboxGuid: 11111111-2222-3333-4444-555555555555\n",
	  "owner 11111111-2222-3333-4444-555555555555",
	  "owner 11111111-2222-3333-4444-555555555555: CN=a,DC=x\n", NULL },
	{ "ranges that are whole hide nothing",
	  USER("a") "proxyAddresses;range=0-0: smtp:a@x\nproxyAddresses;range=1-*: smtp:b@x\n",
	  "address smtp:b@x\naddress smtp:c@x", "address smtp:b@x: CN=a,DC=x\naddress smtp:c@x:\n",
	  NULL },
	{ "a domain that is not in the file may hold anything that nobody here has",
	  DOMAIN("DC=x", "X", "3") DOMAIN("DC=y,DC=x", "Y", "3") USER("a") "mailNickname: a\n",
	  "owner 11111111-2222-3333-4444-555555555555\nalias a\nalias b\naddress smtp:b@x\n"
	  "holder /o=x\nlegacy /o=x\ndisplay a\nguid 11111111-2222-3333-4444-555555555555\n"
	  "dn cn=b,dc=x\ndn cn=b,dc=y,dc=x\nname b\nclass user",
	  "owner 11111111-2222-3333-4444-555555555555: " GAP(
	          "DC=y,DC=x") "alias a: CN=a,DC=x\n"
	                       "alias b: " GAP("DC=y,DC=x") "address smtp:b@x: " GAP("DC=y,DC=x") "holder /o=x: " GAP("DC=y,DC=x") "legacy /o=x: " GAP(
	                               "DC=y,DC=x") "display a: " GAP("DC=y,DC=x") "guid "
	                                                                           "11111111-2222-"
	                                                                           "3333-4444-"
	                                                                           "555555555555:"
	                                                                           " " GAP("DC=y,"
	                                                                                   "DC=x") "dn cn=b,dc=x:\ndn "
	                                                                                           "cn=b,dc=y,dc=x: " GAP(
	                                                                                                   "DC=y,"
	                                                                                                   "DC=x") "name b: " GAP("DC=y,DC=x") "class user: CN=a,DC=x\n",
	  NULL },
	{ "users are sought below the base alone",
	  DOMAIN("DC=x", "X", "3") DOMAIN("DC=y", "Y", "3") USER("a"), "display b\nalias b",
	  "display b:\nalias b: " GAP("DC=y"), "DC=x" },
	{ "who remembers a disabled archive does not own it",
	  DOMAIN("DC=y,DC=x", "Y", "3") USER("a") "msExchDisabledArchiveGUID:: "
	                                          "ERERESIiMzNERFVVVVVVVQ==\n",
	  "owner 11111111-2222-3333-4444-555555555555",
	  "owner 11111111-2222-3333-4444-555555555555: " GAP("DC=y,DC=x"), NULL },
	{ "who owns a mailbox is known though domains are missing",
	  DOMAIN("DC=y,DC=x", "Y", "3") USER("a") "msExchMailboxGuid:: ERERESIiMzNERFVVVVVVVQ==\n",
	  "owner 11111111-2222-3333-4444-555555555555",
	  "owner 11111111-2222-3333-4444-555555555555: CN=a,DC=x\n", NULL },
	{ "a name that somebody here has may be somebody's there, too",
	  DOMAIN("DC=y,DC=x", "Y", "3") USER("a"), "name a",
	  "name a: " PARTLY("DC=y,DC=x") " CN=a,DC=x\n", NULL },
	{ "a SID that is in an entry here may be in one there, too",
	  DOMAIN("DC=y,DC=x", "Y", "3") "dn: CN=a,DC=x\nobjectClass: foreignSecurityPrincipal\n"
	                                "objectSid:: AQEAAAAAAAULAAAA\n",
	  "sid S-1-5-11\nsid S-1-5-12",
	  "sid S-1-5-11: " PARTLY("DC=y,DC=x") " CN=a,DC=x\nsid S-1-5-12: " GAP("DC=y,DC=x"),
	  NULL },
	{ "a UPN is somebody's alone, whatever is missing",
	  DOMAIN("DC=y,DC=x", "Y", "3") USER("a") "userPrincipalName: a@x\n", "upn a@x",
	  "upn a@x: CN=a,DC=x\n", NULL },
	{ "the configuration is nothing of its domain", DOMAIN("DC=x", "X", "3"), "alias a",
	  "alias a: " GAP("DC=x"), NULL },
	{ "a domain may be told without its flags",
	  "dn: CN=Y,CN=Configuration,DC=x\nobjectClass: crossRef\n"
	  "nCName: DC=y\nnETBIOSName: Y\n\n" USER("a"),
	  "alias a", "alias a: " GAP("DC=y"), NULL },
	{ "other naming contexts have no users",
	  DOMAIN("DC=dns,DC=x", "D", "5") "dn: CN=e,CN=Configuration,DC=x\nobjectClass: "
	                                  "crossRef\nnCName: DC=e,DC=x\n\n" USER("a"),
	  "alias a", "alias a:\n", NULL },
	{ "a domain of which something is there",
	  DOMAIN("DC=x", "X", "3") DOMAIN("DC=y,DC=x", "Y", "3")
	          USER("a") "\ndn: DC=y,DC=x\nobjectClass: domain\n",
	  "alias a", "alias a:\n", NULL },
	{ "a name that ends in a backslash is below the base",
	  "dn: CN=a\\\\,DC=x\nobjectClass: user\n", "name a\\", "name a\\: CN=a\\\\,DC=x\n",
	  "DC=x" },
};

static void find_row(void **state) {
	const struct row *row = *state;
	struct error err = { 0 };
	struct folder f;
	struct keys k;

	folder_make(&f);
	struct directory *d = directory_at(&f, folder_put(&f, "a", row->ldif), row->base, NULL);
	struct world *w = world_new(f.arena);
	keys_init(&k, f.arena);
	keys_read(&k, row->keys);
	if (directory_begin(d, false, &err) < 0)
		fail_msg("%s", err.text);
	directory_fetch(d, &k, w);
	directory_end(d);
	assert_string_equal(world_text(f.arena, w, &k), row->expect);
	directory_free(d);
	keys_done(&k);
	world_free(w);
	folder_remove(&f);
}

/* ---- passes --------------------------------------------------------------------------------- */

static const char *base_of(struct folder *f, const char *ldif, const char *base) {
	struct directory *d = directory_at(f, folder_put(f, "a", ldif), base, NULL);
	struct world *w = world_new(f->arena);
	struct error err = { 0 };
	struct keys k;

	keys_init(&k, f->arena);
	if (directory_begin(d, false, &err) < 0)
		fail_msg("%s", err.text);
	directory_fetch(d, &k, w);
	directory_end(d);
	directory_free(d);
	const char *told = world_base(w);
	world_free(w);
	keys_done(&k);
	return told ? told : "(none)";
}

static void first_fetch_tells_the_base(void **state) {
	struct folder f;

	(void)state;
	folder_make(&f);
	assert_string_equal(base_of(&f, USER("a"), NULL), "DC=x");
	assert_string_equal(base_of(&f, USER("a"), "OU=Staff, DC=x"), "OU=Staff, DC=x");
	assert_string_equal(base_of(&f, "dn:\nnamingContexts: O=y\n\n" USER("a"), NULL), "O=y");
	assert_string_equal(base_of(&f, "dn: O=y\n", NULL), "(none)");
	folder_remove(&f);
}

static void not_begun_is_unknown(void **state) {
	struct error err = { 0 };
	struct folder f;
	struct keys k;

	(void)state;
	folder_make(&f);
	struct directory *d = directory_at(&f, folder_path(&f, "none"), NULL, NULL);
	struct world *w = world_new(f.arena);
	keys_init(&k, f.arena);
	keys_read(&k, "alias a\nrow-name a");
	assert_int_equal(directory_begin(d, false, &err), ERR_IO);
	directory_fetch(d, &k, w);
	assert_string_equal(world_text(f.arena, w, &k),
	                    "alias a: (read-failed: the directory was not read)\n"
	                    "row-name a: (not asked)\n");
	directory_end(d);
	directory_free(d);
	keys_done(&k);
	world_free(w);
	folder_remove(&f);
}

static void an_entry_in_part(void **state) {
	struct error err = { 0 };
	struct folder f;
	struct keys k;

	(void)state;
	folder_make(&f);
	struct directory *d = directory_at(
	        &f, folder_put(&f, "a", USER("a") "mail:\nproxyAddresses;range=0-1: x:1\ncn: a\n"),
	        NULL, NULL);
	struct world *w = world_new(f.arena);
	struct buf out = { 0 };
	keys_init(&k, f.arena);
	keys_read(&k, "name a");
	assert_int_equal(directory_begin(d, false, &err), OK);
	directory_fetch(d, &k, w);
	entry_put(&out, f.arena, world_ask(w, KEY_USER_NAME, "a").entries[0]);
	assert_string_equal(out.data, "CN=a,DC=x (person) \n  cn: a\n  mail: (part)\n"
	                              "  proxyAddresses: (part) x:1\n");
	buf_done(&out);
	directory_free(d);
	keys_done(&k);
	world_free(w);
	folder_remove(&f);
}

/* As it was when the pass began, and anew in the next one. */
static void pass_sees_one_moment(void **state) {
	struct error err = { 0 };
	struct folder f;
	struct keys k;

	(void)state;
	folder_make(&f);
	struct directory *d =
	        directory_at(&f, folder_put(&f, "a", USER("a") "mailNickname: a\n"), NULL, NULL);
	keys_init(&k, f.arena);
	keys_read(&k, "alias a\nalias b");
	for (int pass = 0; pass < 2; pass++) {
		struct world *w = world_new(f.arena);
		assert_int_equal(directory_begin(d, false, &err), OK);
		folder_put(&f, "a", USER("b") "mailNickname: b\n");
		directory_fetch(d, &k, w);
		assert_string_equal(world_text(f.arena, w, &k),
		                    pass ? "alias a:\nalias b: CN=b,DC=x\n"
		                         : "alias a: CN=a,DC=x\nalias b:\n");
		directory_end(d);
		world_free(w);
	}
	directory_free(d);
	keys_done(&k);
	folder_remove(&f);
}

int main(void) {
	struct CMUnitTest tests[ARRAY_SIZE(rows)];
	const struct CMUnitTest passes[] = {
		cmocka_unit_test(first_fetch_tells_the_base),
		cmocka_unit_test(not_begun_is_unknown),
		cmocka_unit_test(an_entry_in_part),
		cmocka_unit_test(pass_sees_one_moment),
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = find_row,
			                        .initial_state = (void *)&rows[i] };
	return cmocka_run_group_tests_name("answers", tests, NULL, NULL) +
	       cmocka_run_group_tests_name("passes", passes, NULL, NULL);
}
