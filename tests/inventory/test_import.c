/* What a first import makes of one file, and what it refuses. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "tests/test.h"

#define H  "DisplayName,MailboxGuid,LegacyDN,Database"
#define HD H ",DisconnectDate,DisconnectReason"
#define G1 "11111111-0000-4000-8000-000000000001"
#define G2 "22222222-0000-4000-8000-000000000002"
#define DB "DB1 | 30d | imported 2026-11-01T00:00:00Z\n"

struct file {
	const char *name;
	const char *bytes;
	size_t len; /* 0: bytes is a text */
	const char *expected;
};

static const struct file taken[] = {
	{ "connected: no date", H "\nAnn," G1 ",/o=X/cn=ann,DB1\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X/cn=ann | connected\n" },
	{ "disabled: date and reason",
	  HD "\nAnn," G1 ",/o=X,DB1,2026-10-01T12:00:00+02:00,Disabled\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | disabled 2026-10-01T10:00:00Z\n" },
	{ "disabled: a date alone", HD "\nAnn," G1 ",/o=X,DB1,2026-10-01 12:00:00,\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | disabled 2026-10-01T12:00:00Z\n" },
	{ "a reason without a date is connected", HD "\nAnn," G1 ",/o=X,DB1,,Disabled\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | connected\n" },
	{ "soft-deleted with a date",
	  HD "\nAnn," G1 ",/o=X,DB1,2026-10-01T12:00:00.123Z,softdeleted\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | softDeleted 2026-10-01T12:00:00Z\n" },
	{ "soft-deleted without one", HD "\nAnn," G1 ",/o=X,DB1,,SoftDeleted\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | softDeleted\n" },
	{ "soft-deleted in a file without dates",
	  H ",DisconnectReason\nAnn," G1 ",/o=X,DB1,SoftDeleted\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | softDeleted\n" },
	{ "the other names, in any order and case",
	  "legacyexchangedn;DATABASENAME;Whatever;exchangeguid;displayname\n/o=X;DB1;;{" G1
	  "};Ann\n",
	  0, "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | connected\n" },
	{ "Database before DatabaseName, unless it is empty",
	  "DisplayName,MailboxGuid,LegacyDN,DatabaseName,Database\nAnn," G1 ",,DB2,DB1\nBob," G2
	  ",,DB1,\n",
	  0,
	  "+2 ~0 =0 -0\n" DB "  Ann | 11111111 |  | connected\n"
	  "  Bob | 22222222 |  | connected\n" },
	{ "everything else",
	  H ",IsArchiveMailbox,ItemCount,TotalItemSize,LastLogonTime,ServerName,OwnerADGuid,"
	    "MailboxTypeDetail,IsMoveDestination\n"
	    "Ann," G1
	    ",/o=X,DB1,True,42,\"1.2 GB (1,288,490,188 bytes)\",2026-10-30T08:00:00Z,EX01," G2
	    ",UserMailbox,TRUE\n",
	  0,
	  "+1 ~0 =0 -0\nDB1 | on EX01 | 30d | imported 2026-11-01T00:00:00Z\n"
	  "  Ann | 11111111 | /o=X | archive | connected | owner 22222222 | UserMailbox | move\n" },
	{ "everything else, empty",
	  H ",IsArchiveMailbox,ItemCount,TotalItemSize,LastLogonTime,ServerName,OwnerADGuid,"
	    "MailboxTypeDetail,IsMoveDestination\nAnn," G1 ",/o=X,DB1,,,,,,,,\n",
	  0, "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | connected\n" },
	{ "an owner of zeros is none",
	  H ",OwnerADGuid\nAnn," G1 ",/o=X,DB1,00000000-0000-0000-0000-000000000000\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | connected\n" },
	{ "#TYPE, quotes, CRLF, blank lines, a comma, a line break, no end of line",
	  "#TYPE "
	  "Microsoft.Exchange\r\n\r\n\"DisplayName\",\"MailboxGuid\",\"LegacyDN\",\"Database\""
	  "\r\n\"Evans, \"\"J\"\"\r\nJr\",\"" G1 "\",\"/o=X\",\"DB1\"\r\n  \r\n\"Bob\",\"" G2
	  "\",\"/o=Y\",\"DB1\"",
	  0,
	  "+2 ~0 =0 -0\n" DB "  Bob | 22222222 | /o=Y | connected\n"
	  "  Evans, \"J\"\r\nJr | 11111111 | /o=X | connected\n" },
	{ "UTF-8 with BOM", "\xef\xbb\xbf" H "\nJ\xc3\xbcrgen," G1 ",/o=X,DB1\n", 0,
	  "+1 ~0 =0 -0\n" DB "  J\xc3\xbcrgen | 11111111 | /o=X | connected\n" },
	{ "UTF-8 without BOM, right to left", H "\n\xd7\x93\xd7\xa0," G1 ",/o=X,DB1\n", 0,
	  "+1 ~0 =0 -0\n" DB "  \xd7\x93\xd7\xa0 | 11111111 | /o=X | connected\n" },
	{ "blanks round what is no name",
	  HD "\nAnn,\" " G1 " \",/o=X,DB1,\" 2026-10-01 12:00:00 \",\n", 0,
	  "+1 ~0 =0 -0\n" DB "  Ann | 11111111 | /o=X | disabled 2026-10-01T12:00:00Z\n" },
	{ "a database by another case is the same", H "\nAnn," G1 ",,DB1\nBob," G2 ",,db1\n", 0,
	  "+2 ~0 =0 -0\n" DB "  Ann | 11111111 |  | connected\n"
	  "  Bob | 22222222 |  | connected\n" },
	{ "one GUID in two databases, as during a move", H "\nAnn," G1 ",,DB1\nAnn," G1 ",,DB2\n",
	  0,
	  "+2 ~0 =0 -0\n" DB "  Ann | 11111111 |  | connected\n"
	  "DB2 | 30d | imported 2026-11-01T00:00:00Z\n  Ann | 11111111 |  | connected\n" },
	{ "databases",
	  "Name,Guid,DistinguishedName,Server,MailboxRetention\nDB1," G1
	  ",\"CN=DB1,DC=contoso,DC=com\",EX01,14.12:30:00\nDB2," G2 ",,,23:00:00.5000000\n",
	  0,
	  "databases +2 ~0 =0 -0\nDB1 | 11111111 | CN=DB1,DC=contoso,DC=com | on EX01 | 14d 12h\n"
	  "DB2 | 22222222 | 23h\n" },
	{ "databases without their retention", "Guid;Server;Name\n" G1 ";EX01;DB1\n", 0,
	  "databases +1 ~0 =0 -0\nDB1 | 11111111 | on EX01 | 30d\n" },
	{ "a header and nothing else", H "\n", 0, "+0 ~0 =0 -0\n" },
};

