#include "spec/config_rules.h"

#include <strings.h>

#include "spec/config.h"

/* ---- bind ------------------------------------------------------------------------------------ */

/* Which method a field of `bind` belongs to. */
static const struct {
	const char *key;
	enum bind_method method;
	bool required;
} bind_parts[] = {
	{ "dn", BIND_SIMPLE, true },         { "passwordFile", BIND_SIMPLE, true },
	{ "keytab", BIND_GSSAPI, false },    { "ccache", BIND_GSSAPI, false },
	{ "principal", BIND_GSSAPI, false },
};

void config_check_bind(struct decoder *d, const struct node *map, const void *filled) {
	const struct bind_config *bind = filled;
	const struct node *ccache = node_key(map, "ccache");

	if (ccache && node_key(map, "keytab"))
		decode_problem(d, ccache->at, "exclusive-fields",
		               "keytab and ccache exclude each other: take one away");
	if (bind->method == BIND_DEFAULT)
		return;
	for (size_t i = 0; i < sizeof(bind_parts) / sizeof(*bind_parts); i++) {
		const char *key = bind_parts[i].key;
		const struct node *given = node_key(map, key);
		bool belongs = bind_parts[i].method == bind->method;
		if (given && !belongs)
			decode_problem(d, given->at, "bind-invalid",
			               "%s goes with method: %s alone: take it away", key,
			               bind_parts[i].method == BIND_SIMPLE ? "simple" : "gssapi");
		else if (!given && belongs && bind_parts[i].required && !map->cut)
			decode_problem(d, map->at, "bind-invalid", "a simple bind needs %s", key);
	}
}

/* ---- tls ------------------------------------------------------------------------------------- */

void config_check_tls(struct decoder *d, const struct node *map, const void *filled) {
	const struct node *cert = node_key(map, "certFile"), *key = node_key(map, "keyFile");

	(void)filled;
	if (cert && !key && !map->cut)
		decode_problem(d, cert->at, "tls-invalid", "certFile needs keyFile beside it");
	if (key && !cert && !map->cut)
		decode_problem(d, key->at, "tls-invalid", "keyFile needs certFile beside it");
}

static bool has_scheme(const char *uri, const char *scheme) {
	size_t n = 0;

	while (scheme[n])
		n++;
	return strncasecmp(uri, scheme, n) == 0;
}

/* Why this server cannot be spoken to as the config says; NULL: it can. */
static const char *transport_fault(const char *uri, const struct bind_config *bind,
                                   const struct tls_config *tls) {
	bool ldap = has_scheme(uri, "ldap://"), ldaps = has_scheme(uri, "ldaps://");

	if (ldaps && tls->mode == TLS_STARTTLS)
		return "is encrypted from the start, and tls.mode says starttls: write ldap://, or "
		       "mode: ldaps";
	if (ldaps && tls->mode == TLS_OFF)
		return "is encrypted, and tls.mode says none: write ldap://, or mode: ldaps";
	if (ldap && tls->mode == TLS_LDAPS)
		return "is not encrypted, and tls.mode says ldaps: write ldaps://, or mode: "
		       "starttls";
	if (ldap && bind->method == BIND_SIMPLE && tls->mode == TLS_DEFAULT)
		return "would show the password of a simple bind to the network: write ldaps://, "
		       "or "
		       "tls.mode: starttls, or, if that is meant, tls.mode: none";
	if ((ldap || ldaps) && bind->method == BIND_EXTERNAL && !tls->cert_file)
		return "has nothing to show to an external bind: write tls.certFile and keyFile, "
		       "or "
		       "use ldapi://";
	return NULL;
}

static void check_uri(struct decoder *d, const char *key, const struct node *n,
                      const struct bind_config *bind, const struct tls_config *tls) {
	if (n->kind != NODE_TEXT || config_uri_fault(d->scratch, n->text))
		return;
	const char *fault = transport_fault(n->text, bind, tls);
	if (fault)
		decode_problem(d, n->at, "tls-invalid", "%s \"%s\" %s", key, decode_quoted(d, n),
		               fault);
}

/* A mode that could not be read, or never came, is no reason to complain of another's lack. */
static bool tls_is_read(const struct node *map, const struct tls_config *tls) {
	const struct node *key = node_key(map, "tls");

	return !map->cut && (tls->mode != TLS_DEFAULT || !key || !node_key(key->value, "mode"));
}

void config_check_directory(struct decoder *d, const struct node *map, const void *filled) {
	static const char *const keys[] = { "uri", "globalCatalog" };
	const struct config *config = filled;

	if (!tls_is_read(map, &config->directory.tls))
		return;
	for (size_t i = 0; i < 2; i++) {
		const struct node *key = node_key(map, keys[i]);
		const struct node *n = key ? key->value : NULL;
		if (n && n->kind == NODE_LIST)
			for (n = n->first; n; n = n->next)
				check_uri(d, keys[i], n, &config->directory.bind,
				          &config->directory.tls);
		else if (n)
			check_uri(d, keys[i], n, &config->directory.bind, &config->directory.tls);
	}
}

/* Nobody binds to an LDIF file; everywhere else a credential says how. */
static void check_method(struct decoder *d, const struct node *map,
                         const struct credential *credential) {
	bool ldif = credential->uri && has_scheme(credential->uri, "ldif:");

	if (!ldif && !map->cut && !node_key(map, "method"))
		decode_problem(d, map->at, "missing-field",
		               "a credential needs method: how to bind: simple, gssapi, external "
		               "or anonymous");
}

void config_check_credential(struct decoder *d, const struct node *map, const void *filled) {
	const struct credential *credential = filled;
	const struct node *uri = node_key(map, "uri");

	check_method(d, map, credential);
	config_check_bind(d, map, &credential->bind);
	if (!tls_is_read(map, &credential->tls))
		return;
	if (uri) {
		check_uri(d, "uri", uri->value, &credential->bind, &credential->tls);
		return;
	}
	/* Without a URI it goes to the manifest's host, by ldaps://, with gssapi by ldap://. */
	bool gssapi = credential->bind.method == BIND_GSSAPI;
	const char *fault = transport_fault(gssapi ? "ldap://" : "ldaps://", &credential->bind,
	                                    &credential->tls);
	if (fault && credential->bind.method != BIND_DEFAULT)
		decode_problem(d, map->at, "tls-invalid",
		               "%s, by which a credential without uri goes to the manifest's "
		               "host, %s",
		               gssapi ? "ldap://" : "ldaps://", fault);
}

/* ---- windows --------------------------------------------------------------------------------- */

void config_check_window(struct decoder *d, const struct node *map, const void *filled) {
	const struct node *allow = node_key(map, "allow"), *deny = node_key(map, "deny");

	(void)filled;
	if (allow && deny)
		decode_problem(d, deny->at, "exclusive-fields",
		               "allow and deny exclude each other: write two windows");
	if (!allow && !deny && !map->cut)
		decode_problem(d, map->at, "missing-field",
		               "a window needs allow or deny: when it begins, such as Mon-Fri "
		               "22:00");
}
