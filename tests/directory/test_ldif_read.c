/* What the LDIF back-end reads: LDIF in, entries out; and every mistake with its line. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/directory/ldif_read.h"
#include "tests/directory/fixture.h"
#include "tests/test.h"

struct row {
	const char *name;
	const char *ldif; /* \1 stands for a NUL */
	const char *expect;
};

/* `LINE dn [person] [gone] guid`, then each field; at the end the base. */
static char *snapshot_text(struct arena *a, const struct ldif_snapshot *s) {
	struct buf out = { 0 };
	char guid[GUID_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		const struct ldif_record *r = s->records + i;
		buf_printf(&out, "%d %s%s%s%s%s\n", r->line, r->dn, r->person ? " [person]" : "",
		           r->object ? "" : " [gone]", guid_none(r->guid) ? "" : " ",
		           guid_none(r->guid) ? "" : guid_text(r->guid, guid));
		for (size_t j = 0; j < r->n; j++) {
			const struct ldif_field *f = s->fields + r->first + j;
			struct value v = { f->data, f->len };
			if (f->id == LDIF_CLASS)
				continue;
			buf_printf(&out, "  %s: %s\n", attributes[f->id].name,
			           f->data ? value_text(a, (enum attribute)f->id, v) : "(part)");
		}
	}
	if (s->base)
		buf_printf(&out, "base %s\n", s->base);
	char *text = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return text;
}

static void read_row(void **state) {
	const struct row *row = *state;
	struct ldif_snapshot *s = NULL;
	struct error err = { 0 };
	struct folder f;

	folder_make(&f);
	char *ldif = arena_strdup(f.arena, row->ldif);
	for (char *p = ldif; (p = strchr(p, '\1')) != NULL;)
		*p = '\0';
	char *path = folder_write(&f, "a", ldif, strlen(row->ldif));
	int r = ldif_read(path, "a.ldif", false, &s, &err);
	const char *text =
	        r < 0 ? arena_printf(f.arena, "%s\n", err.text) : snapshot_text(f.arena, s);
	assert_string_equal(text, row->expect);
	assert_true(r == OK || r == ERR_INVALID);
	ldif_snapshot_free(s);
	folder_remove(&f);
}

#define GUID_A  "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
#define TEXT_A  "11111111-2222-3333-4444-555555555555"
#define CONTOSO "DC=contoso,DC=com\n"

/* ---- what the tools write ------------------------------------------------------------------- */

