#include "spec/alias.h"

#include <string.h>

#include "tests/test.h"

/* Rows from the description of Connect-Mailbox's -Alias, sentence by sentence. */
#define ALLOWED                                                                                    \
	": an alias may hold letters, digits, !#$%&'*+-/=?^_`{|}~, inner periods and U+00A1 to "   \
	"U+00FF"
#define PERIOD "has a period that is not between two other characters"
#define TEN    "0123456789"

static const struct fault_row {
	const char *alias, *fault; /* NULL: it is one */
} faults[] = {
	/* "The maximum length is 64 characters." */
	{ TEN TEN TEN TEN TEN TEN "0123", NULL },
	{ TEN TEN TEN TEN TEN TEN "01234", "is 65 characters long: at most 64 are allowed" },
	{ "\xc3\xb6" TEN TEN TEN TEN TEN TEN "012", NULL },
	{ "\xc3\xb6" TEN TEN TEN TEN TEN TEN "0123",
	  "is 65 characters long: at most 64 are allowed" },
	{ "", "is empty: write one, or leave it out" },
	/* "letters, numbers and the following characters" */
	{ "helpdesk", NULL },
	{ "HelpDesk42", NULL },
	{ "42", NULL },
	{ "!#%*+-/=?^_~", NULL },
	{ "$&'`{}|", NULL },
	{ "what'snew", NULL },
	{ "help desk", "has a blank" ALLOWED },
	{ "help\"desk", "has a double quote" ALLOWED },
	{ "help(desk", "has the character \"(\"" ALLOWED },
	{ "help)desk", "has the character \")\"" ALLOWED },
	{ "help,desk", "has the character \",\"" ALLOWED },
	{ "help:desk", "has the character \":\"" ALLOWED },
	{ "help;desk", "has the character \";\"" ALLOWED },
	{ "help<desk", "has the character \"<\"" ALLOWED },
	{ "help>desk", "has the character \">\"" ALLOWED },
	{ "help[desk", "has the character \"[\"" ALLOWED },
	{ "help\\desk", "has the character \"\\\"" ALLOWED },
	{ "help]desk", "has the character \"]\"" ALLOWED },
	{ "help@contoso.com", "has an @: write the part before it alone, an alias is no address" },
	{ "help\tdesk", "has the character U+0009" ALLOWED },
	{ "help\x7f", "has the character U+007F" ALLOWED },
	/* "Periods (.) must be surrounded by other valid characters (for example, help.desk)." */
	{ "help.desk", NULL },
	{ "h.e.l.p", NULL },
	{ "help..desk", PERIOD },
	{ ".help", PERIOD },
	{ "help.", PERIOD },
	{ ".", PERIOD },
	{ "\xc3\xb6.\xc3\xb6", NULL },
	/* "Unicode characters U+00A1 to U+00FF." */
	{ "\xc2\xa1\xc3\xbf", NULL },
	{ "J\xc3\xb6rg", NULL },
	{ "a\xc2\xa0"
	  "b",
	  "has the character U+00A0" ALLOWED },
	{ "\xc4\x80", "has the character \"\xc4\x80\"" ALLOWED },
	{ "\xe6\x97\xa5", "has the character \"\xe6\x97\xa5\"" ALLOWED },
	{ "jo\xcc\x88rg", "has the character \"\xcc\x88\"" ALLOWED },
	{ "a\xff", "has the character U+FFFD" ALLOWED },
};

static void alias_faults(void **state) {
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		const char *fault = alias_fault(a, faults[i].alias);
		assert_string_equal(fault ? fault : "(none)",
		                    faults[i].fault ? faults[i].fault : "(none)");
	}
	arena_free(a);
}

struct pair {
	const char *from, *to;
};

static void run_pairs(const struct pair *rows, size_t n,
                      char *(*function)(struct arena *a, const char *text)) {
	struct arena *a = arena_new();

	for (size_t i = 0; i < n; i++)
		assert_string_equal(function(a, rows[i].from), rows[i].to);
	arena_free(a);
}

/* "Spaces are removed and unsupported characters are converted to question marks (?)." */
static void derived(void **state) {
	static const struct pair rows[] = {
		{ "helpdesk", "helpdesk" },
		{ "Conference Room 212", "ConferenceRoom212" },
		{ "  a  b ", "ab" },
		{ "J\xc3\xb6rg M\xc3\xbcller", "J\xc3\xb6rgM\xc3\xbcller" },
		{ "a@b", "a?b" },
		{ "a\"b,c;d", "a?b?c?d" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", "??" },
		{ "a\xc2\xa0"
		  "b",
		  "a?b" },
		{ "a\tb", "a?b" },
		{ "a\xff\xfe", "a??" },
		{ "a..b.", "a..b." },
		{ "what'snew", "what'snew" },
		{ "", "" },
	};

	(void)state;
	run_pairs(rows, ARRAY_SIZE(rows), alias_derive);
}

/* "Supported Unicode characters are mapped to best-fit US-ASCII text characters." */
static void best_fit(void **state) {
	static const struct pair rows[] = {
		{ "help.desk!#", "help.desk!#" },
		{ "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", "aeoeuess" },
		{ "\xc3\x84\xc3\x96\xc3\x9c\xe1\xba\x9e", "AeOeUeSs" },
		{ "\xc3\xa6\xc3\xb8\xc3\xbe\xc3\xb0", "aeoethd" },
		{ "\xc3\x86\xc3\x98\xc3\x9e\xc3\x90", "AeOeThD" },
		{ "\xc3\xa5\xc3\x85\xc3\xa9\xc3\xa8\xc3\xaa\xc3\xab", "aAeeee" },
		{ "\xc3\xb1\xc3\xa7\xc3\xbd\xc3\xbf\xc3\x95", "ncyyO" },
		{ "\xc2\xaa\xc2\xba\xc2\xb9\xc2\xb2\xc2\xb3", "ao123" },
		/* A letter and its accent apart are the same letter. */
		{ "Jo\xcc\x88rg", "Joerg" },
		{ "Ame\xcc\x81lie", "Amelie" },
		/* U-diaeresis with a macron is another letter, and loses both. */
		{ "\xc7\x96", "u" },
		{ "\xc5\xa1\xc4\x9b\xc4\x80", "seA" },
		{ "\xe6\x97\xa5\xe6\x9c\xac", "" },
		{ "a\xc2\xbf\xc2\xa7\xc3\x97\xc3\xb7"
		  "b",
		  "ab" },
		{ "\xc5\x82\xc4\x91", "" },
		{ "a\xff"
		  "b",
		  "ab" },
		{ "", "" },
	};

	(void)state;
	run_pairs(rows, ARRAY_SIZE(rows), alias_best_fit);
}

/* Whatever U+00A1 to U+00FF holds comes out as ASCII, and letters never as nothing. */
static void best_fit_of_the_whole_range(void **state) {
	struct arena *a = arena_new();

	(void)state;
	for (int c = 0xa1; c <= 0xff; c++) {
		char letter[] = { (char)(0xc0 | c >> 6), (char)(0x80 | (c & 0x3f)), '\0' };
		const char *fit = alias_best_fit(a, letter);
		for (const char *p = fit; *p; p++)
			assert_true((unsigned char)*p < 0x80);
		assert_null(alias_fault(a, letter));
		if (c >= 0xc0 && c != 0xd7 && c != 0xf7)
			assert_true(strlen(fit) > 0);
	}
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alias_faults),
		cmocka_unit_test(derived),
		cmocka_unit_test(best_fit),
		cmocka_unit_test(best_fit_of_the_whole_range),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
