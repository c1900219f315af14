/* base/: each row an input and the text that must come of it. */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/dn.h"
#include "base/guid.h"
#include "base/json.h"
#include "base/sid.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "tests/test.h"

struct row {
	const char *name, *input, *expect; /* expect NULL: refused */
};

static void check(const struct row *row, const char *got) {
	if ((!got && !row->expect) || (got && row->expect && strcmp(got, row->expect) == 0))
		return;
	fail_msg("%s: \"%s\" gave %s, not %s", row->name, row->input, got ? got : "(refused)",
	         row->expect ? row->expect : "(refused)");
}

#define EACH(list) for (const struct row *r = (list); r < (list) + ARRAY_SIZE(list); r++)

static void guids(void **state) {
	static const struct row rows[] = {
		{ "plain", "95352f8b-e5aa-496f-ac7f-ce93357d7b0c",
		  "95352f8b-e5aa-496f-ac7f-ce93357d7b0c" },
		{ "braces and capitals", "{95352F8B-E5AA-496F-AC7F-CE93357D7B0C}",
		  "95352f8b-e5aa-496f-ac7f-ce93357d7b0c" },
		{ "one digit short", "95352f8b-e5aa-496f-ac7f-ce93357d7b0", NULL },
		{ "one digit more", "95352f8b-e5aa-496f-ac7f-ce93357d7b0cc", NULL },
		{ "no dashes", "95352f8be5aa496fac7fce93357d7b0c", NULL },
		{ "open brace", "{95352f8b-e5aa-496f-ac7f-ce93357d7b0c", NULL },
		{ "blank behind", "95352f8b-e5aa-496f-ac7f-ce93357d7b0c ", NULL },
		{ "empty", "", NULL },
	};
	char text[GUID_TEXT];
	struct guid g;

	(void)state;
	EACH(rows)
	check(r, guid_parse(r->input, &g) ? guid_text(g, text) : NULL);
	/* The bytes as Active Directory keeps them. */
	assert_true(guid_parse(rows[0].input, &g));
	assert_memory_equal(g.bytes,
	                    "\x8b\x2f\x35\x95\xaa\xe5\x6f\x49\xac\x7f\xce\x93\x35\x7d\x7b\x0c", 16);
}

static void sids(void **state) {
	static const struct row rows[] = {
		{ "self", "S-1-5-10", "S-1-5-10" },
		{ "a user", "S-1-5-21-1111111112-2222222223-3333333334-1102",
		  "S-1-5-21-1111111112-2222222223-3333333334-1102" },
		{ "no number", "S-1-5-x", NULL },
		{ "too large", "S-1-5-4294967296", NULL },
		{ "another revision", "S-2-5-10", NULL },
	};
	struct arena *a = arena_new();

	(void)state;
	EACH(rows) {
		size_t len = 0;
		char *data = sid_parse(a, r->input, &len);
		check(r, data ? sid_text(a, data, len) : NULL);
	}
	assert_string_equal(sid_text(a, SID_SELF, SID_SELF_LEN), "S-1-5-10");
	assert_null(sid_text(a, SID_SELF, SID_SELF_LEN - 1));
	arena_free(a);
}