static const struct row forms[] = {
	{ "ldapsearch -LLL",
	  "dn: CN=John Evans,DC=contoso,DC=com\nobjectClass: user\ncn: John Evans\n" GUID_A
	  "mail: a@b.c\n\n",
	  "1 CN=John Evans,DC=contoso,DC=com [person] " TEXT_A "\n  cn: John Evans\n"
	  "  mail: a@b.c\nbase " CONTOSO },
	{ "ldapsearch with its comments and its result",
	  "# extended LDIF\n#\n# LDAPv3\n# base <dc=contoso,dc=com> with scope subtree\n#\n\n"
	  "# John, contoso.com\ndn: CN=John,DC=contoso,DC=com\nobjectClass: user\n\n"
	  "# search reference\nref: ldap://ForestDnsZones.contoso.com/DC=ForestDnsZones,DC=cont\n"
	  " oso,DC=com\n\n"
	  "# search result\nsearch: 2\nresult: 0 Success\n\n# numResponses: 3\n# numEntries: 1\n",
	  "8 CN=John,DC=contoso,DC=com [person]\nbase " CONTOSO },
	{ "ldapsearch -L with its version",
	  "version: 1\n\n#\n# LDAPv3\n#\n\ndn: CN=John,DC=contoso,DC=com\nobjectClass: user\n",
	  "7 CN=John,DC=contoso,DC=com [person]\nbase " CONTOSO },
	{ "ldapsearch in pages, read to the end",
	  "dn: CN=a,DC=x\nmail: a@x\n\nsearch: 2\nresult: 0 Success\n"
	  "control: 1.2.840.113556.1.4.319 false MAkCAQAEBAEAAAA=\npagedresults: "
	  "cookie=AQAAAA==\n\n"
	  "dn: CN=b,DC=x\nmail: b@x\n\nsearch: 3\nresult: 0 Success\n"
	  "control: 1.2.840.113556.1.4.319 false MAUCAQAEAA==\npagedresults: cookie=\n",
	  "1 CN=a,DC=x\n  mail: a@x\n9 CN=b,DC=x\n  mail: b@x\nbase DC=x\n" },
	{ "version and dn without a blank line", "version: 1\ndn: CN=a,DC=x\nmail: a@x\n",
	  "2 CN=a,DC=x\n  mail: a@x\nbase DC=x\n" },
	{ "version with every file that was joined",
	  "version: 1\ndn: CN=a,DC=x\nmail: a\n\nversion: 1\n\ndn: CN=b,DC=x\nmail: b\n",
	  "2 CN=a,DC=x\n  mail: a\n7 CN=b,DC=x\n  mail: b\nbase DC=x\n" },
	{ "ldifde: CR LF and changetype: add",
	  "dn: CN=a,DC=x\r\nchangetype: add\r\nobjectClass: user\r\nmail: a@\r\n x.com\r\n\r\n"
	  "dn: CN=b,DC=x\r\nchangetype: add\r\nmail: b\r\n",
	  "1 CN=a,DC=x [person]\n  mail: a@x.com\n7 CN=b,DC=x\n  mail: b\nbase DC=x\n" },
	{ "changetype: add in any case, and with a control",
	  "dn: CN=a,DC=x\ncontrol: 1.2.3 true\nChangeType: ADD\nmail: a\n",
	  "1 CN=a,DC=x\n  mail: a\nbase DC=x\n" },
	{ "slapcat: operational attributes and a UUID as text",
	  "dn: uid=john,ou=People,dc=contoso,dc=com\nobjectClass: inetOrgPerson\nmail: a@b.c\n"
	  "structuralObjectClass: inetOrgPerson\nentryUUID: " TEXT_A "\n"
	  "creatorsName: cn=admin,dc=contoso,dc=com\ncreateTimestamp: 20260101000000Z\n"
	  "entryCSN: 20260101000000.000000Z#000000#000#000000\n\n",
	  "1 uid=john,ou=People,dc=contoso,dc=com [person] " TEXT_A
	  "\n  mail: a@b.c\nbase dc=contoso,dc=com\n" },
	{ "objectGUID before entryUUID",
	  "dn: CN=a,DC=x\nentryUUID: 99999999-2222-3333-4444-555555555555\n" GUID_A,
	  "1 CN=a,DC=x " TEXT_A "\nbase DC=x\n" },
	{ "ldbsearch: GUIDs and SIDs as text",
	  "dn: CN=a,DC=x\nobjectGUID: " TEXT_A "\nobjectSid: S-1-5-10\n"
	  "msExchMailboxGuid: {11111111-2222-3333-4444-000000000000}\n",
	  "1 CN=a,DC=x " TEXT_A "\n  objectSid: S-1-5-10\n"
	  "  msExchMailboxGuid: 11111111-2222-3333-4444-000000000000\nbase DC=x\n" },
	{ "a byte order mark",
	  "\xef\xbb\xbf"
	  "dn: CN=a,DC=x\nmail: a\n",
	  "1 CN=a,DC=x\n  mail: a\nbase DC=x\n" },
	{ "no line break at the end", "dn: CN=a,DC=x\nmail: a",
	  "1 CN=a,DC=x\n  mail: a\nbase DC=x\n" },
	{ "blank lines everywhere", "\n\n\ndn: CN=a,DC=x\nmail: a\n\n\r\n\ndn: CN=b,DC=x\n\n\n",
	  "4 CN=a,DC=x\n  mail: a\n9 CN=b,DC=x\nbase DC=x\n" },
	{ "rulers of dashes",
	  "-----\ndn: CN=a,DC=x\nmail: a\n----------\ndn: CN=b,DC=x\nmail: b\n---\n",
	  "2 CN=a,DC=x\n  mail: a\n5 CN=b,DC=x\n  mail: b\nbase DC=x\n" },
};

