#include "store/directory/ldap_tls.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "store/directory/ldap_tls_why.h"

static int set(LDAP *ld, int option, const void *value) {
	return ldap_set_option(ld, option, value) == LDAP_SUCCESS ? OK : ERR_IO;
}

/* ---- files ---------------------------------------------------------------------------------- */

static int check_file(const char *path, const char *what, const char *key, struct error *err) {
	return access(path, R_OK) == 0
	               ? OK
	               : error_set(err, ERR_INVALID, "cannot read the %s %s: %s; check tls.%s",
	                           what, path, strerror(errno), key);
}

static int check_content(const struct tls_config *tls, struct error *err) {
	gnutls_certificate_credentials_t all;
	int r = OK, code = 0;

	if (gnutls_certificate_allocate_credentials(&all) < 0)
		return OK;
	if (tls->ca_file &&
	    gnutls_certificate_set_x509_trust_file(all, tls->ca_file, GNUTLS_X509_FMT_PEM) <= 0)
		r = error_set(err, ERR_INVALID,
		              "the file of CA certificates %s holds none as PEM; check tls.caFile",
		              tls->ca_file);
	if (r == OK && tls->cert_file)
		code = gnutls_certificate_set_x509_key_file(all, tls->cert_file, tls->key_file,
		                                            GNUTLS_X509_FMT_PEM);
	if (code < 0)
		r = error_set(err, ERR_INVALID,
		              "the certificate %s and the key %s: %s check tls.certFile and "
		              "tls.keyFile",
		              tls->cert_file, tls->key_file, gnutls_strerror(code));
	gnutls_certificate_free_credentials(all);
	return r;
}

int ldap_tls_check(const struct tls_config *tls, struct error *err) {
	int r = OK;

	if (tls->ca_file)
		r = check_file(tls->ca_file, "file of CA certificates", "caFile", err);
	if (r == OK && tls->cert_file)
		r = check_file(tls->cert_file, "certificate", "certFile", err);
	if (r == OK && tls->key_file)
		r = check_file(tls->key_file, "key", "keyFile", err);
	return r == OK ? check_content(tls, err) : r;
}

/* ---- the handshake -------------------------------------------------------------------------- */

/*
 * GnuTLS (Debian's) takes no notice of PROTOCOL_MIN and takes the versions with its ciphers; a
 * library that nobody tried is refused.
 */
static int set_versions(LDAP *ld, struct error *err) {
	const int least = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
	char *package = NULL;
	int r = ERR_INVALID;

	(void)ldap_get_option(ld, LDAP_OPT_X_TLS_PACKAGE, &package);
	if (package && strcmp(package, "GnuTLS") == 0)
		r = set(ld, LDAP_OPT_X_TLS_CIPHER_SUITE, LDAP_TLS_VERSIONS);
	else if (package && strcmp(package, "OpenSSL") == 0)
		r = set(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &least);
	if (r < 0)
		error_set(
		        err, ERR_INVALID,
		        "libldap speaks TLS by %s, of which it is not known how to demand TLS 1.2; "
		        "GnuTLS and OpenSSL are known",
		        package ? package : "nothing");
	ldap_memfree(package);
	return r;
}

/* Whom to trust where the config names nobody: whom the machine trusts. */
static const char *trusted(const struct tls_config *tls) {
	static const char machine[] = "/etc/ssl/certs/ca-certificates.crt";

	return tls->ca_file ? tls->ca_file : access(machine, R_OK) == 0 ? machine : NULL;
}

static int configure(LDAP *ld, const struct ldap_target *t, struct error *err) {
	const int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	const char *ca = trusted(&t->tls);

	int r = ca ? set(ld, LDAP_OPT_X_TLS_CACERTFILE, ca) : OK;
	if (r == OK && t->tls.cert_file)
		r = set(ld, LDAP_OPT_X_TLS_CERTFILE, t->tls.cert_file);
	if (r == OK && t->tls.cert_file)
		r = set(ld, LDAP_OPT_X_TLS_KEYFILE, t->tls.key_file);
	if (r == OK)
		r = set_versions(ld, err);
	if (r == ERR_INVALID)
		return r;
	/* NEWCTX comes last: it takes up all that was set. */
	if (r == OK)
		r = set(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	if (r == OK)
		r = set(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, &demand);
	if (r == OK)
		r = set(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
	return r == OK ? OK
	               : error_set(err, ERR_IO,
	                           "%s: TLS cannot be set up; check that tls.caFile, certFile and "
	                           "keyFile hold PEM certificates and a key that belong together",
	                           t->place.uri);
}

int ldap_tls_start(LDAP *ld, const struct ldap_target *t, struct error *err) {
	int64_t until = (int64_t)(uv_hrtime() / 1000000) + t->timeout_ms;
	int r = configure(ld, t, err);
	char *text = NULL;

	if (r < 0)
		return r;
	int code = t->place.tls ? ldap_install_tls(ld) : ldap_start_tls_s(ld, NULL, NULL);
	if (code == LDAP_SUCCESS)
		return OK;
	struct arena *a = arena_new();
	(void)ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	/* libldap's own codes are negative: those of a server that does not want to stand as they
	 * are. Where the time is up nobody waits for a reason any more. */
	const char *why = NULL;
	if (code < 0)
		why = ldap_tls_why(a, t, trusted(&t->tls),
		                   until - (int64_t)(uv_hrtime() / 1000000));
	else
		why = arena_printf(a, "the server refused it: %s%s%s", ldap_err2string(code),
		                   text && *text ? ": " : "", text ? text : "");
	if (!why)
		why = text && *text ? text : ldap_err2string(code);
	error_set(err, ERR_IO, "%s: %s failed: %s", t->place.uri, t->place.tls ? "TLS" : "StartTLS",
	          why);
	ldap_memfree(text);
	arena_free(a);
	return err->code;
}