static void dns(void **state) {
	static const struct row normal[] = {
		{ "case and blanks", "CN=John Evans, OU=Staff,DC=Contoso,dc=com",
		  "cn=john evans,ou=staff,dc=contoso,dc=com" },
		{ "escaped comma", "CN=Evans\\, John,DC=x", "cn=evans\\, john,dc=x" },
		{ "hexadecimal escape", "CN=Evans\\2C John,DC=x", "cn=evans\\, john,dc=x" },
		{ "hash in front", "CN=\\#1,DC=x", "cn=\\#1,dc=x" },
		{ "trailing blank", "CN=a\\ ,DC=x", "cn=a\\ ,dc=x" },
		{ "UTF-8", "CN=M\xc3\x9cLLER,DC=x", "cn=m\xc3\xbcller,dc=x" },
		{ "several values", "CN=a+SN=b,DC=x", "cn=a+sn=b,dc=x" },
		{ "no DN", "John Evans", NULL },
		{ "empty", "", NULL },
	};
	static const struct row canonical[] = {
		{ "a user", "CN=John Evans,OU=Staff,DC=contoso,DC=com",
		  "contoso.com/Staff/John Evans" },
		{ "a slash in a name", "CN=a/b,DC=contoso,DC=com", "contoso.com/a\\/b" },
		{ "the domain", "DC=contoso,DC=com", "contoso.com/" },
		{ "no domain", "CN=a,O=contoso", NULL },
	};
	static const struct row name[] = {
		{ "escaped", "CN=Evans\\, John,DC=x", "Evans, John" },
		{ "plain", "OU=Staff,DC=x", "Staff" },
	};
	struct arena *a = arena_new();

	(void)state;
	EACH(normal)
	check(r, dn_normal(a, r->input));
	EACH(canonical)
	check(r, dn_canonical(a, r->input));
	EACH(name)
	check(r, dn_name(a, r->input));
	assert_true(dn_below("cn=a,dc=x", "dc=x"));
	assert_true(dn_below("dc=x", "dc=x"));
	assert_false(dn_below("dc=xx", "dc=x"));
	assert_false(dn_below("cn=a\\,dc=x", "dc=x"));
	assert_true(dn_below("cn=a\\\\,dc=x", "dc=x"));
	arena_free(a);
}

static void times(void **state) {
	static const struct row rows[] = {
		{ "UTC", "2026-11-01T12:00:00Z", "2026-11-01T12:00:00Z" },
		{ "an offset", "2026-11-01T12:00:00+02:00", "2026-11-01T10:00:00Z" },
		{ "a fraction", "2026-11-01T12:00:00.123Z", "2026-11-01T12:00:00Z" },
		{ "29 February", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z" },
		{ "no such day", "2026-02-29T00:00:00Z", NULL },
		{ "no such hour", "2026-11-01T24:00:00Z", NULL },
		{ "no zone", "2026-11-01T12:00:00", NULL },
		{ "rest", "2026-11-01T12:00:00Z ", NULL },
		{ "a date alone", "2026-11-01", NULL },
	};
	static const struct row lengths[] = {
		{ "days", "7d", "7d" },        { "hours", "30h", "1d 6h" },
		{ "seconds", "90", "1m 30s" }, { "minutes", "5m", "5m" },
		{ "no unit", "5y", NULL },     { "sign", "-5s", NULL },
		{ "too long", "4000d", NULL }
	};
	char text[TIMESTAMP_TEXT];
	int64_t t;

	(void)state;
	EACH(rows)
	check(r, timestamp_parse(r->input, &t, NULL) ? timestamp_text(t, text) : NULL);
	EACH(lengths)
	check(r, duration_parse(r->input, &t) ? duration_text(t, text) : NULL);
}

static void folding(void **state) {
	static const struct row rows[] = {
		{ "ASCII", "John Evans", "john evans" },
		{ "umlaut", "M\xc3\x9cLLER", "m\xc3\xbcller" },
		{ "sharp s",
		  "STRA\xc3\x9f"
		  "E",
		  "strasse" },
		{ "decomposed", "Jose\xcc\x81", "jos\xc3\xa9" },
		{ "Greek final sigma", "\xce\xa3\xce\xa3", "\xcf\x83\xcf\x83" },
	};
	static const char *const words[] = { "retention", "activeSync", "addressBook", NULL };
	struct arena *a = arena_new();

	(void)state;
	EACH(rows)
	check(r, text_fold(a, r->input));
	assert_string_equal(text_nearest("retenton", words), "retention");
	assert_string_equal(text_nearest("ActiveSink", words), "activeSync");
	assert_null(text_nearest("mailbox", words));
	assert_string_equal(text_nearest("retentionPolicy", words), "retention");
	assert_string_equal(text_nearest("address", words), "addressBook");
	assert_null(text_nearest("", words));
	assert_string_equal(text_article("equipment"), "an");
	assert_string_equal(text_article("ArbitrationMailbox"), "an");
	assert_string_equal(text_article("user"), "a");
	assert_string_equal(text_article("room"), "a");
	assert_string_equal(text_article(""), "a");
	arena_free(a);
}

static void diagnostics(void **state) {
	static const char file[] = "connections:\n  - mailbox: x\n    alias: help..desk\n";
	struct arena *a = arena_new();
	struct diags d = { .arena = a };
	struct buf out = { 0 };

	(void)state;
	diag_add(&d, (struct place){ "b.yaml", 3, 12 }, "alias-invalid", file, sizeof(file) - 1,
	         "alias \"%s\" is wrong", "help..desk");
	diag_add(&d, (struct place){ "a.yaml", 0, 0 }, "empty", NULL, 0, "there is nothing");
	/* Nothing of a file's name reaches the terminal as a command. */
	diag_add(&d, (struct place){ "a\xe9\n\x1b[1m", 0, 0 }, "empty", NULL, 0, "nothing");
	diags_print(&d, &out);
	assert_string_equal(out.data, "a.yaml: error: there is nothing [empty]\n"
	                              "a???[1m: error: nothing [empty]\n"
	                              "b.yaml:3:12: error: alias \"help..desk\" is wrong "
	                              "[alias-invalid]\n"
	                              "   3 |     alias: help..desk\n"
	                              "     |            ^\n");
	buf_done(&out);
	arena_free(a);
}

static void json(void **state) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	(void)state;
	json_open(&j, '{');
	json_key(&j, "a\"b");
	json_bytes(&j, "x\0y\n\x1f", 5);
	json_key(&j, "list");
	json_open(&j, '[');
	json_text(&j, "Jos\xc3\xa9 \xe9");
	json_int(&j, -1);
	json_bool(&j, true);
	json_nil(&j);
	json_close(&j, ']');
	json_close(&j, '}');
	assert_string_equal(out.data, "{\"a\\\"b\":\"x\\u0000y\\n\\u001f\",\"list\":["
	                              "\"Jos\xc3\xa9 \xef\xbf\xbd\",-1,true,null]}\n");
	buf_done(&out);
}

