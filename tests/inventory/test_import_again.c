/* What a later import changes: added, changed, unchanged, vanished, and what mbxctl connected. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "tests/test.h"

#define H   "DisplayName,MailboxGuid,LegacyDN,Database"
#define HD  H ",DisconnectDate,DisconnectReason\n"
#define G1  "11111111-0000-4000-8000-000000000001"
#define G2  "22222222-0000-4000-8000-000000000002"
#define G9  "99999999-0000-4000-8000-000000000009"
#define ANN HD "Ann," G1 ",/o=X,DB1,2026-10-01T12:00:00Z,Disabled\n"
#define BOB "Bob," G2 ",/o=Y,DB1,,\n"

/*
 * Each step is a file that is imported, the first at NOW and every other a day later; or
 * `connect GUID`, which is what an apply does to the row. What the store says to the files is
 * expected line by line, and then what is in it.
 */
struct story {
	const char *name;
	const char *steps[5];
	const char *expected;
};

#define DB(day) "DB1 | 30d | imported 2026-11-" day "T00:00:00Z\n"
#define ANN_IS  "  Ann | 11111111 | /o=X | "
#define OWNED   " | owner 99999999"

static const struct story stories[] = {
	{ "the same bytes twice",
	  { ANN BOB, ANN BOB },
	  "+2 ~0 =0 -0\n+0 ~0 =2 -0\n" DB("02") ANN_IS
	  "disabled 2026-10-01T12:00:00Z\n  Bob | 22222222 | /o=Y | connected\n" },
	{ "a new row",
	  { ANN, ANN BOB },
	  "+1 ~0 =0 -0\n+1 ~0 =1 -0\n" DB("02") ANN_IS
	  "disabled 2026-10-01T12:00:00Z\n  Bob | 22222222 | /o=Y | connected\n" },
	{ "a changed name",
	  { HD BOB, HD "Rob," G2 ",/o=Y,DB1,,\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("02") "  Rob | 22222222 | /o=Y | connected\n" },
	{ "disabled in the meantime",
	  { HD BOB, HD "Bob," G2 ",/o=Y,DB1,2026-11-01 12:00:00,Disabled\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB(
	          "02") "  Bob | 22222222 | /o=Y | disabled 2026-11-01T12:00:00Z\n" },
	{ "connected by other means",
	  { ANN, HD "Ann," G1 ",/o=X,DB1,,\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("02") ANN_IS "connected\n" },
	{ "vanished: kept, marked, last seen when it was there",
	  { ANN BOB, ANN, ANN },
	  "+2 ~0 =0 -0\n+0 ~0 =1 -1\n+0 ~0 =1 -0\n" DB("03") ANN_IS
	  "disabled 2026-10-01T12:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected | vanished "
	  "2026-11-02T00:00:00Z seen 2026-11-01T00:00:00Z\n" },
	{ "back again is changed",
	  { ANN BOB, ANN, ANN BOB },
	  "+2 ~0 =0 -0\n+0 ~0 =1 -1\n+0 ~1 =1 -0\n" DB("03") ANN_IS
	  "disabled 2026-10-01T12:00:00Z\n  Bob | 22222222 | /o=Y | connected\n" },
	{ "a file says nothing of other databases",
	  { ANN, H "\nBob," G2 ",/o=Y,DB2\n" },
	  "+1 ~0 =0 -0\n+1 ~0 =0 -0\n" DB("01") ANN_IS
	  "disabled 2026-10-01T12:00:00Z\n"
	  "DB2 | 30d | imported 2026-11-02T00:00:00Z\n  Bob | 22222222 | "
	  "/o=Y | connected\n" },
	{ "a column that is not there says nothing",
	  { H ",DisconnectDate,IsArchiveMailbox,OwnerADGuid,MailboxTypeDetail\nAnn," G1
	      ",/o=X,DB1,2026-10-01T12:00:00Z,True," G9 ",UserMailbox\n",
	    H "\nAnn," G1 ",/o=X,DB1\n" },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("02") "  Ann | 11111111 | /o=X | archive | disabled "
	                                        "2026-10-01T12:00:00Z" OWNED " | UserMailbox\n" },
	{ "without the reason a soft-deleted one stays so",
	  { HD "Ann," G1 ",/o=X,DB1,2026-10-01T12:00:00Z,SoftDeleted\n",
	    H ",DisconnectDate\nAnn," G1 ",/o=X,DB1,2026-10-01T12:00:00Z\n" },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("02") ANN_IS "softDeleted 2026-10-01T12:00:00Z\n" },
	{ "soft-deleted in a file without dates keeps its date",
	  { HD "Ann," G1 ",/o=X,DB1,2026-10-01T12:00:00Z,SoftDeleted\n",
	    H ",DisconnectReason\nAnn," G1 ",/o=X,DB1,SoftDeleted\n" },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("02") ANN_IS "softDeleted 2026-10-01T12:00:00Z\n" },
	{ "an owner that is not named stays",
	  { H ",OwnerADGuid\nAnn," G1 ",/o=X,DB1," G9 "\n",
	    H ",OwnerADGuid\nAnn," G1 ",/o=X,DB1,\n" },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("02") ANN_IS "connected" OWNED "\n" },
	{ "but not through a change of state",
	  { H ",OwnerADGuid\nAnn," G1 ",/o=X,DB1," G9 "\n", ANN },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("02") ANN_IS "disabled 2026-10-01T12:00:00Z\n" },
	{ "a rejected file changes nothing",
	  { ANN, HD "Ann," G1 ",/o=X,DB1,,\nBob,x,,DB1,,\n" },
	  "+1 ~0 =0 -0\n"
	  "f:3:5: MailboxGuid \"x\" is no GUID such as 6e7d3f0a-1b2c-4d5e-8f90-a1b2c3d4e5f6 "
	  "[guid-invalid]\n" DB("01") ANN_IS "disabled 2026-10-01T12:00:00Z\n" },

	/* ---- after a connect ---- */
	{ "connected: unconfirmed, with the date it had",
	  { ANN, "connect " G1 },
	  "+1 ~0 =0 -0\n" DB("01") ANN_IS "connected | kept 2026-10-01T12:00:00Z" OWNED "\n" },
	{ "connected: the owner is the user, whoever it was before",
	  { H ",DisconnectDate,OwnerADGuid\nAnn," G1 ",/o=X,DB1,2026-10-01T12:00:00Z," G2 "\n",
	    "connect " G1 },
	  "+1 ~0 =0 -0\n" DB("01") ANN_IS "connected | kept 2026-10-01T12:00:00Z" OWNED "\n" },
	{ "the same date leaves it so",
	  { ANN, "connect " G1, ANN },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("03") ANN_IS "connected | kept 2026-10-01T12:00:00Z" OWNED
	                                               "\n" },
	{ "no date confirms it",
	  { ANN, "connect " G1, HD "Ann," G1 ",/o=X,DB1,,\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("03") ANN_IS "connected" OWNED "\n" },
	{ "confirmed once and for all",
	  { ANN, "connect " G1, HD "Ann," G1 ",/o=X,DB1,,\n", HD "Ann," G1 ",/o=X,DB1,,\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n+0 ~0 =1 -0\n" DB("04") ANN_IS "connected" OWNED "\n" },
	{ "another date turns it to what the file says",
	  { ANN, "connect " G1, HD "Ann," G1 ",/o=X,DB1,2026-11-01T00:00:00Z,Disabled\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("03") ANN_IS "disabled 2026-11-01T00:00:00Z\n" },
	{ "soft-deleted without a date, too",
	  { ANN, "connect " G1, HD "Ann," G1 ",/o=X,DB1,,SoftDeleted\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("03") ANN_IS "softDeleted\n" },
	{ "a file without the row says nothing about it",
	  { ANN BOB, "connect " G1, HD BOB },
	  "+2 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("03") ANN_IS "connected | kept 2026-10-01T12:00:00Z" OWNED
	                                               "\n"
	                                               "  Bob | 22222222 | /o=Y | connected\n" },
	{ "a file without dates does not confirm",
	  { ANN, "connect " G1, H "\nAnn," G1 ",/o=X,DB1\n" },
	  "+1 ~0 =0 -0\n+0 ~0 =1 -0\n" DB("03") ANN_IS "connected | kept 2026-10-01T12:00:00Z" OWNED
	                                               "\n" },
	{ "a changed name leaves the old mark",
	  { ANN, "connect " G1, HD "Anna," G1 ",/o=X,DB1,2026-10-01T12:00:00Z,Disabled\n" },
	  "+1 ~0 =0 -0\n+0 ~1 =0 -0\n" DB("03") "  Anna | 11111111 | /o=X | connected | kept "
	                                        "2026-10-01T12:00:00Z" OWNED "\n" },

	/* ---- databases ---- */
	{ "a database file fills what a mailbox file named",
	  { H "\nBob," G2 ",/o=Y,db1\n",
	    "Name,Guid,DistinguishedName,Server,MailboxRetention\nDB1," G1
	    ",CN=DB1,EX01,14.00:00:00\n",
	    "Name,Guid,DistinguishedName,Server,MailboxRetention\nDB1," G1
	    ",CN=DB1,EX01,14.00:00:00\n" },
	  "+1 ~0 =0 -0\ndatabases +0 ~1 =0 -0\ndatabases +0 ~0 =1 -0\n"
	  "DB1 | 11111111 | CN=DB1 | on EX01 | 14d | imported 2026-11-01T00:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected\n" },
	{ "what it does not say stays",
	  { "Name,Guid,DistinguishedName,Server,MailboxRetention\nDB1," G1
	    ",CN=DB1,EX01,14.00:00:00\n",
	    "Name,Guid,Server\nDB1," G1 ",EX02\n" },
	  "databases +1 ~0 =0 -0\ndatabases +0 ~1 =0 -0\nDB1 | 11111111 | CN=DB1 | on EX02 | "
	  "14d\n" },
	{ "a database by its GUID and by its DN",
	  { "Name,Guid,DistinguishedName\nDB1," G1 ",\"CN=DB1,DC=contoso,DC=com\"\n",
	    H "\nAnn," G1 ",,{" G1 "}\nBob," G2 ",,\"cn=db1, dc=contoso, dc=com\"\n" },
	  "databases +1 ~0 =0 -0\n+2 ~0 =0 -0\n"
	  "DB1 | 11111111 | CN=DB1,DC=contoso,DC=com | 30d | imported 2026-11-02T00:00:00Z\n"
	  "  Ann | 11111111 |  | connected\n  Bob | 22222222 |  | connected\n" },
	{ "a renamed database is known by its GUID",
	  { "Name,Guid,Server\nDB1," G1 ",\n", H "\nBob," G2 ",/o=Y,DB1\n",
	    "Name,Guid,Server\nDB2," G1 ",\n" },
	  "databases +1 ~0 =0 -0\n+1 ~0 =0 -0\ndatabases +0 ~1 =0 -0\n"
	  "DB2 | 11111111 | 30d | imported 2026-11-02T00:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected\n" },
	{ "a renamed one that a mailbox file told of first is one again",
	  { "Name,Guid,Server\nDB1," G1 ",\n", H "\nBob," G2 ",/o=Y,DB1\n",
	    H "\nBob," G2 ",/o=Y,DB2\nAnn," G1 ",/o=X,DB2\n", "Name,Guid,Server\nDB2," G1 ",\n",
	    H "\nBob," G2 ",/o=Y,DB2\nAnn," G1 ",/o=X,DB2\n" },
	  "databases +1 ~0 =0 -0\n+1 ~0 =0 -0\n+2 ~0 =0 -0\ndatabases +0 ~1 =0 -0\n+0 ~0 =2 -0\n"
	  "DB2 | 11111111 | 30d | imported 2026-11-05T00:00:00Z\n"
	  "  Ann | 11111111 | /o=X | connected\n  Bob | 22222222 | /o=Y | connected\n" },
	{ "a database made anew under its name",
	  { "Name,Guid,Server\nDB1," G1 ",\n", H "\nBob," G2 ",/o=Y,DB1\n",
	    "Name,Guid,Server\nDB1," G9 ",\n" },
	  "databases +1 ~0 =0 -0\n+1 ~0 =0 -0\ndatabases +0 ~1 =0 -0\n"
	  "DB1 | 99999999 | 30d | imported 2026-11-02T00:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected\n" },
	{ "a new database under the old name of a renamed one",
	  { "Name,Guid,Server\nDB1," G1 ",\n", "Name,Guid,Server\nDB1," G9 ",\nDB2," G1 ",\n" },
	  "databases +1 ~0 =0 -0\ndatabases +1 ~1 =0 -0\n"
	  "DB1 | 99999999 | 30d\nDB2 | 11111111 | 30d\n" },
	{ "two databases of one name, known by GUID and by name",
	  { "Name,Guid,Server\nDB1," G1 ",\n", H "\nBob," G2 ",/o=Y,DB2\n",
	    "Name,Guid,Server\nDB2," G1 ",EX01\nDB2," G9 ",EX02\n" },
	  "databases +1 ~0 =0 -0\n+1 ~0 =0 -0\ndatabases +0 ~2 =0 -0\n"
	  "DB2 | 11111111 | on EX01 | 30d\n"
	  "DB2 | 99999999 | on EX02 | 30d | imported 2026-11-02T00:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected\n" },
	{ "two databases that swap their names",
	  { "Name,Guid,Server\nDB1," G1 ",\nDB2," G2 ",\n",
	    "Name,Guid,Server\nDB2," G1 ",\nDB1," G2 ",\n" },
	  "databases +2 ~0 =0 -0\ndatabases +0 ~2 =0 -0\nDB1 | 22222222 | 30d\nDB2 | 11111111 | "
	  "30d\n" },
	{ "two databases of one name: the server tells, and nothing else",
	  { "Name,Guid,Server\nDB1," G1 ",EX01\nDB1," G2 ",EX02\n",
	    H ",ServerName\nBob," G2 ",/o=Y,DB1,ex02\n", H ",ServerName\nBob," G2 ",/o=Y,DB1,\n" },
	  "databases +2 ~0 =0 -0\n+1 ~0 =0 -0\n"
	  "f:2:47: \"DB1\" is the name of several databases; give its GUID, or the ServerName "
	  "[database-ambiguous]\n"
	  "DB1 | 11111111 | on EX01 | 30d\n"
	  "DB1 | 22222222 | on EX02 | 30d | imported 2026-11-02T00:00:00Z\n"
	  "  Bob | 22222222 | /o=Y | connected\n" },
};

static void tell(struct fixture *f, const struct story *s, struct buf *out) {
	for (size_t i = 0; i < ARRAY_SIZE(s->steps) && s->steps[i]; i++) {
		const char *step = s->steps[i];
		int64_t now = NOW + (int64_t)i * DAY;
		if (strncmp(step, "connect ", 8) == 0)
			(void)fixture_apply(f, fixture_connect(f, step + 8, G9), now);
		else
			buf_puts(out, fixture_import(f, "f", step, strlen(step), now));
	}
	buf_puts(out, fixture_list(f));
}

static void test_stories(void **state) {
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		struct fixture f;
		struct buf out = { 0 };
		fixture_make(&f);
		fixture_open(&f, INVENTORY_WRITE);
		tell(&f, stories + i, &out);
		failures += differs(stories[i].name, out.data, stories[i].expected);
		buf_done(&out);
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

/* The columns that no list shows. */
static void test_columns_kept(void **state) {
	static const char file[] =
	        H ",ItemCount,TotalItemSize,LastLogonTime\nAnn," G1
	          ",/o=X,DB1,42,1.2 GB (1.288.490.188 Bytes),2026-10-30T08:00:00Z\n";
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(&f, "f", file, sizeof(file) - 1, NOW), "+1 ~0 =0 -0\n");
	assert_string_equal(
	        fixture_sql(&f, "SELECT items || ' ' || bytes || ' ' || last_logon FROM mailbox"),
	        "42 1288490188 1793347200\n");
	fixture_done(&f);
}

/* Folded beside the text, so that a look-up need not know the case. */
static void test_folded(void **state) {
	static const char file[] = H "\nSTRA\xc3\x9f"
	                             "E \xc3\x89," G1 ",/O=X,Db1\n";
	struct fixture f;

	(void)state;
	fixture_make(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(&f, "f", file, sizeof(file) - 1, NOW), "+1 ~0 =0 -0\n");
	assert_string_equal(fixture_sql(&f, "SELECT folded_name || '|' || folded_legacy_dn FROM "
	                                    "mailbox UNION ALL SELECT folded_name FROM database"),
	                    "strasse \xc3\xa9|/o=x\ndb1\n");
	fixture_done(&f);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_columns_kept),
		cmocka_unit_test(test_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
