/* What suggest and export print reads back as what was given, whatever the names hold. */
#include "tests/test.h"

#include <string.h>

#include "reconcile/export.h"
#include "reconcile/render_manifest.h"
#include "spec/manifest.h"

static void reads_back(void **state) {
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "plain", "john.evans@contoso.com" },
		{ "account", "CONTOSO\\jevans" },
		{ "words", "Corporate 7y" },
		{ "null", "null" },
		{ "tilde", "~" },
		{ "boolean", "No" },
		{ "number", "0123" },
		{ "blank before", " x" },
		{ "blank behind", "x " },
		{ "quote", "O'Neil" },
		{ "other quotes", "a\"b\xe2\x80\x99" },
		{ "colon", "a: b" },
		{ "comment", "a #b" },
		{ "list", "- a" },
		{ "alias", "*a" },
		{ "tag", "!!a" },
		{ "percent", "%a" },
		{ "braces", "{a, b}" },
		{ "not ASCII", "Jos\xc3\xa9" },
		{ "DN", "CN=A\\, B,DC=contoso,DC=com" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *about[] = { "a\nkind: Config", NULL };
		const char *remark[] = { rows[i].text };
		struct manifest_entry e = { .connection = { .mailbox = "x",
			                                    .database = rows[i].text,
			                                    .user = rows[i].text },
			                    .above = { remark, 1, 1 },
			                    .below = { remark, 1, 1 } };
		struct arena *a = arena_new();
		struct connections read = { 0 };
		struct diags diags = { .arena = a };
		struct buf out = { 0 }, said = { 0 };

		e.connection.policies[POLICY_RETENTION].how = SET;
		e.connection.policies[POLICY_RETENTION].text = rows[i].text;
		render_manifest("test", about, &e, 1, &out);
		manifest_decode(a, "out.yaml", "out", out.data, out.len, &read, &diags);
		diags_print(&diags, &said);
		if (diags.n || read.n != 1)
			print_error("%s:\n%s\n%s\n", rows[i].name, out.data,
			            said.data ? said.data : "");
		assert_int_equal(diags.n, 0);
		assert_int_equal(read.n, 1);
		assert_string_equal(read.v[0].database, rows[i].text);
		assert_string_equal(read.v[0].user, rows[i].text);
		assert_string_equal(read.v[0].policies[POLICY_RETENTION].text, rows[i].text);
		buf_done(&out);
		buf_done(&said);
		arena_free(a);
	}
}

/* A line break cannot stand in a manifest: then the next name of the user is taken. */
static void names_users(void **state) {
	static const struct {
		const char *upn, *dn, *expected;
	} rows[] = {
		{ "a@b.c", "CN=a", "a@b.c" },
		{ NULL, "CN=a", "CN=a" },
		{ "a\nallow: [adopt]", "CN=a", "CN=a" },
		{ "a\xe2\x80\xa8"
		  "b",
		  "CN=a\xc2\x85", "the GUID" },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct value v = { rows[i].upn, rows[i].upn ? strlen(rows[i].upn) : 0 };
		struct attribute_values upn = { .id = ATTR_USER_PRINCIPAL_NAME,
			                        .n = 1,
			                        .values = &v };
		struct entry e = { .dn = rows[i].dn,
			           .identity = "the GUID",
			           .n = rows[i].upn != NULL,
			           .attributes = &upn };
		assert_string_equal(export_user_text(a, &e), rows[i].expected);
	}
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_back),
		                            cmocka_unit_test(names_users) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
