/* What is said of the errors of libkrb5 that no KDC of the tests can be brought to. */
#include "store/directory/ldap_kerberos_why.h"

#include <errno.h>
#include <krb5.h>

#include "tests/test.h"

#define SKEWED                                                                                     \
	"the clocks here and at the KDC of CONTOSO.COM differ by more than it allows (5 minutes "  \
	"by default); set them by one source of time"

static const struct ldap_kerberos_asked by_keytab = { .client = "svc@CONTOSO.COM",
	                                              .realm = "CONTOSO.COM",
	                                              .keytab = "a.keytab" };
static const struct ldap_kerberos_asked by_cache = { .cache = "FILE:a" }, by_none = { 0 };

static const struct {
	const char *name;
	krb5_error_code code;
	const char *text; /* libkrb5's own */
	const struct ldap_kerberos_asked *asked;
	enum err kind;
	const char *expect;
} rows[] = {
	{ "a clock, says the KDC", KRB5KRB_AP_ERR_SKEW, "", &by_keytab, ERR_IO, SKEWED },
	{ "a clock, says the library", KRB5_KDCREP_SKEW, "", &by_keytab, ERR_IO, SKEWED },
	{ "an account's end", KRB5KDC_ERR_NAME_EXP, "", &by_keytab, ERR_INVALID,
	  "the account svc@CONTOSO.COM has expired; give it another date in CONTOSO.COM" },
	{ "no encryption in common", KRB5KDC_ERR_ETYPE_NOSUPP, "", &by_keytab, ERR_INVALID,
	  "the KDC of CONTOSO.COM and this machine have no encryption type in common for "
	  "svc@CONTOSO.COM; let the account have AES keys and make the keytab anew" },
	{ "a wrong key, found here", KRB5KRB_AP_ERR_BAD_INTEGRITY, "", &by_keytab, ERR_INVALID,
	  "the key of svc@CONTOSO.COM in the keytab a.keytab does not open what the KDC of "
	  "CONTOSO.COM answers: its password was changed since, or it is the key of another; make "
	  "the keytab anew" },
	{ "a KDC's name", KRB5_REALM_CANT_RESOLVE, "", &by_keytab, ERR_IO,
	  "the names of the KDCs of CONTOSO.COM cannot be resolved; check the name servers and "
	  "krb5.conf" },
	{ "a cache cut short", KRB5_CC_END, "", &by_cache, ERR_IO,
	  "there are no tickets in the credential cache FILE:a; run kinit as the one who runs "
	  "mbxctl, or write keytab into the config" },
	{ "another error, by a keytab", KRB5KDC_ERR_POLICY, "KDC policy rejects request",
	  &by_keytab, ERR_IO,
	  "KDC policy rejects request; check krb5.conf and the keytab a.keytab" },
	{ "another error, by a cache", ENOMEM, "Cannot allocate memory", &by_cache, ERR_IO,
	  "Cannot allocate memory; check krb5.conf and the credential cache FILE:a" },
	{ "another error, by the process's cache", ENOMEM, "Cannot allocate memory", &by_none,
	  ERR_IO, "Cannot allocate memory; check krb5.conf and the credential cache" },
	{ "before there is a library to say it", ENOMEM, NULL, &by_none, ERR_IO,
	  "it cannot be used on this machine; check krb5.conf and the credential cache" },
};

static void check(void **state) {
	size_t i = (size_t)*state;
	struct arena *a = arena_new();
	const char *said;

	assert_int_equal(ldap_kerberos_why(a, rows[i].code, rows[i].text, rows[i].asked, &said),
	                 rows[i].kind);
	assert_string_equal(said, rows[i].expect);
	arena_free(a);
}

int main(void) {
	enum { N = sizeof(rows) / sizeof(*rows) };
	struct CMUnitTest tests[N];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = check,
			                        .initial_state = (void *)i };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