/* ---- values --------------------------------------------------------------------------------- */

static const struct row values[] = {
	{ "names in any case",
	  "DN: CN=a,DC=x\nMAIL: a\nOBJECTCLASS: USER\nMsExchHomeServerName: s\n",
	  "1 CN=a,DC=x [person]\n  mail: a\n  msExchHomeServerName: s\nbase DC=x\n" },
	{ "attributes that are not ours", "dn: CN=a,DC=x\njpegPhoto:: /9j/4AAQ\ninfo: x:y::z\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "blanks after the colon and at the end", "dn: CN=a,DC=x\nmail:   a  \nmailNickname:b\n",
	  "1 CN=a,DC=x\n  mail: a  \n  mailNickname: b\nbase DC=x\n" },
	{ "a tab at the beginning is the value's", "dn: CN=a,DC=x\nmail: \tb\n",
	  "1 CN=a,DC=x\n  mail: \tb\nbase DC=x\n" },
	{ "folded anywhere", "dn: CN=a,D\n C=x\nma\n il\n : a\n @\n  b\n\n",
	  "1 CN=a,DC=x\n  mail: a@ b\nbase DC=x\n" },
	{ "folded between the colons", "dn: CN=a,DC=x\nmail:\n : YUBi\nmailNickname\n :\n : YUBi\n",
	  "1 CN=a,DC=x\n  mail: a@b\n  mailNickname: a@b\nbase DC=x\n" },
	{ "folded base64 with CR LF", "dn: CN=a,DC=x\r\nmail:: YU\r\n Bi\r\n\r\n",
	  "1 CN=a,DC=x\n  mail: a@b\nbase DC=x\n" },
	{ "a folded comment in an entry", "dn: CN=a,DC=x\n# mail: no\n dn: neither\nmail: a\n#\n\n",
	  "1 CN=a,DC=x\n  mail: a\nbase DC=x\n" },
	{ "a DN in base64", "dn:: Q049SsO8cmdlbixEQz14\nmail: a\n",
	  "1 CN=J\303\274rgen,DC=x\n  mail: a\nbase DC=x\n" },
	{ "a DN with escapes", "dn: CN=Evans\\, John\\+\\\"x\\0d,DC=x\nmail: a\n",
	  "1 CN=Evans\\, John\\+\\\"x\\0d,DC=x\n  mail: a\nbase DC=x\n" },
	{ "UTF-8 as it is", "dn: CN=a,DC=x\ndisplayName: J\303\274rgen\n",
	  "1 CN=a,DC=x\n  displayName: J\303\274rgen\nbase DC=x\n" },
	{ "NUL in a GUID", "dn: CN=a,DC=x\nmsExchMailboxGuid:: AAAAAAAAAAAAAAAAAAAAAQ==\n",
	  "1 CN=a,DC=x\n  msExchMailboxGuid: 00000000-0000-0000-0000-000000000001\nbase DC=x\n" },
	{ "sixteen letters are a GUID", "dn: CN=a,DC=x\nmsExchMailboxGuid: ABCDEFGHIJKLMNOP\n",
	  "1 CN=a,DC=x\n  msExchMailboxGuid: 44434241-4645-4847-494a-4b4c4d4e4f50\nbase DC=x\n" },
	{ "several values, and one twice",
	  "dn: CN=a,DC=x\nproxyAddresses: b\nmail: m\nproxyAddresses: a\nproxyAddresses: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: b\n  mail: m\n  proxyAddresses: a\n  proxyAddresses: b\n"
	  "base DC=x\n" },
	{ "an option of a language", "dn: CN=a,DC=x\ndisplayName;lang-de: Hans\n",
	  "1 CN=a,DC=x\n  displayName: Hans\nbase DC=x\n" },
	{ "an attribute whose name begins like ours", "dn: CN=a,DC=x\nmailx: a\nmai: b\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a value of another entry's ref", "dn: CN=a,DC=x\nref: ldap://x\nmail: a\n",
	  "1 CN=a,DC=x\n  mail: a\nbase DC=x\n" },
};

