/* The LDIF back-end keeps the contract; and the seam chooses it. */
#include <string.h>

#include "tests/directory/contract.h"
#include "tests/directory/fixture.h"

static struct directory *open_ldif(void *self, const char *ldif, const char *base,
                                   const char *configuration) {
	struct folder *f = self;

	folder_make(f);
	return directory_at(f, folder_put(f, "a.ldif", ldif), base, configuration);
}

static void close_ldif(void *self, struct directory *d) {
	directory_free(d);
	folder_remove(self);
}

/* ---- the seam ---- */

struct seam_row {
	const char *name;
	struct directory_options options;
	const char *expect; /* NULL: it opens */
};

static const struct seam_row seam_rows[] = {
	{ "a file", { .uri = "ldif:contoso.ldif" }, NULL },
	{ "a scheme in capitals", { .uri = "LDIF:contoso.ldif" }, NULL },
	{ "a file with a colon", { .uri = "ldif:c:x" }, NULL },
	{ "no scheme",
	  { .uri = "contoso.ldif" },
	  "\"contoso.ldif\" is no directory; write ldaps://HOST, ldap://HOST, ldapi://SOCKET or "
	  "ldif:FILE" },
	{ "no such scheme",
	  { .uri = "ldi:x" },
	  "\"ldi:x\" is no directory; write ldaps://HOST, ldap://HOST, ldapi://SOCKET or "
	  "ldif:FILE" },
	{ "nothing",
	  { .uri = NULL },
	  "\"\" is no directory; write ldaps://HOST, ldap://HOST, ldapi://SOCKET or ldif:FILE" },
	{ "no file", { .uri = "ldif:" }, "\"ldif:\" names no file; write ldif:FILE" },
	{ "a server", { .uri = "ldaps://dc01.contoso.com" }, NULL },
	{ "a server in capitals", { .uri = "LDAPI://%2frun%2fldapi" }, NULL },
	{ "servers and a file",
	  { .uri = "ldaps://dc01.contoso.com",
	    .others = (const char *const[]){ "ldif:contoso.ldif", NULL } },
	  "\"ldaps://dc01.contoso.com\" and \"ldif:contoso.ldif\" are not of one kind: a list is "
	  "of "
	  "servers that hold the same directory" },
	{ "a password that the network would see",
	  { .uri = "ldap://dc01.contoso.com",
	    .bind = { .method = BIND_SIMPLE, .dn = "cn=x", .password_file = "x" } },
	  "ldap://dc01.contoso.com:389 would show the password of a simple bind to the network; "
	  "write "
	  "ldaps://, or tls.mode: starttls, or, if that is meant, tls.mode: none" },
	{ "a password file that is not there",
	  { .uri = "ldaps://dc01.contoso.com",
	    .bind = { .method = BIND_SIMPLE, .dn = "cn=x", .password_file = "/nowhere" } },
	  "cannot read the password file /nowhere: No such file or directory" },
	{ "a base of a server that is no DN",
	  { .uri = "ldaps://dc01.contoso.com", .base = "contoso.com" },
	  "the directory's base \"contoso.com\" is no DN" },
	{ "a base that is no DN",
	  { .uri = "ldif:x", .base = "contoso.com" },
	  "the directory's base \"contoso.com\" is no DN" },
	{ "a configuration that is no DN",
	  { .uri = "ldif:x", .configuration = "," },
	  "the directory's configuration \",\" is no DN" },
};

static void seam(void **state) {
	const struct seam_row *row = *state;
	struct directory *d = NULL;
	struct error err = { 0 };
	int r = directory_new(&row->options, &d, &err);

	assert_string_equal(err.text, row->expect ? row->expect : "");
	assert_true((r < 0) == (row->expect != NULL));
	assert_true(!d == (r < 0));
	directory_free(d);
	directory_free(NULL);
}

static int run_seam(void) {
	static struct CMUnitTest tests[ARRAY_SIZE(seam_rows)];

	for (size_t i = 0; i < ARRAY_SIZE(seam_rows); i++)
		tests[i] = (struct CMUnitTest){ .name = seam_rows[i].name,
			                        .test_func = seam,
			                        .initial_state = (void *)&seam_rows[i] };
	return cmocka_run_group_tests_name("seam", tests, NULL, NULL);
}

int main(void) {
	struct folder folder;
	const struct contract c = { .open = open_ldif, .close = close_ldif, .self = &folder };

	return run_seam() + contract_find(&c) + contract_apply(&c) ? 1 : 0;
}
