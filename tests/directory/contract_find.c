#include "tests/directory/contract.h"

#include <string.h>

#include "tests/directory/fixture.h"

/* A small company: people with awkward names, and what else may hold an address. */
static const char company[] =
        "dn: DC=contoso,DC=com\nobjectClass: top\nobjectClass: domainDNS\n\n"
        "dn: OU=Staff,DC=contoso,DC=com\nobjectClass: top\nobjectClass: organizationalUnit\n\n"
        "dn: CN=John Evans,OU=Staff,DC=contoso,DC=com\n"
        "objectClass: top\nobjectClass: person\nobjectClass: organizationalPerson\n"
        "objectClass: user\n"
        "objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=contoso,DC=com\n"
        "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
        "cn: John Evans\n"
        "displayName: John Evans\nuserPrincipalName: john.evans@contoso.com\n"
        "sAMAccountName: jevans\nlegacyExchangeDN: /o=Contoso/cn=jevans\n"
        "mailNickname: jevans\nmail: john.evans@contoso.com\n"
        "proxyAddresses: SMTP:john.evans@contoso.com\nproxyAddresses: smtp:JE@Contoso.com\n"
        "proxyAddresses: X500:/o=Old/cn=John\n"
        "msExchMailboxGuid:: AAECAwQFBgcICQoLDA0ODw==\n"
        "msExchRecipientTypeDetails: 1\n\n"
        "dn: CN=Evans\\, Mary (*),OU=Staff,DC=contoso,DC=com\n"
        "objectClass: person\nobjectClass: user\nobjectCategory: CN=Person,CN=Schema,"
        "CN=Configuration,DC=contoso,DC=com\n"
        "displayName: Evans, Mary (*)\nuserPrincipalName: mary@contoso.com\n"
        "sAMAccountName: mary*()\\\n"
        "msExchArchiveGUID:: AAECAwQFBgcICQoLDA0ODw==\n"
        "msExchRecipientTypeDetails: 1\n\n"
        "dn: CN=\\#a\\+b\\\"c\\\\d\\<e\\>f\\;g\\=h,OU=Staff,DC=contoso,DC=com\n"
        "objectClass: user\n"
        "displayName: #a+b\"c\\d<e>f;g=h\nsAMAccountName: odd\n"
        "msExchDisabledArchiveGUID:: /////////////////////w==\n\n"
        "dn: CN=\\ edge\\ ,OU=Staff,DC=contoso,DC=com\n"
        "objectClass: user\nsAMAccountName:: IGVkZ2Ug\n\n"
        /* CN=Jürgen Groß */
        "dn:: Q049SsO8cmdlbiBHcm/DnyxPVT1TdGFmZixEQz1jb250b3NvLERDPWNvbQ==\n"
        "objectClass: user\n"
        "displayName:: SsO8cmdlbiBHcm/Dnw==\nsAMAccountName: jgross\n"
        "msExchMailboxGuid:: AAAAAAAAAAAAAAAAAAAAAQ==\n"
        "msExchRecipientTypeDetails: 16\n\n"
        "dn: CN=Supplier,DC=contoso,DC=com\n"
        "objectClass: person\nobjectClass: organizationalPerson\nobjectClass: contact\n"
        "displayName: John Evans\nmailNickname: Supplier\nmail: Sales@Fabrikam.com\n"
        "legacyExchangeDN: /o=Contoso/cn=Supplier\n\n"
        "dn: CN=PC01,DC=contoso,DC=com\n"
        "objectClass: person\nobjectClass: user\nobjectClass: computer\n"
        "displayName: John Evans\nsAMAccountName: PC01$\n\n"
        "dn: CN=Team,DC=contoso,DC=com\n"
        "objectClass: group\nsAMAccountName: team\nmailNickname: team\n"
        "proxyAddresses: smtp:team@contoso.com\nproxyAddresses: x500:/O=contoso/CN=Supplier\n\n"
        "dn: CN=Elsewhere,DC=fabrikam,DC=com\n"
        "objectClass: user\nsAMAccountName: jevans\nmailNickname: JEVANS\n\n"
        "dn: CN=MDB01,CN=Configuration,DC=contoso,DC=com\n"
        "objectClass: top\nobjectClass: msExchMDB\nobjectClass: msExchPrivateMDB\n"
        "legacyExchangeDN: /o=Contoso/cn=MDB01\n\n"
        "dn: CN=MDB02,CN=Configuration,DC=fabrikam,DC=com\n"
        "objectClass: msExchPrivateMDB\n";

