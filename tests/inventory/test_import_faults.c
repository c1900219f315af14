/* Every line that is wrong is told with its place, and nothing of its file is taken in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "tests/test.h"

#define H    "DisplayName,MailboxGuid,LegacyDN,Database"
#define G1   "11111111-0000-4000-8000-000000000001"
#define G2   "22222222-0000-4000-8000-000000000002"
#define GOOD "Bob," G2 ",/o=X,DB1\n"

struct file {
	const char *name;
	const char *bytes;
	size_t len;           /* 0: bytes is a text */
	const char *expected; /* the beginning of each line, all that matters */
};

#define DATE_FORMS                                                                                 \
	"is no date in a form that is read, such as 2026-11-01T12:00:00Z, 2026-11-01 12:00:00, "   \
	"11/1/2026 3:05:02 PM or 01.11.2026 15:05:02; $date.ToUniversalTime().ToString('u') "      \
	"writes one [date-invalid]\n"

static const struct file rejected[] = {
	{ "nothing", "", 0,
	  "f:0:0: the file has no header line: nothing was exported into it [csv-empty]\n" },
	{ "blank lines alone", "\n \r\n", 0,
	  "f:0:0: the file has no header line: nothing was exported into it [csv-empty]\n" },
	{ "a GUID that is none", H "\n" GOOD "Ann,11111111,/o=X,DB1\n", 0,
	  "f:3:5: MailboxGuid \"11111111\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "a GUID of zeros", H "\nAnn,00000000-0000-0000-0000-000000000000,/o=X,DB1\n", 0,
	  "f:2:5: the GUID is all zeros, which stands for none: no mailbox has it "
	  "[guid-invalid]\n" },
	{ "no GUID", H "\nAnn,,/o=X,DB1\n", 0,
	  "f:2:5: MailboxGuid is empty; without it the row means nothing [field-empty]\n" },
	{ "no database", H "\nAnn," G1 ",/o=X,\n", 0,
	  "f:2:47: Database is empty; without it the row means nothing [field-empty]\n" },
	{ "a day that there is not", H ",DisconnectDate\nAnn," G1 ",/o=X,DB1,2026-02-30 00:00:00\n",
	  0, "f:2:51: DisconnectDate \"2026-02-30 00:00:00\" " DATE_FORMS },
	{ "a reason that there is not", H ",DisconnectReason\nAnn," G1 ",/o=X,DB1,Gone\n", 0,
	  "f:2:51: DisconnectReason \"Gone\" is neither Disabled nor SoftDeleted, nor empty "
	  "[reason-invalid]\n" },
	{ "a boolean that is none", H ",IsArchiveMailbox\nAnn," G1 ",/o=X,DB1,yes\n", 0,
	  "f:2:51: IsArchiveMailbox \"yes\" is neither True nor False [boolean-invalid]\n" },
	{ "a count that is none", H ",ItemCount\nAnn," G1 ",/o=X,DB1,4.5\n", 0,
	  "f:2:51: ItemCount \"4.5\" is no whole number [number-invalid]\n" },
	{ "a count beyond all numbers", H ",ItemCount\nAnn," G1 ",/o=X,DB1,99999999999999999999\n",
	  0, "f:2:51: ItemCount \"99999999999999999999\" is no whole number [number-invalid]\n" },
	{ "a size without its bytes", H ",TotalItemSize\nAnn," G1 ",/o=X,DB1,1.2 GB\n", 0,
	  "f:2:51: TotalItemSize \"1.2 GB\" is no size such as 1.2 GB (1,288,490,188 bytes) "
	  "[size-invalid]\n" },
	{ "an owner that is none", H ",OwnerADGuid\nAnn," G1 ",/o=X,DB1,ann\n", 0,
	  "f:2:51: OwnerADGuid \"ann\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "a row twice", H "\nAnn," G1 ",/o=X,DB1\n" GOOD "Ann," G1 ",/o=X,db1\n", 0,
	  "f:4:5: this mailbox of db1 stands on line 2 already [row-twice]\n" },
	{ "a database by an unknown GUID", H "\nAnn," G1 ",/o=X," G2 "\n", 0,
	  "f:2:47: \"" G2 "\" is no database that the store knows; import the output of "
	  "Get-MailboxDatabase first, or give its name [database-unknown]\n" },
	{ "a database by an unknown DN", H "\nAnn," G1 ",/o=X,\"CN=DB1,DC=contoso,DC=com\"\n", 0,
	  "f:2:47: \"CN=DB1,DC=contoso,DC=com\" is no database that the store knows; import the "
	  "output of Get-MailboxDatabase first, or give its name [database-unknown]\n" },
	{ "too few fields", H "\nAnn," G1 ",/o=X\n" GOOD, 0,
	  "f:2:0: this line has 3 fields and the header 4 [csv-fields]\n" },
	{ "too many fields", H "\n" GOOD "Ann," G1 ",/o=X,DB1,\n", 0,
	  "f:3:0: this line has 5 fields and the header 4 [csv-fields]\n" },
	{ "a quote in a field", H "\nAn\"n," G1 ",/o=X,DB1\n" GOOD, 0,
	  "f:2:1: there is a quote inside this field: a field with quotes stands in quotes, and "
	  "its own are doubled [csv-quote]\n" },
	{ "a quote that is not doubled", H "\n\"Evans \"J\"\"," G1 ",/o=X,DB1\nAnn,x,/o=X,DB1\n", 0,
	  "f:2:1: there is a quote inside this field: a field with quotes stands in quotes, and "
	  "its own are doubled [csv-quote]\n"
	  "f:3:5: MailboxGuid \"x\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "a quote that is not closed", H "\n" GOOD "Ann,\"" G1 ",/o=X,DB1\nCid,x,/o=X,DB1\n", 0,
	  "f:3:5: a quoted field begins here and is not closed [csv-quote]\n"
	  "f:4:5: MailboxGuid \"x\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "line breaks in quotes are lines",
	  H "\n\"Bob\n\nJr\"," G2 ",/o=X,DB1\n\nAnn,\"x\ny\",/o=X,DB1\n\"Cid\nJr\",z,,DB1\n", 0,
	  "f:6:5: MailboxGuid \"x\ny\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n"
	  "f:8:0: MailboxGuid \"z\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "columns are counted in characters", H "\nJ\xc3\xbcrg,x,/o=X,DB1\n", 0,
	  "f:2:6: MailboxGuid \"x\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "a NUL byte", H "\nAn\0n," G1 ",/o=X,DB1\n" GOOD,
	  sizeof(H "\nAn\0n," G1 ",/o=X,DB1\n" GOOD) - 1,
	  "f:2:0: there is a NUL byte at column 3: this is no text; export it with `-Encoding "
	  "UTF8` [csv-nul]\n" },
	{ "bytes of another encoding",
	  H "\nJ\xfcrgen F\xfcr," G1 ",/o=X,DB1\n" GOOD "J\xfcrg,x,/o=X,DB1\n", 0,
	  "f:2:0: the byte at column 2 is not UTF-8; export it with `-Encoding UTF8` [csv-utf8]\n"
	  "f:4:0: the byte at column 2 is not UTF-8; export it with `-Encoding UTF8` [csv-utf8]\n"
	  "f:4:6: MailboxGuid \"x\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" },
	{ "half a UTF-16 character",
	  "\xff\xfe"
	  "a\0\n\0\x3d\xd8"
	  "b\0",
	  10,
	  "f:2:0: there is half a character here, so the file is no UTF-16; export it with "
	  "`-Encoding UTF8` [csv-encoding]\n" },
	{ "an odd number of bytes",
	  "\xff\xfe"
	  "a\0b",
	  5,
	  "f:1:0: the file ends within a character: UTF-16 has two bytes for each; export it again "
	  "[csv-encoding]\n" },
	{ "UTF-16 the other way round", "\xfe\xff\0a", 4,
	  "f:0:0: the file is UTF-16 with the high byte first, which is not read; export it with "
	  "`-Encoding UTF8` [csv-encoding]\n" },
	{ "a column twice", H ",database\nAnn," G1 ",/o=X,DB1,DB2\n", 0,
	  "f:1:43: the column database stands here a second time [column-twice]\n" },
	{ "a column too few", "#TYPE x\nDisplayName,ExchangeGuid,Alias\n", 0,
	  "f:2:0: the file lacks LegacyDN, Database; its columns are "
	  "DisplayName,ExchangeGuid,Alias; the right ones come from `Get-MailboxStatistics "
	  "-Database NAME | Select-Object "
	  "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,DisconnectReason,"
	  "IsArchiveMailbox,ItemCount,TotalItemSize,LastLogonTime,ServerName,OwnerADGuid,"
	  "MailboxTypeDetail,IsMoveDestination | Export-Csv FILE -NoTypeInformation -Encoding "
	  "UTF8` [columns-missing]\n" },
	{ "a database's column too few", "Guid,MailboxRetention\n", 0,
	  "f:1:0: the file lacks Name; its columns are Guid,MailboxRetention; the right ones come "
	  "from `Get-MailboxDatabase | Select-Object "
	  "Name,Guid,DistinguishedName,Server,MailboxRetention | Export-Csv FILE "
	  "-NoTypeInformation -Encoding UTF8` [columns-missing]\n" },
	{ "neither of the two", "Alias\tName\nann\tAnn\n", 0,
	  "f:1:0: the file is neither of mailboxes (DisplayName,MailboxGuid,LegacyDN,Database) nor "
	  "of databases (Name,Guid); its columns are Alias\tName; the right ones come from "
	  "`Get-MailboxStatistics -Database NAME | Select-Object "
	  "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,DisconnectReason,"
	  "IsArchiveMailbox,ItemCount,TotalItemSize,LastLogonTime,ServerName,OwnerADGuid,"
	  "MailboxTypeDetail,IsMoveDestination | Export-Csv FILE -NoTypeInformation -Encoding "
	  "UTF8`, or `Get-MailboxDatabase | Select-Object "
	  "Name,Guid,DistinguishedName,Server,MailboxRetention | Export-Csv FILE "
	  "-NoTypeInformation -Encoding UTF8` [columns-unknown]\n" },
	{ "names and GUIDs of mailboxes are no databases", "Name,Guid\nAnn," G1 "\n", 0,
	  "f:1:0: the file is neither of mailboxes" },
	{ "a quote in the header", "Display\"Name,MailboxGuid\n", 0,
	  "f:1:1: there is a quote inside this field: a field with quotes stands in quotes, and "
	  "its own are doubled [csv-quote]\n" },
	{ "a retention that is none", "Name,Guid,MailboxRetention\nDB1," G1 ",30\n", 0,
	  "f:2:42: MailboxRetention \"30\" is no length of time such as 30.00:00:00 (30 days) "
	  "[retention-invalid]\n" },
	{ "a retention of 25 hours", "Name,Guid,MailboxRetention\nDB1," G1 ",1.25:00:00\n", 0,
	  "f:2:42: MailboxRetention \"1.25:00:00\" is no length of time such as 30.00:00:00 (30 "
	  "days) [retention-invalid]\n" },
	{ "a database's DN that is none", "Name,Guid,DistinguishedName\nDB1," G1 ",DB1\n", 0,
	  "f:2:42: DistinguishedName \"DB1\" is no distinguished name [dn-invalid]\n" },
	{ "a database twice", "Name,Guid,Server\nDB1," G1 ",\nDB2," G1 ",\n", 0,
	  "f:3:5: this database stands on line 2 already [row-twice]\n" },
	{ "a database without a name", "Name,Guid,Server\n," G1 ",\n", 0,
	  "f:2:1: Name is empty; without it the row means nothing [field-empty]\n" },
	{ "two faults of one row", H ",ItemCount,IsArchiveMailbox\nAnn," G1 ",/o=X,DB1,a,b\n", 0,
	  "f:2:51: ItemCount \"a\" is no whole number [number-invalid]\n"
	  "f:2:53: IsArchiveMailbox \"b\" is neither True nor False [boolean-invalid]\n" },
};

