/* What the LDIF back-end does not read: every mistake with its line. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/directory/fixture.h"
#include "tests/directory/reading.h"
#include "tests/test.h"

#define GUID_A "objectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
#define TEXT_A "11111111-2222-3333-4444-555555555555"

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

static const struct reading mistakes[] = {
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

	return reading_run("mistakes", mistakes, ARRAY_SIZE(mistakes)) +
	       cmocka_run_group_tests_name("files", files, NULL, NULL);
}
