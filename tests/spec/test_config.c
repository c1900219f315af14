#include "spec/config.h"

#include <inttypes.h>

#include "tests/spec/cases.h"

static void put(struct buf *out, const char *key, const char *text) {
	if (text)
		buf_printf(out, " %s=\"%s\"", key, text);
}

static void put_list(struct buf *out, const char *key, const char *const *texts) {
	for (size_t i = 0; texts && texts[i]; i++)
		put(out, key, texts[i]);
	if (texts && !texts[0])
		buf_printf(out, " %s=[]", key);
}

static void put_bind(struct buf *out, const struct bind_config *b, const struct tls_config *t) {
	static const char *const methods[] = { NULL, "simple", "gssapi", "external", "anonymous" };
	static const char *const modes[] = { NULL, "ldaps", "starttls", "none" };

	put(out, "method", methods[b->method]);
	put(out, "dn", b->dn);
	put(out, "passwordFile", b->password_file);
	put(out, "keytab", b->keytab);
	put(out, "ccache", b->ccache);
	put(out, "principal", b->principal);
	put(out, "tls", modes[t->mode]);
	put(out, "caFile", t->ca_file);
	put(out, "certFile", t->cert_file);
	put(out, "keyFile", t->key_file);
}

static void put_directory(struct buf *out, const struct config *c) {
	buf_puts(out, "directory:");
	put_list(out, "uri", c->directory.uris);
	put(out, "base", c->directory.base);
	put(out, "configuration", c->directory.configuration);
	put(out, "globalCatalog", c->directory.global_catalog);
	put_bind(out, &c->directory.bind, &c->directory.tls);
	buf_printf(out, " timeout=%" PRId64 "s\n", c->directory.timeout);
}

static void put_agent(struct buf *out, const struct config *c) {
	buf_printf(out, "agent: %s interval=%" PRId64 "s jitter=%" PRId64 "%%",
	           c->agent.enforce ? "enforce" : "observe", c->agent.interval,
	           c->agent.jitter_percent);
	put(out, "control", c->agent.control);
	put(out, "listen", c->agent.listen);
	for (size_t i = 0; i < c->agent.n_windows; i++)
		buf_printf(out, " %s=\"%s\" for=%" PRId64 "s",
		           c->agent.windows[i].deny ? "deny" : "allow", c->agent.windows[i].when,
		           c->agent.windows[i].seconds);
	buf_putc(out, '\n');
}

static void put_config(struct buf *out, const struct config *c) {
	buf_printf(out, "%s:", c->file);
	put_list(out, "manifests", c->manifests);
	put(out, "store", c->store);
	put(out, "primaryDomain", c->primary_domain);
	buf_printf(out, " version=%" PRId64, c->exchange.version);
	if (c->exchange.has_shared_display_type)
		buf_printf(out, " sharedDisplayType=%" PRId64, c->exchange.shared_display_type);
	buf_printf(out, " changes=%" PRId64 " changesPercent=%" PRId64 "\n", c->limits.changes,
	           c->limits.changes_percent);
	put_directory(out, c);
	for (size_t i = 0; i < c->n_credentials; i++) {
		buf_printf(out, "credential %s:", c->credentials[i].name);
		put_bind(out, &c->credentials[i].bind, &c->credentials[i].tls);
		put(out, "base", c->credentials[i].base);
		put(out, "uri", c->credentials[i].uri);
		buf_putc(out, '\n');
	}
	put_agent(out, c);
}

static void answer(const struct text_case *c, struct buf *out) {
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct config config;
	const struct buf *bytes = &c->files[0].bytes;

	config_decode(a, c->files[0].label, bytes->data ? bytes->data : "", bytes->len, &config,
	              &diags);
	diags_print(&diags, out);
	if (diags.n == 0)
		put_config(out, &config);
	arena_free(a);
}

static void test_case(void **state) {
	const struct text_case *c = *state;
	struct buf out = { 0 };

	answer(c, &out);
	assert_string_equal(out.data ? out.data : "", c->expected.data ? c->expected.data : "");
	buf_done(&out);
}

static void defaults(void **state) {
	struct config config;
	struct buf out = { 0 };

	(void)state;
	config_defaults(&config);
	assert_null(config.file);
	config.file = "none";
	put_config(&out, &config);
	assert_string_equal(out.data, "none: version=88218628259840 changes=100 changesPercent=25\n"
	                              "directory: timeout=10s\n"
	                              "agent: observe interval=300s jitter=10% "
	                              "control=\"/run/mbxctl/control.sock\"\n");
	buf_done(&out);
}

static void hosts(void **state) {
	static const struct {
		const char *uri, *host;
	} rows[] = {
		{ "ldaps://dc01.contoso.com", "dc01.contoso.com" },
		{ "ldaps://dc01.contoso.com:636", "dc01.contoso.com" },
		{ "LDAP://dc01/", "dc01" },
		{ "ldap://[2001:db8::1]:389", "2001:db8::1" },
		{ "ldap://[::1]", "::1" },
		{ "ldap://10.0.0.1", "10.0.0.1" },
		{ "ldap://", NULL },
		{ "ldap:///", NULL },
		{ "ldapi://%2fvar%2frun%2fldapi", NULL },
		{ "ldif:contoso.ldif", NULL },
		{ "http://dc01", NULL },
		{ "", NULL },
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *host = config_uri_host(a, rows[i].uri);
		if (rows[i].host)
			assert_string_equal(host, rows[i].host);
		else
			assert_null(host);
	}
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(hosts),
	};
	int failed = cases_run("config.cases", answer, test_case);

	if (getenv("MBXCTL_SHOW"))
		return 0;
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