static void test_rejected(void **state) {
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rejected); i++) {
		const struct file *c = rejected + i;
		size_t len = c->len ? c->len : strlen(c->bytes);
		struct fixture f;
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		/* Bytes of exactly that length, so that a read beyond them is seen. */
		char *bytes = malloc(len ? len : 1);
		memcpy(bytes, c->bytes, len);
		const char *said = fixture_import(&f, "f", bytes, len, NOW);
		free(bytes);
		if (!strchr(c->expected, '\n'))
			said = arena_copy(f.arena, said, strlen(c->expected));
		failures += differs(c->name, said, c->expected);
		failures += differs("nothing of it is taken in", fixture_list(&f), "");
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* One diagnostic as it is printed: with the line of the file under it. */
static void test_line_is_shown(void **state) {
	static const char bytes[] = H "\n\"Bob\n\nJr\"," G2 ",/o=X,DB1\nAnn,x,/o=X,DB1\n";
	struct import_report report;
	struct error err = { 0 };
	struct buf out = { 0 };
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	struct diags diags = { .arena = f.arena };
	assert_int_equal(inventory_import(f.inv, "hq.csv", bytes, sizeof(bytes) - 1,
	                                  &(struct import_options){ .now = NOW }, &report, &diags,
	                                  &err),
	                 ERR_INVALID);
	assert_string_equal(err.text, "hq.csv was not taken in: 1 error");
	diags_print(&diags, &out);
	assert_string_equal(out.data, "hq.csv:5:5: error: MailboxGuid \"x\" is no GUID such as "
	                              "6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 [guid-invalid]\n"
	                              "   5 | Ann,x,/o=X,DB1\n"
	                              "     |     ^\n");
	buf_done(&out);
	fixture_done(&f);
}

/* ---- a store that came to nothing ---- */

static bool is_there(const struct fixture *f) {
	return access(f->path, F_OK) == 0;
}

static void test_unused(void **state) {
	static const char databases[] = "Name,Guid,Server\nDB1,11111111-0000-4000-8000-"
	                                "000000000001,EX01\n";
	struct run run = { .started = NOW, .mode = "apply", .revision = "", .digest = "d" };
	struct error err = { 0 };
	struct fixture f;
	int64_t id;

	(void)state;
	assert_null(inventory_close_unused(NULL));
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_true(*fixture_import(&f, "f", "x", 1, NOW) == 'f');
	f.inv = inventory_close_unused(f.inv);
	assert_string_equal(fixture_files(&f), "");
	/* One that was there stays, though it is as empty. */
	fixture_open(&f, INVENTORY_WRITE);
	fixture_open(&f, INVENTORY_WRITE);
	f.inv = inventory_close_unused(f.inv);
	assert_true(is_there(&f));
	assert_int_equal(unlink(f.path), 0);
	fixture_open(&f, INVENTORY_WRITE);
	assert_true(*fixture_import(&f, "f", databases, sizeof(databases) - 1, NOW) == 'd');
	f.inv = inventory_close_unused(f.inv);
	assert_true(is_there(&f));
	assert_int_equal(unlink(f.path), 0);
	fixture_open(&f, INVENTORY_WRITE);
	assert_int_equal(inventory_run_begin(f.inv, &run, &id, &err), OK);
	f.inv = inventory_close_unused(f.inv);
	assert_true(is_there(&f));
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_rejected),
		cmocka_unit_test(test_line_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
