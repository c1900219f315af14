/* The slapd of the tests holds what it is given, and is gone when it is told to be. */
#include <ldap.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "tests/directory/slapd.h"
#include "tests/test.h"

/* A person of Active Directory without cn and sn, below parents that are not there. */
static const char john[] =
        "dn: CN=John Evans,OU=Staff,DC=contoso,DC=com\n"
        "objectClass: user\nobjectGUID:: ERERESIiMzNERFVVVVVVVQ==\n"
        "proxyAddresses: SMTP:john@contoso.com\nmsExchMailboxGuid:: AAECAwQFBgcICQoLDA0ODw==\n";

static const char mary[] = "dn: CN=Mary,DC=fabrikam,DC=com\nobjectClass: inetOrgPerson\n"
                           "msExchELCMailboxFlags: 130\n";

/* Nobody sees an sn that is there for slapd alone: the others show none. */
static const char anna[] = "dn: CN=Anna,DC=fabrikam,DC=com\nobjectClass: user\nsn: Berg\n";

struct row {
	const char *name;
	const char *ldif, *filter;
	const char *expect; /* the DNs, a line each, and the sn where one is seen */
};

static const struct row rows[] = {
	{ "a class, by one that the entry does not name", john, "(objectClass=person)",
	  "cn=John Evans,ou=Staff,dc=contoso,dc=com\n" },
	{ "objectGUID is entryUUID now", john, "(entryUUID=11111111-2222-3333-4444-555555555555)",
	  "cn=John Evans,ou=Staff,dc=contoso,dc=com\n" },
	{ "octets", john,
	  "(msExchMailboxGuid=\\00\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f)",
	  "cn=John Evans,ou=Staff,dc=contoso,dc=com\n" },
	{ "a text in other letters", john, "(proxyAddresses=smtp:JOHN@contoso.com)",
	  "cn=John Evans,ou=Staff,dc=contoso,dc=com\n" },
	{ "an sn that a person has", anna, "(cn=Anna)", "cn=Anna,dc=fabrikam,dc=com sn=Berg\n" },
	{ "parents", john, "(|(ou=Staff)(dc=*))",
	  "dc=com\ndc=contoso,dc=com\nou=Staff,dc=contoso,dc=com\n" },
	{ "another directory instead", mary, "(|(cn=John Evans)(msExchELCMailboxFlags>=1))",
	  "cn=Mary,dc=fabrikam,dc=com\n" },
	{ "nothing", "", "(objectClass=*)", "dc=com\ncn=mbxctl,dc=com\ncn=reader,dc=com\n" },
};

static struct slapd *server;

static int start(void **state) {
	static const char *const options[] = { "--no-tcp", NULL };

	(void)state;
	server = slapd_start(options);
	return 0;
}

static int stop(void **state) {
	(void)state;
	slapd_stop(server);
	return 0;
}

static LDAP *log_in(void) {
	struct timeval second = { .tv_sec = 1 };
	int version = LDAP_VERSION3;
	char password[64];
	LDAP *ld;

	FILE *f = fopen(slapd_password_file(server), "r");
	assert_non_null(f);
	assert_non_null(fgets(password, sizeof(password), f));
	fclose(f);
	struct berval secret = { strlen(password), password };
	assert_int_equal(ldap_initialize(&ld, slapd_uri(server)), LDAP_SUCCESS);
	ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ld, LDAP_OPT_TIMEOUT, &second);
	assert_int_equal(
	        ldap_sasl_bind_s(ld, slapd_dn(server), LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL),
	        LDAP_SUCCESS);
	return ld;
}

static int search(LDAP *ld, const char *filter, LDAPMessage **ret) {
	return ldap_search_ext_s(ld, "dc=com", LDAP_SCOPE_SUBTREE, filter, NULL, 0, NULL, NULL,
	                         NULL, 0, ret);
}

static void loaded(void **state) {
	const struct row *row = *state;
	char found[512] = "";
	LDAPMessage *result;

	slapd_load(server, row->ldif);
	LDAP *ld = log_in();
	assert_int_equal(search(ld, row->filter, &result), LDAP_SUCCESS);
	for (LDAPMessage *m = ldap_first_entry(ld, result); m; m = ldap_next_entry(ld, m)) {
		char *dn = ldap_get_dn(ld, m);
		struct berval **sn = ldap_get_values_len(ld, m, "sn");
		strcat(found, dn);
		if (sn)
			strcat(strcat(found, " sn="), sn[0]->bv_val);
		strcat(found, "\n");
		ldap_value_free_len(sn);
		ldap_memfree(dn);
	}
	assert_string_equal(found, row->expect);
	ldap_msgfree(result);
	ldap_unbind_ext_s(ld, NULL, NULL);
}

static void requests(void **state) {
	LDAPMessage *result = NULL;
	LDAP *ld = log_in();

	(void)state;
	slapd_request(server, "freeze");
	assert_int_equal(search(ld, "(cn=*)", &result), LDAP_TIMEOUT);
	ldap_msgfree(result);
	slapd_request(server, "thaw");
	ldap_unbind_ext_s(ld, NULL, NULL);
	slapd_request(server, "stop");
	slapd_request(server, "start");
	ldap_unbind_ext_s(log_in(), NULL, NULL);
}

int main(void) {
	enum { ROWS = ARRAY_SIZE(rows), SKIPPED = 77 };
	static struct CMUnitTest tests[ROWS + 1];

	if (!slapd_installed())
		return SKIPPED;
	for (size_t i = 0; i < ROWS; i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
			                        .test_func = loaded,
			                        .initial_state = (void *)&rows[i] };
	tests[ROWS] =
	        (struct CMUnitTest){ .name = "freeze, thaw, stop, start", .test_func = requests };
	return cmocka_run_group_tests_name("slapd", tests, start, stop);
}