/* ---- what is left out ----------------------------------------------------------------------- */

static const struct row ranges[] = {
	{ "a range that is cut off",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-1: a\n"
	  "proxyAddresses;range=0-1: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: b\n  proxyAddresses: (part)\n"
	  "base DC=x\n" },
	{ "ranges to the end",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-1: a\n"
	  "proxyAddresses;range=0-1: b\nproxyAddresses;Range=2-*: c\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: b\n  proxyAddresses: c\nbase "
	  "DC=x\n" },
	{ "ranges in another order, and mixed",
	  "dn: CN=a,DC=x\nproxyAddresses;range=1-*: b\n"
	  "mail: m\nproxyAddresses;range=0-0: a\nproxyAddresses;range=1-*: c\nproxyAddresses:\n",
	  "1 CN=a,DC=x\n  proxyAddresses: b\n  mail: m\n  proxyAddresses: a\n  proxyAddresses: c\n"
	  "base DC=x\n" },
	{ "a range with a hole",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-1: a\n"
	  "proxyAddresses;range=3-*: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: b\n  proxyAddresses: (part)\n"
	  "base DC=x\n" },
	{ "a range without its beginning", "dn: CN=a,DC=x\nproxyAddresses;range=2-*: a\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: (part)\nbase DC=x\n" },
	{ "a range that is none", "dn: CN=a,DC=x\nproxyAddresses;range=all: a\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: (part)\nbase DC=x\n" },
	{ "a range and another option", "dn: CN=a,DC=x\nproxyAddresses;binary;range=0-*: a\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\nbase DC=x\n" },
	{ "two attributes, one of them whole",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-*: a\n"
	  "publicDelegates;range=0-9: CN=b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  publicDelegates: CN=b\n  publicDelegates: (part)\n"
	  "base DC=x\n" },
	{ "a range of one entry is not the next one's",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-9: a\n"
	  "\ndn: CN=b,DC=x\nproxyAddresses: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: (part)\n4 CN=b,DC=x\n"
	  "  proxyAddresses: b\nbase DC=x\n" },
	{ "a name without a value", "dn: CN=a,DC=x\nmail:\nmailNickname::\n",
	  "1 CN=a,DC=x\n  mail: (part)\n  mailNickname: (part)\nbase DC=x\n" },
};

/* ---- people, tombstones, the base ----------------------------------------------------------- */

#define PERSON "objectCategory: CN=Person,CN=Schema,CN=Configuration,DC=x\n"

