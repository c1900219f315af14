#include "spec/keys.h"

#include "base/buf.h"
#include "tests/test.h"

#define GUID "6d1d2c0c-1c5a-4b0b-9f0e-0123456789ab"

static const struct {
	const char *text, *forms;
} users[] = {
	{ "John Evans", "name" },
	{ "john.evans@contoso.com", "upn john.evans|contoso.com name" },
	{ "CONTOSO\\CAR001", "sam CONTOSO|CAR001 name" },
	{ "contoso.com\\john", "sam contoso.com|john name" },
	{ "CN=John Evans,OU=Staff,DC=contoso,DC=com", "dn" },
	{ "cn=john, o=contoso", "dn" },
	{ "CN=Evans\\, John,DC=contoso,DC=com", "dn" },
	{ "uid=a+cn=b,dc=contoso", "dn" },
	{ GUID, "guid " GUID },
	{ "{6D1D2C0C-1C5A-4B0B-9F0E-0123456789AB}", "guid " GUID },
	{ "contoso.com/Users/John Evans", "canonical John Evans name" },
	{ "contoso.com/Users/AC\\/DC", "sam contoso.com/Users/AC|/DC canonical AC/DC name" },
	{ "contoso.com/A\\/B/C\\/D", "canonical C/D name" },
	{ "corp/John", "canonical John name" },
	/* A name with signs in it is a name: one component is no DN, nor is what does not parse. */
	{ "A=B", "name" },
	{ "E=mc2", "name" },
	{ "A=B\\,C", "sam A=B|,C name" },
	{ "Evans, John", "name" },
	{ "Evans, John=1", "name" },
	{ "CN=", "name" },
	{ "CN=John,", "name" },
	/* Neither a domain without a name nor a name without a domain. */
	{ "CONTOSO\\", "name" },
	{ "\\CAR001", "name" },
	{ "A\\B\\C", "name" },
	{ "@contoso.com", "name" },
	{ "john@", "name" },
	{ "@", "name" },
	{ "a@b@c", "upn a@b|c name" },
	{ "CONTOSO\\john@contoso.com",
	  "sam CONTOSO|john@contoso.com upn CONTOSO\\john|contoso.com name" },
	{ "/Users/John", "name" },
	{ "contoso.com/", "name" },
	{ "contoso.com/Users/", "name" },
	{ "contoso..com/John", "name" },
	{ ".contoso.com/John", "name" },
	{ "John Evans/Sales", "name" },
	{ "/o=Contoso/cn=Recipients/cn=john", "name" },
	/* Nearly a GUID. */
	{ "6d1d2c0c-1c5a-4b0b-9f0e-0123456789a", "name" },
	{ "6d1d2c0c1c5a4b0b9f0e0123456789ab", "name" },
	{ "", "name" },
};

static const char *forms(struct arena *a, const char *text) {
	struct user_key k;
	struct buf out = { 0 };
	char guid[GUID_TEXT];

	user_key_parse(a, text, &k);
	if (k.is_guid)
		buf_printf(&out, "guid %s ", guid_text(k.guid, guid));
	if (k.is_dn)
		buf_puts(&out, "dn ");
	if (k.domain)
		buf_printf(&out, "sam %s|%s ", k.domain, k.sam);
	if (k.is_upn)
		buf_printf(&out, "upn %s|%s ", k.upn_left, k.upn_right);
	if (k.canonical_name)
		buf_printf(&out, "canonical %s ", k.canonical_name);
	buf_puts(&out, k.is_guid || k.is_dn ? "" : "name ");
	const char *result = arena_copy(a, out.data, out.len - 1);
	buf_done(&out);
	return result;
}

static void user_forms(void **state) {
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		assert_string_equal(forms(a, users[i].text), users[i].forms);
	arena_free(a);
}

static void mailbox_forms(void **state) {
	static const struct {
		const char *text;
		enum mailbox_key key;
	} rows[] = {
		{ "John Evans", MAILBOX_BY_NAME },
		{ "/o=Contoso/ou=x/cn=Recipients/cn=john", MAILBOX_BY_LEGACY_DN },
		{ "/O=Contoso", MAILBOX_BY_LEGACY_DN },
		{ "/ou=Contoso", MAILBOX_BY_NAME },
		{ "o=Contoso", MAILBOX_BY_NAME },
		{ GUID, MAILBOX_BY_GUID },
		{ "{" GUID "}", MAILBOX_BY_GUID },
		{ GUID " ", MAILBOX_BY_NAME },
		{ "CN=John,DC=contoso,DC=com", MAILBOX_BY_NAME },
	};
	struct guid guid, expected;

	(void)state;
	assert_true(guid_parse(GUID, &expected));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		guid = (struct guid){ 0 };
		assert_int_equal(mailbox_key_parse(rows[i].text, &guid), rows[i].key);
		assert_true(guid_equal(guid, expected) == (rows[i].key == MAILBOX_BY_GUID));
	}
}

static void object_forms(void **state) {
	static const struct {
		const char *text;
		enum object_key key;
	} rows[] = {
		{ "MBXDB02", OBJECT_BY_NAME },
		{ "Corporate 7y", OBJECT_BY_NAME },
		{ "A=B", OBJECT_BY_NAME },
		{ "Corp, keep=7y", OBJECT_BY_NAME },
		{ "", OBJECT_BY_NAME },
		{ "CN=MBXDB02,CN=Databases,DC=contoso,DC=com", OBJECT_BY_DN },
		{ GUID, OBJECT_BY_GUID },
	};
	struct guid guid;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(object_key_parse(rows[i].text, &guid), rows[i].key);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_forms),
		cmocka_unit_test(mailbox_forms),
		cmocka_unit_test(object_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
