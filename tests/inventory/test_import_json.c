/* What ConvertTo-Json writes, of Windows PowerShell and of PowerShell 7. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "tests/test.h"

#define G1 "11111111-0000-4000-8000-000000000001"
#define G2 "22222222-0000-4000-8000-000000000002"
#define DB "DB1 | 30d | imported 2026-11-01T00:00:00Z\n"
#define ANN                                                                                        \
	"\"DisplayName\":\"Ann\",\"MailboxGuid\":\"" G1 "\",\"LegacyDN\":\"/o=X\","                \
	"\"Database\":\"DB1\""
#define BOB                                                                                        \
	"\"DisplayName\":\"Bob\",\"MailboxGuid\":\"" G2 "\",\"LegacyDN\":\"/o=Y\","                \
	"\"Database\":\"DB1\""
#define ANN_IS "  Ann | 11111111 | /o=X | "
#define BOB_IS "  Bob | 22222222 | /o=Y | "

struct file {
	const char *name, *bytes;
	size_t len; /* 0: bytes is a text */
	const char *expected;
};

static const struct file files[] = {
	{ "a list", "[{" ANN "},\r\n {" BOB "}]\r\n", 0,
	  "+2 ~0 =0 -0\n" DB ANN_IS "connected\n" BOB_IS "connected\n" },
	{ "one object", "\n {" ANN "}", 0, "+1 ~0 =0 -0\n" DB ANN_IS "connected\n" },
	{ "a list that Windows PowerShell wrapped", "{\"value\":[{" ANN "},{" BOB "}],\"Count\":2}",
	  0, "+2 ~0 =0 -0\n" DB ANN_IS "connected\n" BOB_IS "connected\n" },
	{ "UTF-8 with BOM", "\xef\xbb\xbf[{" ANN "}]", 0, "+1 ~0 =0 -0\n" DB ANN_IS "connected\n" },
	{ "UTF-16 with BOM", "\xff\xfe[\0{\0}\0]\0", 10,
	  "f:0:0: the file is neither of mailboxes (DisplayName,MailboxGuid,LegacyDN,Database) nor "
	  "of databases (Name,Guid); its columns are ; the right ones come from "
	  "`Get-MailboxStatistics -Database NAME | Select-Object DisplayName,MailboxGuid,LegacyDN,"
	  "Database,DisconnectDate,DisconnectReason,IsArchiveMailbox,ItemCount,TotalItemSize,"
	  "LastLogonTime,ServerName,OwnerADGuid,MailboxTypeDetail,IsMoveDestination | "
	  "ConvertTo-Json | Out-File FILE -Encoding UTF8`, or `Get-MailboxDatabase | Select-Object "
	  "Name,Guid,DistinguishedName,Server,MailboxRetention | ConvertTo-Json | Out-File FILE "
	  "-Encoding UTF8` [columns-unknown]\n" },
	{ "Windows PowerShell",
	  "[{" ANN ",\"DisconnectDate\":\"\\/Date(1790856000000)\\/\",\"DisconnectReason\":"
	  "\"Disabled\",\"IsArchiveMailbox\":true,\"IsMoveDestination\":false,"
	  "\"OwnerADGuid\":\"" G2 "\",\"MailboxTypeDetail\":\"UserMailbox\",\"LastLogonTime\":null,"
	  "\"ServerName\":\"EX01\"}]",
	  0,
	  "+1 ~0 =0 -0\nDB1 | on EX01 | 30d | imported 2026-11-01T00:00:00Z\n"
	  "  Ann | 11111111 | /o=X | archive | disabled 2026-10-01T12:00:00Z | owner 22222222 | "
	  "UserMailbox\n" },
	{ "PowerShell 7", "[{" ANN ",\"DisconnectDate\":\"2026-10-01T14:00:00.1234567+02:00\"}]", 0,
	  "+1 ~0 =0 -0\n" DB ANN_IS "disabled 2026-10-01T12:00:00Z\n" },
	{ "a date of a locale", "[{" ANN ",\"DisconnectDate\":\"31.10.2026 12:00:00\"}]", 0,
	  "+1 ~0 =0 -0\n" DB ANN_IS "disabled 2026-10-31T12:00:00Z\n" },
	{ "objects for a GUID, a database, a date and a reason",
	  "{\"DisplayName\":\"Ann\",\"MailboxGuid\":{\"Guid\":\"" G1 "\"},\"LegacyDN\":null,"
	  "\"Database\":{\"Rdn\":{\"EscapedName\":\"x\"},\"Guid\":\"" G2 "\",\"Name\":\"DB1\","
	  "\"DistinguishedName\":\"CN=DB1\"},\"OwnerADGuid\":{\"Name\":\"Ann\",\"ObjectGuid\":\"" G2
	  "\"},\"DisconnectDate\":{\"value\":\"\\/Date(1790856000000)\\/"
	  "\",\"DateTime\":\"Thursday\"},"
	  "\"DisconnectReason\":{\"value\":2,\"Value\":\"SoftDeleted\"}}",
	  0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 |  | softDeleted 2026-10-01T12:00:00Z | owner "
	  "22222222\n" },
	{ "members in any order and case, others in between",
	  "[{\"x\":{\"y\":[1]},\"database\":\"DB1\",\"LEGACYDN\":\"/o=X\",\"exchangeguid\":\"{" G1
	  "}\",\"displayname\":\"Ann\"},{" BOB ",\"DisconnectDate\":\"2026-10-01T12:00:00Z\"}]",
	  0, "+2 ~0 =0 -0\n" DB ANN_IS "connected\n" BOB_IS "disabled 2026-10-01T12:00:00Z\n" },
	{ "names that must be escaped",
	  "[{\"DisplayName\":\"J\\u00f6rg \\\"JJ\\\"\\n\\ud83d\\ude00\",\"MailboxGuid\":\"" G1
	  "\",\"LegacyDN\":\"\",\"Database\":\"DB1\"}]",
	  0,
	  "+1 ~0 =0 -0\n" DB "  J\xc3\xb6rg \"JJ\"\n\xf0\x9f\x98\x80 | 11111111 |  | connected\n" },
	{ "databases",
	  "[{\"Name\":\"DB1\",\"Guid\":\"" G1 "\",\"DistinguishedName\":\"CN=DB1\",\"Server\":"
	  "{\"Name\":\"EX01\",\"Guid\":\"" G2 "\"},\"MailboxRetention\":\"14.00:00:00\"},"
	  "{\"Name\":\"DB2\",\"Guid\":{\"Guid\":\"" G2
	  "\"},\"Server\":\"EX01\",\"MailboxRetention\":"
	  "{\"Ticks\":12996000000000,\"Days\":15,\"TotalDays\":15.03}}]",
	  0,
	  "databases +2 ~0 =0 -0\nDB1 | 11111111 | CN=DB1 | on EX01 | 14d\n"
	  "DB2 | 22222222 | on EX01 | 15d 1h\n" },

	/* ---- refused ---- */
	{ "an empty list", "[]", 0,
	  "f:0:0: the list has no records: nothing was exported into it [json-empty]\n" },
	{ "a syntax error", "[{" ANN "},\n {\"DisplayName\": Bob}]", 0,
	  "f:2:20: this is not JSON as ConvertTo-Json writes it: invalid token near 'Bob' "
	  "[json-syntax]\n" },
	{ "cut off", "[{" ANN "},\n", 0,
	  "f:2:0: this is not JSON as ConvertTo-Json writes it: ']' expected near end of file "
	  "[json-syntax]\n" },
	{ "something behind it", "[{" ANN "}]\nx", 0,
	  "f:2:1: this is not JSON as ConvertTo-Json writes it: end of file expected near 'x' "
	  "[json-syntax]\n" },
	{ "a member twice", "[{" ANN ",\"Database\":\"DB2\"}]", 0,
	  "f:1:120: this is not JSON as ConvertTo-Json writes it: duplicate object key near "
	  "'\"Database\"' [json-syntax]\n" },
	{ "a member twice in another case", "[{" BOB "},{" ANN ",\"database\":\"DB2\"}]", 0,
	  "f:0:0: record 2 (Ann): the member Database stands here a second time [column-twice]\n" },
	{ "no object", "[{" ANN "},7,[]]", 0,
	  "f:0:0: record 2: this is no object with members such as DisplayName [json-record]\n"
	  "f:0:0: record 3: this is no object with members such as DisplayName [json-record]\n" },
	{ "bad records, each by number and name",
	  "[{\"DisplayName\":\"Ann\",\"MailboxGuid\":\"x\",\"LegacyDN\":\"\",\"Database\":\"DB1\"},"
	  "{\"DisplayName\":null,\"MailboxGuid\":\"" G2
	  "\",\"LegacyDN\":\"\",\"Database\":null,\"ItemCount\":4.5},{" BOB "},{" BOB "}]",
	  0,
	  "f:0:0: record 1 (Ann): MailboxGuid \"x\" is no GUID such as "
	  "6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 [guid-invalid]\n"
	  "f:0:0: record 2: Database is empty; without it the row means nothing [field-empty]\n"
	  "f:0:0: record 2: ItemCount \"4.5\" is no whole number [number-invalid]\n"
	  "f:0:0: record 4 (Bob): this mailbox of DB1 stands in record 3 already [row-twice]\n" },
	{ "a list for a value, an object for one",
	  "[{" ANN ",\"DisconnectDate\":[1],\"ServerName\":{\"x\":1}}]", 0,
	  "f:0:0: record 1 (Ann): DisconnectDate is a list; a text, a number, or an object with "
	  "Name, Guid, Value or Ticks is read [value-invalid]\n"
	  "f:0:0: record 1 (Ann): ServerName is an object that says nothing; a text, a number, or "
	  "an object with Name, Guid, Value or Ticks is read [value-invalid]\n" },
	{ "a list for what must be said is told once",
	  "[{\"DisplayName\":\"Ann\",\"MailboxGuid\":[\"" G1 "\"],\"LegacyDN\":\"\",\"Database\":"
	  "\"DB1\"}]",
	  0,
	  "f:0:0: record 1 (Ann): MailboxGuid is a list; a text, a number, or an object with Name, "
	  "Guid, Value or Ticks is read [value-invalid]\n" },
	{ "numbers of enumerations", "[{" ANN ",\"DisconnectReason\":2,\"MailboxTypeDetail\":1}]",
	  0,
	  "f:0:0: record 1 (Ann): DisconnectReason \"2\" is a number where the name is needed; "
	  "Export-Csv writes names, and so does ConvertTo-Json -EnumsAsStrings [reason-invalid]\n"
	  "f:0:0: record 1 (Ann): MailboxTypeDetail \"1\" is a number where the name is needed; "
	  "Export-Csv writes names, and so does ConvertTo-Json -EnumsAsStrings "
	  "[type-detail-invalid]\n" },
	{ "a date in doubt", "[{" ANN ",\"DisconnectDate\":\"1/2/2026 0:00:00\"}]", 0,
	  "f:0:0: record 1 (Ann): DisconnectDate \"1/2/2026 0:00:00\" can be read as 2026-02-01 or "
	  "2026-01-02, and no other date of the file says which; --date-order dmy or mdy does "
	  "[date-order]\n" },
	{ "a retention below nothing",
	  "[{\"Name\":\"DB1\",\"Guid\":\"" G1 "\",\"MailboxRetention\":{\"Ticks\":-10000000}}]", 0,
	  "f:0:0: record 1 (DB1): MailboxRetention is an object that says nothing; a text, a "
	  "number, or an object with Name, Guid, Value or Ticks is read [value-invalid]\n" },
	{ "a member that is missing everywhere",
	  "[{\"DisplayName\":\"Ann\",\"MailboxGuid\":\"" G1 "\",\"LegacyDN\":\"/o=X\"}]", 0,
	  "f:0:0: the file lacks Database; its columns are DisplayName,MailboxGuid,LegacyDN; the "
	  "right ones come from `Get-MailboxStatistics -Database NAME | Select-Object DisplayName,"
	  "MailboxGuid,LegacyDN,Database,DisconnectDate,DisconnectReason,IsArchiveMailbox,"
	  "ItemCount,"
	  "TotalItemSize,LastLogonTime,ServerName,OwnerADGuid,MailboxTypeDetail,IsMoveDestination "
	  "| "
	  "ConvertTo-Json | Out-File FILE -Encoding UTF8` [columns-missing]\n" },
	{ "a member that is missing in one", "[{" ANN "},{\"DisplayName\":\"Bob\"}]", 0,
	  "f:0:0: record 2 (Bob): MailboxGuid is empty; without it the row means nothing "
	  "[field-empty]\n"
	  "f:0:0: record 2 (Bob): Database is empty; without it the row means nothing "
	  "[field-empty]\n" },
	{ "bytes of another encoding", "[{" ANN ",\"x\":\"\xfc\"}]", 0,
	  "f:1:0: the byte at column 116 is not UTF-8; export it with `-Encoding UTF8` "
	  "[csv-utf8]\n" },
	{ "a NUL in a name",
	  "[{\"DisplayName\":\"A\\u0000\",\"MailboxGuid\":\"" G1 "\",\"LegacyDN\":\"\"}]", 0,
	  "f:1:25: this is not JSON as ConvertTo-Json writes it: \\u0000 is not allowed without "
	  "JSON_ALLOW_NUL near '\"A\\u0000\"' [json-syntax]\n" },
};