static const struct row kinds[] = {
	{ "a user of Active Directory", "dn: CN=a,DC=x\nobjectClass: user\n" PERSON,
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "the category comes first", "dn: CN=a,DC=x\n" PERSON "objectClass: user\n",
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "a contact", "dn: CN=a,DC=x\nobjectClass: person\nobjectClass: contact\n" PERSON,
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a contact without a category",
	  "dn: CN=a,DC=x\nobjectClass: person\nobjectClass: contact\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a computer",
	  "dn: CN=a,DC=x\nobjectClass: user\nobjectClass: computer\n"
	  "objectCategory: CN=Computer,CN=Schema,CN=Configuration,DC=x\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a computer without a category",
	  "dn: CN=a,DC=x\nobjectClass: user\nobjectClass: Computer\n", "1 CN=a,DC=x\nbase DC=x\n" },
	{ "OpenLDAP: person", "dn: CN=a,DC=x\nobjectClass: person\n",
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "OpenLDAP: organizationalPerson", "dn: CN=a,DC=x\nobjectClass: organizationalPerson\n",
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "OpenLDAP: inetOrgPerson", "dn: CN=a,DC=x\nobjectClass: inetOrgPerson\n",
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "OpenLDAP: an account", "dn: CN=a,DC=x\nobjectClass: posixAccount\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a group", "dn: CN=a,DC=x\nobjectClass: group\n", "1 CN=a,DC=x\nbase DC=x\n" },
	{ "a tombstone",
	  "dn: CN=a\\0ADEL:x,CN=Deleted Objects,DC=x\nobjectClass: user\nisDeleted: TRUE\nmail: "
	  "a\n",
	  "1 CN=a\\0ADEL:x,CN=Deleted Objects,DC=x [gone]\n  mail: a\nbase DC=x\n" },
	{ "not deleted", "dn: CN=a,DC=x\nobjectClass: user\nisDeleted: FALSE\n",
	  "1 CN=a,DC=x [person]\nbase DC=x\n" },
	{ "the marks of an entry are not the next one's",
	  "dn: CN=a,DC=x\nobjectClass: user\nisDeleted: TRUE\n" PERSON GUID_A
	  "\ndn: CN=b,DC=x\nobjectClass: person\n\ndn: CN=c,DC=x\n",
	  "1 CN=a,DC=x [gone] " TEXT_A "\n7 CN=b,DC=x [person]\n10 CN=c,DC=x\nbase DC=x\n" },
	{ "what a server says of itself",
	  "dn:\nnamingContexts: dc=a\nnamingContexts: dc=b\ndefaultNamingContext: "
	  "DC=contoso,DC=com\n"
	  "namingContexts: dc=c\n\ndn: CN=a,DC=x\nmail: a\n",
	  "1  [gone]\n7 CN=a,DC=x\n  mail: a\nbase " CONTOSO },
	{ "what OpenLDAP says of itself", "dn:\nnamingContexts: dc=a\nnamingContexts: dc=b\n",
	  "1  [gone]\nbase dc=a\n" },
	{ "an entry's own namingContexts", "dn: CN=a,DC=x\ndefaultNamingContext: DC=y\n",
	  "1 CN=a,DC=x\nbase DC=x\n" },
	{ "the base is the shortest domain",
	  "dn: CN=a,DC=emea,DC=Contoso,DC=com\nmail: a\n\ndn: CN=b,DC=Contoso,DC=com\nmail: b\n\n"
	  "dn: O=elsewhere\nmail: c\n",
	  "1 CN=a,DC=emea,DC=Contoso,DC=com\n  mail: a\n4 CN=b,DC=Contoso,DC=com\n  mail: b\n"
	  "7 O=elsewhere\n  mail: c\nbase DC=Contoso,DC=com\n" },
	{ "two forests have no base", "dn: CN=a,DC=x\nmail: a\n\ndn: CN=b,DC=y\nmail: b\n",
	  "1 CN=a,DC=x\n  mail: a\n4 CN=b,DC=y\n  mail: b\n" },
	{ "no domain", "dn: CN=a,O=x\nmail: a\n", "1 CN=a,O=x\n  mail: a\n" },
	{ "DC is not always a domain", "dn: DC=host+CN=x,DC=a,CN=b\\,DC=c,DC=com\nmail: a\n",
	  "1 DC=host+CN=x,DC=a,CN=b\\,DC=c,DC=com\n  mail: a\nbase DC=com\n" },
};

/* ---- mistakes ------------------------------------------------------------------------------- */

#define A "dn: CN=a,DC=x\n"

#define NOT_BASE64 "what stands after :: is no base64; was the file cut or mended by hand?\n"
#define NO_RECORD                                                                                  \
	"a record begins with dn: and this one does not; is a blank line in the middle of an "     \
	"entry?\n"
#define NO_NAME "what stands before the colon is no name of an attribute\n"
#define NO_COLON                                                                                   \
	"there is no \"name: value\" in this line; a line that goes on with the one above it "     \
	"starts with a blank\n"
#define NO_DN "this is no DN; write it as CN=John Evans,OU=Staff,DC=contoso,DC=com\n"
#define NO_URL                                                                                     \
	"a value in another file (:<) is not read; put the value itself here, as base64 after "    \
	"::\n"