struct row {
	const char *name;
	const char *keys, *expect;
	const char *base, *configuration;
	bool no_base; /* there is no such base */
};

#define JOHN     "CN=John Evans,OU=Staff,DC=contoso,DC=com"
#define MARY     "CN=Evans\\, Mary (*),OU=Staff,DC=contoso,DC=com"
#define ODD      "CN=\\#a\\+b\\\"c\\\\d\\<e\\>f\\;g\\=h,OU=Staff,DC=contoso,DC=com"
#define EDGE     "CN=\\ edge\\ ,OU=Staff,DC=contoso,DC=com"
#define JUERGEN  "CN=J\303\274rgen Gro\303\237,OU=Staff,DC=contoso,DC=com"
#define CONTOSO  "dc=contoso,dc=com"
#define SUPPLIER "CN=Supplier,DC=contoso,DC=com"

/* A key is asked; who is the answer? */
#define ROW(name, key, answer)                                                                     \
	{ name, key, key ":" answer "\n", NULL, NULL, false }

static const struct row rows[] = {
	ROW("GUID", "guid 11111111-2222-3333-4444-555555555555", " " JOHN),
	ROW("GUID in capitals and braces", "guid {11111111-2222-3333-4444-555555555555}", " " JOHN),
	ROW("GUID of nobody", "guid 11111111-2222-3333-4444-555555555556", ""),
	ROW("no GUID", "guid john", ""),
	ROW("DN", "dn cn=john evans,ou=staff,dc=contoso,dc=com", " " JOHN),
	ROW("DN with an escaped comma", "dn cn=evans\\, mary (*),ou=staff,dc=contoso,dc=com",
	    " " MARY),
	ROW("DN of a contact", "dn cn=supplier,dc=contoso,dc=com", ""),
	ROW("DN of nobody", "dn cn=evans,ou=staff,dc=contoso,dc=com", ""),
	ROW("name", "name john evans", " " JOHN),
	ROW("name with a comma, brackets and an asterisk", "name evans, mary (*)", " " MARY),
	ROW("name with all that a DN escapes", "name #a+b\"c\\d<e>f;g=h", " " ODD),
	ROW("name with blanks at its ends", "name  edge ", " " EDGE),
	ROW("name with letters that fold into two", "name j\303\274rgen gross", " " JUERGEN),
	ROW("an asterisk is a letter", "name *", ""),
	ROW("name of a computer", "name pc01", ""),
	ROW("UPN", "upn john.evans@contoso.com", " " JOHN),
	ROW("UPN of nobody", "upn john@contoso.com", ""),
	ROW("account in two domains", "sam jevans", " CN=Elsewhere,DC=fabrikam,DC=com; " JOHN),
	ROW("account with all that a filter escapes", "sam mary*()\\", " " MARY),
	ROW("account with blanks at its ends", "sam  edge ", " " EDGE),
	ROW("account of a computer", "sam pc01$", ""),
	ROW("account of a group", "sam team", ""),
	ROW("legacyExchangeDN", "legacy /o=contoso/cn=jevans", " " JOHN),
	ROW("legacyExchangeDN of a contact", "legacy /o=contoso/cn=supplier", ""),
	ROW("legacyExchangeDN is no address", "legacy /o=old/cn=john", ""),
	ROW("displayName counts people alone", "display john evans", " " JOHN),
	ROW("displayName in UTF-8", "display j\303\274rgen gross", " " JUERGEN),
	ROW("owner, and who has it as an archive", "owner 03020100-0504-0706-0809-0a0b0c0d0e0f",
	    " " MARY "; " JOHN),
	ROW("owner by a disabled archive", "owner ffffffff-ffff-ffff-ffff-ffffffffffff", " " ODD),
	ROW("owner by a GUID that is nearly all NUL", "owner 00000000-0000-0000-0000-000000000001",
	    " " JUERGEN),
	ROW("nobody owns it", "owner 00000000-0000-0000-0000-000000000002", ""),
	ROW("alias in every domain", "alias jevans", " CN=Elsewhere,DC=fabrikam,DC=com; " JOHN),
	ROW("alias of a contact", "alias supplier", " " SUPPLIER),
	ROW("alias of a group", "alias team", " CN=Team,DC=contoso,DC=com"),
	ROW("address, once though it is mail too", "address smtp:john.evans@contoso.com", " " JOHN),
	ROW("address in other letters", "address smtp:je@contoso.com", " " JOHN),
	ROW("address in mail alone", "address smtp:sales@fabrikam.com", " " SUPPLIER),
	ROW("address without its prefix", "address john.evans@contoso.com", ""),
	ROW("address of another kind", "address x500:/o=old/cn=john", " " JOHN),
	ROW("mail is SMTP alone", "address x400:sales@fabrikam.com", ""),
	ROW("legacy DN, as one and as an address", "holder /o=contoso/cn=supplier",
	    " " SUPPLIER "; CN=Team,DC=contoso,DC=com"),
	ROW("legacy DN of a configuration object", "holder /o=contoso/cn=mdb01",
	    " CN=MDB01,CN=Configuration,DC=contoso,DC=com"),
	ROW("legacy DN of nobody", "holder /o=contoso", ""),
	ROW("type", "type 1", " " MARY "; " JOHN),
	ROW("type that begins alike", "type 16", " " JUERGEN),
	ROW("class", "class msexchprivatemdb",
	    " CN=MDB01,CN=Configuration,DC=contoso,DC=com; "
	    "CN=MDB02,CN=Configuration,DC=fabrikam,DC=com"),
	ROW("class above", "class msexchmdb", " CN=MDB01,CN=Configuration,DC=contoso,DC=com"),
	ROW("class without objects", "class msexchrbacpolicy", ""),
	{ "the inventory's keys are passed over", "row-name john evans\nalias nobody",
	  "row-name john evans: (not asked)\nalias nobody:\n", NULL, NULL, false },
	{ "people below the base alone", "sam jevans\ndn cn=elsewhere,dc=fabrikam,dc=com",
	  "sam jevans: " JOHN "\ndn cn=elsewhere,dc=fabrikam,dc=com:\n", CONTOSO, NULL, false },
	{ "holders everywhere", "alias jevans",
	  "alias jevans: CN=Elsewhere,DC=fabrikam,DC=com; " JOHN "\n", CONTOSO, NULL, false },
	{ "a base is not the end of a name", "sam jevans", "sam jevans:\n", "dc=oso,dc=com", NULL,
	  true },
	{ "a base is not the middle of a name", "sam jevans", "sam jevans:\n", "OU=Staff", NULL,
	  true },
	{ "classes below the configuration alone", "class msexchprivatemdb\nsam odd",
	  "class msexchprivatemdb: CN=MDB02,CN=Configuration,DC=fabrikam,DC=com\nsam odd: " ODD
	  "\n",
	  NULL, "CN=configuration, DC=Fabrikam,DC=com", false },
	{ "many at once", "sam odd\nalias team\ndisplay john evans\nname john evans\nupn nobody",
	  "sam odd: " ODD "\nalias team: CN=Team,DC=contoso,DC=com\ndisplay john evans: " JOHN
	  "\nname john evans: " JOHN "\nupn nobody:\n",
	  NULL, NULL, false },
	{ "two texts for one GUID",
	  "guid {11111111-2222-3333-4444-555555555555}\nguid 11111111-2222-3333-4444-555555555555",
	  "guid {11111111-2222-3333-4444-555555555555}: " JOHN
	  "\nguid 11111111-2222-3333-4444-555555555555: " JOHN "\n",
	  NULL, NULL, false },
};