static void test_files(void **state) {
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct file *c = files + i;
		struct fixture f;
		struct buf out = { 0 };
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		buf_puts(&out, fixture_import(&f, "f", c->bytes, c->len ? c->len : strlen(c->bytes),
		                              NOW));
		buf_puts(&out, fixture_list(&f));
		failures += differs(c->name, out.data, c->expected);
		buf_done(&out);
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* The columns that no list shows, in each form that a size has. */
static void test_sizes(void **state) {
	static const struct {
		const char *json, *expected;
	} sizes[] = {
		{ "\"1.2 GB (1,288,490,188 bytes)\"", "1288490188" },
		{ "1288490188", "1288490188" },
		{ "1288490188.0", "1288490188" },
		{ "{\"IsUnlimited\":false,\"Value\":\"1.2 GB (1,288,490,188 bytes)\"}",
		  "1288490188" },
		{ "{\"IsUnlimited\":false,\"Value\":{\"Value\":1288490188}}", "1288490188" },
		{ "{\"IsUnlimited\":true,\"Value\":7}", "" },
		{ "{\"IsUnlimited\":false,\"Value\":{}}", "" },
		{ "null", "" },
	};
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fixture f;
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		const char *file =
		        arena_printf(f.arena, "[{" ANN ",\"ItemCount\":42,\"TotalItemSize\":%s}]",
		                     sizes[i].json);
		const char *got = fixture_import(&f, "f", file, strlen(file), NOW);
		failures += differs(sizes[i].json, got, "+1 ~0 =0 -0\n");
		failures += differs(sizes[i].json,
		                    fixture_sql(&f, "SELECT items || ' ' || coalesce(bytes, '') "
		                                    "FROM mailbox"),
		                    arena_printf(f.arena, "42 %s\n", sizes[i].expected));
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* The same mailboxes as CSV and as JSON are the same. */
static void test_like_csv(void **state) {
	static const char csv[] =
	        "DisplayName,MailboxGuid,LegacyDN,Database,DisconnectDate,IsArchiveMailbox\n"
	        "Ann," G1 ",/o=X,DB1,2026-10-01T12:00:00Z,True\n";
	static const char json[] = "{" ANN ",\"DisconnectDate\":\"\\/Date(1790856000000)\\/\","
	                           "\"IsArchiveMailbox\":true}";
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(&f, "f", csv, sizeof(csv) - 1, NOW), "+1 ~0 =0 -0\n");
	assert_string_equal(fixture_import(&f, "f", json, sizeof(json) - 1, NOW), "+0 ~0 =1 -0\n");
	fixture_done(&f);
}

/* Nothing takes long or deep: brackets by the hundred thousand, members by the million. */
static void test_hostile(void **state) {
	enum { BRACKETS = 100000, MEMBERS = 300000 };
	struct buf out = { 0 };
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	buf_pad(&out, '[', BRACKETS);
	assert_non_null(strstr(fixture_import(&f, "f", out.data, out.len, NOW), "[json-syntax]"));
	out.len = 0;
	buf_puts(&out, "{" ANN);
	for (int i = 0; i < MEMBERS; i++)
		buf_printf(&out, ",\"m%d\":0", i);
	buf_putc(&out, '}');
	assert_string_equal(fixture_import(&f, "f", out.data, out.len, NOW), "+1 ~0 =0 -0\n");
	buf_done(&out);
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_like_csv),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