static const char *run(struct fixture *f, const struct file *c) {
	size_t len = c->len ? c->len : strlen(c->bytes);
	const char *said = fixture_import(f, "f.csv", c->bytes, len, NOW);

	return arena_printf(f->arena, "%s%s", said, fixture_list(f));
}

static void run_all(const struct file *files, size_t n) {
	int failures = 0;

	for (size_t i = 0; i < n; i++) {
		struct fixture f;
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		failures += differs(files[i].name, run(&f, files + i), files[i].expected);
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

static void test_taken(void **state) {
	(void)state;
	run_all(taken, ARRAY_SIZE(taken));
}

static void test_utf16(void **state) {
	static const char text[] = H "\nJ\xfcrgen \x80," G1 ",/o=X,DB1\n";
	char bytes[2 * sizeof(text) + 4] = "\xff\xfe";
	size_t n = 2;

	(void)state;
	for (const char *p = text; *p; p++) {
		/* One character outside the basic plane, for its two halves. */
		const char *units = (unsigned char)*p == 0x80 ? "\x3d\xd8\x00\xde" : NULL;
		if (units) {
			memcpy(bytes + n, units, 4);
			n += 4;
			continue;
		}
		bytes[n++] = *p;
		bytes[n++] = '\0';
	}
	const struct file file = { "UTF-16LE", bytes, n,
		                   "+1 ~0 =0 -0\n" DB
		                   "  J\xc3\xbcrgen \xf0\x9f\x98\x80 | 11111111 | /o=X | "
		                   "connected\n" };
	run_all(&file, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
