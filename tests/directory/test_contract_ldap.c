/* The LDAP back-end keeps the contract, over a real slapd. */
#include "tests/directory/contract.h"
#include "tests/directory/slapd.h"

enum { SKIPPED = 77 };

static struct directory *open_ldap(void *self, const char *ldif, const char *base,
                                   const char *configuration) {
	struct slapd *s = self;
	const struct directory_options options = { .uri = slapd_uri(s),
		                                   .base = base,
		                                   .configuration = configuration,
		                                   .bind = { .method = BIND_EXTERNAL },
		                                   .timeout = 10 };
	struct directory *d = NULL;
	struct error err = { 0 };

	slapd_load(s, ldif);
	if (directory_new(&options, &d, &err) < 0)
		fail_msg("%s", err.text);
	return d;
}

static void close_ldap(void *self, struct directory *d) {
	(void)self;
	directory_free(d);
}

int main(void) {
	static const char *const options[] = { "--no-tcp", NULL };

	if (!slapd_installed())
		return SKIPPED;
	struct slapd *server = slapd_start(options);
	const struct contract c = {
		.open = open_ldap, .close = close_ldap, .self = server, .asks_for_base = true
	};
	int failed = contract_find(&c) + contract_apply(&c);
	slapd_stop(server);
	return failed ? 1 : 0;
}