struct asked {
	struct arena *arena;
	struct directory *d;
	struct world *w;
	struct keys keys;
};

static void ask(const struct contract *c, const struct row *row, const char *keys,
                struct asked *ret) {
	struct error err = { 0 };

	*ret = (struct asked){ .arena = arena_new() };
	ret->w = world_new(ret->arena);
	ret->d = c->open(c->self, company, row->base, row->configuration);
	keys_init(&ret->keys, ret->arena);
	keys_read(&ret->keys, keys);
	if (directory_begin(ret->d, false, &err) < 0)
		fail_msg("%s", err.text);
	directory_fetch(ret->d, &ret->keys, ret->w);
}

static void asked_done(const struct contract *c, struct asked *a) {
	directory_end(a->d);
	c->close(c->self, a->d);
	keys_done(&a->keys);
	world_free(a->w);
	arena_free(a->arena);
}

static void begin_is_refused(const struct contract *c, const struct row *row) {
	struct directory *d = c->open(c->self, company, row->base, row->configuration);
	struct error err = { 0 };

	assert_int_equal(directory_begin(d, false, &err), ERR_INVALID);
	directory_end(d);
	c->close(c->self, d);
}

static void find_row(void **state) {
	const struct contract_test *t = *state;
	const struct row *row = t->row;
	struct asked a;

	if (row->no_base && t->contract->asks_for_base) {
		begin_is_refused(t->contract, row);
		return;
	}
	ask(t->contract, row, row->keys, &a);
	assert_string_equal(world_text(a.arena, a.w, &a.keys), row->expect);
	asked_done(t->contract, &a);
}

