/* What the LDIF back-end reads: LDIF in, entries out. */
#include "tests/directory/reading.h"
#include "tests/test.h"

#define GUID_A  "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
#define TEXT_A  "11111111-2222-3333-4444-555555555555"
#define CONTOSO "DC=contoso,DC=com\n"

/* ---- what the tools write ------------------------------------------------------------------- */

static const struct reading forms[] = {
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
	{ "no attribute of ours anywhere", "dn: CN=a,DC=x\n", "1 CN=a,DC=x\nbase DC=x\n" },
	{ "blank lines everywhere", "\n\n\ndn: CN=a,DC=x\nmail: a\n\n\r\n\ndn: CN=b,DC=x\n\n\n",
	  "4 CN=a,DC=x\n  mail: a\n9 CN=b,DC=x\nbase DC=x\n" },
	{ "rulers of dashes",
	  "-----\ndn: CN=a,DC=x\nmail: a\n----------\ndn: CN=b,DC=x\nmail: b\n---\n",
	  "2 CN=a,DC=x\n  mail: a\n5 CN=b,DC=x\n  mail: b\nbase DC=x\n" },
};

/* ---- values --------------------------------------------------------------------------------- */

static const struct reading values[] = {
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

static const struct reading ranges[] = {
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
	{ "a range that is none, and the rest",
	  "dn: CN=a,DC=x\nproxyAddresses;range=all: a\nproxyAddresses;range=1-*: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: b\n  proxyAddresses: (part)\n"
	  "base DC=x\n" },
	{ "a range without its last number, and the rest",
	  "dn: CN=a,DC=x\nproxyAddresses;range=0-x: a\nproxyAddresses;range=1-*: b\n",
	  "1 CN=a,DC=x\n  proxyAddresses: a\n  proxyAddresses: b\n  proxyAddresses: (part)\n"
	  "base DC=x\n" },
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

static const struct reading kinds[] = {
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
	{ "a base that libldap cannot write", "dn: CN=a,DC=# x\nmail: a\n",
	  "1 CN=a,DC=# x\n  mail: a\nbase dc=\n" },
	{ "DC is not always a domain", "dn: DC=host+CN=x,DC=a,CN=b\\,DC=c,DC=com\nmail: a\n",
	  "1 DC=host+CN=x,DC=a,CN=b\\,DC=c,DC=com\n  mail: a\nbase DC=com\n" },
};

int main(void) {
	return reading_run("forms", forms, ARRAY_SIZE(forms)) +
	       reading_run("values", values, ARRAY_SIZE(values)) +
	       reading_run("ranges", ranges, ARRAY_SIZE(ranges)) +
	       reading_run("kinds", kinds, ARRAY_SIZE(kinds));
}