#define NO_CHANGE                                                                                  \
	"this record changes an entry; only whole entries (no changetype, or changetype: add) "    \
	"are read\n"
#define NO_GUID    "this is neither the 16 bytes of a GUID (base64 after ::) nor its text\n"
#define NO_INCLUDE "other files are not read (include:); put their records here\n"
#define NO_UTF8    "this value is not UTF-8; export the file as UTF-8\n"
#define NO_RETURN                                                                                  \
	"a carriage return stands in this line without a line feed after it; end lines with LF "   \
	"or CR LF\n"
#define NO_END                                                                                     \
	"the search that wrote this file did not come to its end, so entries are missing; export " \
	"it again\n"

static const struct row mistakes[] = {
	{ "nothing", "", "a.ldif holds no entries; did the export come to its end?\n" },
	{ "comments alone", "# a\n\n# b\n",
	  "a.ldif holds no entries; did the export come to its end?\n" },
	{ "version 2", "version: 2\n\n" A, "a.ldif:1: only version 1 of LDIF is known\n" },
	{ "no dn", "objectClass: user\nmail: a\n", "a.ldif:1: " NO_RECORD },
	{ "a blank line in an entry", A "mail: a\n\nmailNickname: a\n", "a.ldif:4: " NO_RECORD },
	{ "a DN that is none", "\n# x\ndn: John Evans\n", "a.ldif:3: " NO_DN },
	{ "a DN in another syntax", "dn: CN=\"a,b\";DC=x;\n", "a.ldif:1: " NO_DN },
	{ "a DN that is not UTF-8", "dn:: Q049/yxEQz14\n",
	  "a.ldif:1: this DN is not UTF-8; export the file as UTF-8\n" },
	{ "a DN with a NUL", "dn:: Q049YQBiLERDPXg=\n",
	  "a.ldif:1: this DN is not UTF-8; export the file as UTF-8\n" },
	{ "two DNs in one record", A "mail: a\n   \ndn: CN=b,DC=x\n",
	  "a.ldif:4: here is a second dn: in one record; a blank line stands between two\n" },
	{ "one DN twice", A "mail: a\n\nDN: cn=A, dc=X\nmail: b\n",
	  "a.ldif:4: line 1 has an entry with this DN already; leave one of them\n" },
	{ "one GUID twice", A GUID_A "\ndn: CN=b,DC=x\nentryUUID: " TEXT_A "\n",
	  "a.ldif:4: the entry of line 1 has the same objectGUID or entryUUID; leave the newer "
	  "one of them\n" },
	{ "two GUIDs in one entry", A GUID_A "objectGUID:: AAAAAAAAAAAAAAAAAAAAAQ==\n",
	  "a.ldif:3: an entry has this identifier once; here is a second\n" },
	{ "a GUID that is none", A "mail: a\nobjectGUID: 1111\n", "a.ldif:3: " NO_GUID },
	{ "a GUID that is too long", A "objectGUID:: ERERESIiMzNERFVVVVVVVVU=\n",
	  "a.ldif:2: " NO_GUID },
	{ "a mailbox GUID that is none", A "msExchMailboxGuid: x\n", "a.ldif:2: " NO_GUID },
	{ "a SID that is none", A "objectSid: S-1-x\n",
	  "a.ldif:2: this is no SID; write its bytes as base64 after ::\n" },
	{ "base64 with a letter that is none", A "mail:: YU!i\n", "a.ldif:2: " NOT_BASE64 },
	{ "base64 that was cut", A "mail: m\nthumbnailPhoto:: YUB\n", "a.ldif:3: " NOT_BASE64 },
	{ "base64 with something behind it", A "mail:: YQ==YQ==\n", "a.ldif:2: " NOT_BASE64 },
	{ "base64 with a blank", A "mail:: YUBi YUBi\n", "a.ldif:2: " NOT_BASE64 },
	{ "base64 of padding", A "mail:: Y===\n", "a.ldif:2: " NOT_BASE64 },
	{ "no colon", A "mail a\n", "a.ldif:2: " NO_COLON },
	{ "a folded line without its blank", A "mail: a@contoso\n.com\n", "a.ldif:3: " NO_COLON },
	{ "a blank before the colon", A "mail : a\n", "a.ldif:2: " NO_NAME },
	{ "no name", A ": a\n", "a.ldif:2: " NO_NAME },
	{ "a tab before the name", A "\tmail: a\n",
	  "a.ldif:2: this line starts with a tab; a line that goes on with the one above it starts "
	  "with a blank\n" },
	{ "a blank before everything", " dn: CN=a,DC=x\n",
	  "a.ldif:1: this line starts with a blank, but there is none above it to go on with\n" },
	{ "a blank behind a blank line", A "\n mail: a\n",
	  "a.ldif:3: this line starts with a blank, but there is none above it to go on with\n" },
	{ "the dash of a change", A "mail: a\n-\n", "a.ldif:3: " NO_COLON },
	{ "changetype: modify", A "changetype: modify\nreplace: mail\nmail: a\n-\n",
	  "a.ldif:2: " NO_CHANGE },
	{ "changetype: delete", A "mail: m\n\ndn: CN=b,DC=x\nchangetype: delete\n",
	  "a.ldif:5: " NO_CHANGE },
	{ "changetype: modrdn in base64", A "changetype:: bW9kcmRu\n", "a.ldif:2: " NO_CHANGE },
	{ "include", "include: file:///etc/passwd\n\n" A, "a.ldif:1: " NO_INCLUDE },
	{ "include in an entry", A "Include: file:///etc/passwd\n", "a.ldif:2: " NO_INCLUDE },
	{ "a URL", A "mail: a\njpegPhoto:< file:///etc/passwd\n", "a.ldif:3: " NO_URL },
	{ "a URL behind a fold", A "mail:\n < file:///etc/passwd\n", "a.ldif:2: " NO_URL },
	{ "a URL for a DN", "dn:< file:///etc/passwd\n", "a.ldif:1: " NO_URL },
	{ "a NUL", A "mail: a\1b\n",
	  "a.ldif:2: a NUL byte stands in this line; was the file cut or damaged?\n" },
	{ "UTF-16",
	  "\xff\xfe"
	  "d\1n\1",
	  "a.ldif:1: this file is UTF-16 (ldifde -u); export or convert it to UTF-8\n" },
	{ "Latin-1", A "displayName: J\374rgen\n", "a.ldif:2: " NO_UTF8 },
	{ "Latin-1 in base64", A "displayName:: SvxyZ2Vu\n", "a.ldif:2: " NO_UTF8 },
	{ "a NUL in a text", A "mail:: YQBi\n", "a.ldif:2: " NO_UTF8 },
	{ "a class that is not UTF-8", A "objectClass: u\377\n", "a.ldif:2: " NO_UTF8 },
	{ "a carriage return in a line", A "mail: a\rb\n", "a.ldif:2: " NO_RETURN },
	{ "two carriage returns at its end", A "mail: a\r\r\n", "a.ldif:2: " NO_RETURN },
	{ "lines that end in a carriage return alone", "dn: CN=a,DC=x\rmail: a\r",
	  "a.ldif:1: " NO_RETURN },
	{ "a search that was cut short", A "mail: a\n\nsearch: 2\nresult: 4 Size limit exceeded\n",
	  "a.ldif:5: " NO_END },
	{ "a search without success, on its own", A "\nresult: 32 No such object\n",
	  "a.ldif:3: " NO_END },
	{ "a result like success", A "\nresult: 01\n", "a.ldif:3: " NO_END },
	{ "the last page is missing",
	  A "\nsearch: 2\nresult: 0 Success\npagedresults: cookie=AQAAAA==\n",
	  "a.ldif:5: pages are missing after this one; export it again, to the end\n" },
	{ "the last page is missing, in a comment",
	  A "\n# pagedresults: estimate=9 cookie=AQAAAA==\n",
	  "a.ldif:3: pages are missing after this one; export it again, to the end\n" },
	{ "names alone", A "objectClass:\nmail:\n",
	  "a.ldif:2: this line has no value; export values too, not names alone (ldapsearch "
	  "-A)\n" },
	{ "classes in part", A "objectClass;range=0-1: top\n",
	  "a.ldif:2: the server gave only a part of these values; export all of them\n" },
};