/* Answers are compared by pointer, and outlive the pass. */
static void one_object(void **state) {
	const struct contract_test *t = *state;
	const struct row row = { .name = "" };
	struct keys more;
	struct asked a;

	ask(t->contract, &row, "sam jevans\nalias jevans", &a);
	keys_init(&more, a.arena);
	keys_read(&more, "upn john.evans@contoso.com");
	directory_fetch(a.d, &more, a.w);
	directory_end(a.d);
	const struct entry *john =
	        world_ask(a.w, KEY_USER_UPN, "john.evans@contoso.com").entries[0];
	struct answer sam = world_ask(a.w, KEY_USER_SAM, "jevans");
	assert_int_equal(sam.n, 2);
	assert_true(john == sam.entries[0] || john == sam.entries[1]);
	keys_done(&more);
	asked_done(t->contract, &a);
}

static void whole_entry(void **state) {
	const struct contract_test *t = *state;
	const struct row row = { .name = "" };
	struct buf out = { 0 };
	struct asked a;

	ask(t->contract, &row, "alias jevans\nupn john.evans@contoso.com", &a);
	entry_put(&out, a.arena, world_ask(a.w, KEY_USER_UPN, "john.evans@contoso.com").entries[0]);
	assert_string_equal(out.data,
	                    JOHN " (person) 11111111-2222-3333-4444-555555555555\n"
	                         "  cn: John Evans\n"
	                         "  displayName: John Evans\n"
	                         "  userPrincipalName: john.evans@contoso.com\n"
	                         "  sAMAccountName: jevans\n"
	                         "  mail: john.evans@contoso.com\n"
	                         "  mailNickname: jevans\n"
	                         "  proxyAddresses: SMTP:john.evans@contoso.com | "
	                         "smtp:JE@Contoso.com | X500:/o=Old/cn=John\n"
	                         "  legacyExchangeDN: /o=Contoso/cn=jevans\n"
	                         "  msExchMailboxGuid: 03020100-0504-0706-0809-0a0b0c0d0e0f\n"
	                         "  msExchRecipientTypeDetails: 1\n");
	buf_done(&out);
	asked_done(t->contract, &a);
}

int contract_find(const struct contract *c) {
	static struct CMUnitTest tests[ARRAY_SIZE(rows) + 2];
	static struct contract_test states[ARRAY_SIZE(rows) + 2];

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		states[i] = (struct contract_test){ c, i < ARRAY_SIZE(rows) ? rows + i : NULL };
		tests[i] = (struct CMUnitTest){ .initial_state = states + i };
		tests[i].name = i < ARRAY_SIZE(rows) ? rows[i].name : "one object for each";
		tests[i].test_func = i < ARRAY_SIZE(rows) ? find_row : one_object;
	}
	tests[ARRAY_SIZE(tests) - 1].name = "the whole entry";
	tests[ARRAY_SIZE(tests) - 1].test_func = whole_entry;
	return cmocka_run_group_tests_name("find", tests, NULL, NULL);
}