/* Text is looked through in pieces of eight: what must be escaped is, wherever it stands. */
static void json_escapes(void **state) {
	static const struct {
		const char *text, *written;
	} rows[] = {
		{ "\"", "\\\"" },
		{ "\\", "\\\\" },
		{ "\x1f", "\\u001f" },
		{ "\n", "\\n" },
		{ "\x7f", "\x7f" },
		{ " ", " " },
		{ "\xc3\xa9", "\xc3\xa9" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "!", "!" },
		{ "[", "[" },
		{ "]", "]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int at = 0; at <= 17; at++) {
			struct buf out = { 0 }, text = { 0 }, wanted = { 0 };
			struct json j = { .out = &out, .compact = true };
			buf_printf(&text, "%.*s%s%.*s", at, "abcdefghijklmnopq", rows[i].text,
			           17 - at, "ABCDEFGHIJKLMNOPQ");
			buf_printf(&wanted, "\"%.*s%s%.*s\"", at, "abcdefghijklmnopq",
			           rows[i].written, 17 - at, "ABCDEFGHIJKLMNOPQ");
			json_bytes(&j, text.data, text.len);
			assert_string_equal(out.data, wanted.data);
			buf_done(&out);
			buf_done(&text);
			buf_done(&wanted);
		}
}

/* What was taken back is gone, what stood before is not. */
static void arenas(void **state) {
	struct arena *a = arena_new();
	char *kept = arena_strdup(a, "kept");

	(void)state;
	for (int round = 0; round < 100; round++) {
		struct arena_mark mark = arena_mark(a);
		size_t used = arena_used(a);
		for (int i = 0; i < 200; i++)
			memset(arena_alloc(a, (size_t)i * 50, 1), 0xff, (size_t)i * 50);
		arena_release(a, mark);
		assert_int_equal(arena_used(a), used);
	}
	assert_string_equal(kept, "kept");
	assert_true(arena_owns(a, kept));
	assert_true(arena_owns(a, arena_alloc(a, 1, 1024 * 1024)));
	assert_false(arena_owns(a, state));
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guids), cmocka_unit_test(sids),    cmocka_unit_test(dns),
		cmocka_unit_test(times), cmocka_unit_test(folding), cmocka_unit_test(diagnostics),
		cmocka_unit_test(json),  cmocka_unit_test(arenas),  cmocka_unit_test(json_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