static int run(const char *name, const struct row *rows, size_t n) {
	struct CMUnitTest tests[64] = { 0 };

	assert_true(n <= ARRAY_SIZE(tests));
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = read_row,
			                        .initial_state = (void *)&rows[i] };
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

/* ---- files ---------------------------------------------------------------------------------- */

static char *begin_error(struct folder *f, const char *path, bool write, enum err code) {
	struct directory *d = directory_at(f, path, NULL, NULL);
	struct error err = { 0 };

	assert_int_equal(directory_begin(d, write, &err), code);
	directory_end(d);
	directory_free(d);
	return arena_strdup(f->arena, err.text);
}

static void no_file(void **state) {
	struct folder f;

	(void)state;
	folder_make(&f);
	char *path = folder_path(&f, "none");
	char *expect = arena_printf(f.arena, "cannot read %s: No such file or directory", path);
	assert_string_equal(begin_error(&f, path, false, ERR_IO), expect);
	assert_string_equal(begin_error(&f, path, true, ERR_IO), expect);
	assert_string_equal(folder_list(&f), "");
	folder_remove(&f);
}

static void no_regular_file(void **state) {
	struct folder f;

	(void)state;
	folder_make(&f);
	assert_string_equal(begin_error(&f, f.path, false, ERR_INVALID),
	                    arena_printf(f.arena, "%s is a folder; name an LDIF file", f.path));
	char *path = folder_path(&f, "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_string_equal(
	        begin_error(&f, path, false, ERR_INVALID),
	        arena_printf(f.arena, "%s is no regular file; name an LDIF file", path));
	folder_remove(&f);
}

static void too_large(void **state) {
	struct folder f;

	(void)state;
	folder_make(&f);
	char *path = folder_put(&f, "a", "dn: CN=a\n");
	assert_int_equal(truncate(path, (off_t)1 << 31), 0);
	assert_string_equal(
	        begin_error(&f, path, false, ERR_INVALID),
	        arena_printf(f.arena, "%s is larger than 2 GiB; export fewer attributes or objects",
	                     path));
	folder_remove(&f);
}

/* A mistake is told by the name that the user gave, and leaves nothing begun. */
static void error_names_the_path(void **state) {
	struct folder f;

	(void)state;
	folder_make(&f);
	char *path = folder_put(&f, "a", "dn: CN=a\nx\n");
	char *link = folder_path(&f, "link");
	assert_int_equal(symlink(path, link), 0);
	char *expect = arena_printf(f.arena, "%s:2: " NO_COLON, link);
	expect[strlen(expect) - 1] = '\0';
	assert_string_equal(begin_error(&f, link, false, ERR_INVALID), expect);
	assert_string_equal(begin_error(&f, link, true, ERR_INVALID), expect);
	assert_string_equal(begin_error(&f, link, true, ERR_INVALID), expect);
	folder_remove(&f);
}

int main(void) {
	const struct CMUnitTest files[] = {
		cmocka_unit_test(no_file),
		cmocka_unit_test(no_regular_file),
		cmocka_unit_test(too_large),
		cmocka_unit_test(error_names_the_path),
	};

	return run("forms", forms, ARRAY_SIZE(forms)) + run("values", values, ARRAY_SIZE(values)) +
	       run("ranges", ranges, ARRAY_SIZE(ranges)) + run("kinds", kinds, ARRAY_SIZE(kinds)) +
	       run("mistakes", mistakes, ARRAY_SIZE(mistakes)) +
	       cmocka_run_group_tests_name("files", files, NULL, NULL);
}
