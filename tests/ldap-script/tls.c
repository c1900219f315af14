#include "tests/ldap-script/tls.h"

#include <errno.h>
#include <string.h>

/* The wire says how a connection ends; GnuTLS only has to give up. */
static ssize_t push(gnutls_transport_ptr_t wire, const void *data, size_t len) {
	if (wire_raw(wire, data, len) == WIRE_WELL)
		return (ssize_t)len;
	errno = EPIPE;
	return -1;
}

static ssize_t pull(gnutls_transport_ptr_t wire, void *data, size_t len) {
	ssize_t n = wire_receive(wire, data, len);

	if (n < 0)
		errno = ECONNRESET;
	return n;
}

static int pull_timeout(gnutls_transport_ptr_t wire, unsigned int ms) {
	return wire_readable(wire, ms == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (long)ms);
}

static int credentials(const struct tls_how *how, gnutls_certificate_credentials_t *ret,
                       const char **ret_why) {
	int rc = gnutls_certificate_allocate_credentials(ret);

	if (rc == 0) {
		*ret_why = "the certificate or its key cannot be used";
		rc = how->cert && how->key ? gnutls_certificate_set_x509_key_file(
		                                     *ret, how->cert, how->key, GNUTLS_X509_FMT_PEM)
		                           : GNUTLS_E_INSUFFICIENT_CREDENTIALS;
	}
	if (rc >= 0 && how->ca) {
		*ret_why = "the file of ca= cannot be used";
		rc = gnutls_certificate_set_x509_trust_file(*ret, how->ca, GNUTLS_X509_FMT_PEM);
	}
	return rc < 0 ? rc : 0;
}

static int session(struct wire_end *w, const struct tls_how *how, const char **ret_why) {
	int rc = gnutls_init(&w->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);

	if (rc < 0)
		return rc;
	*ret_why = "the priority string is none of GnuTLS";
	rc = how->priority ? gnutls_priority_set_direct(w->tls, how->priority, NULL)
	                   : gnutls_set_default_priority(w->tls);
	if (rc < 0)
		return rc;
	gnutls_credentials_set(w->tls, GNUTLS_CRD_CERTIFICATE, w->credentials);
	if (how->client) {
		bool must = strcmp(how->client, "require") == 0;
		gnutls_certificate_server_set_request(w->tls, must ? GNUTLS_CERT_REQUIRE
		                                                   : GNUTLS_CERT_REQUEST);
		if (how->ca)
			gnutls_session_set_verify_cert(w->tls, NULL, 0);
	}
	gnutls_transport_set_ptr(w->tls, w);
	gnutls_transport_set_push_function(w->tls, push);
	gnutls_transport_set_pull_function(w->tls, pull);
	gnutls_transport_set_pull_timeout_function(w->tls, pull_timeout);
	return 0;
}

enum wire tls_accept(struct wire_end *w, const struct tls_how *how, const char **ret_why) {
	int rc = credentials(how, &w->credentials, ret_why);

	if (rc == 0)
		rc = session(w, how, ret_why);
	if (rc == 0) {
		*ret_why = "the handshake failed";
		do
			rc = gnutls_handshake(w->tls);
		while (rc < 0 && !gnutls_error_is_fatal(rc) && w->state == WIRE_WELL);
	}
	if (rc == 0 || w->state != WIRE_WELL)
		return w->state;
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		*ret_why = gnutls_alert_get_name(gnutls_alert_get(w->tls));
	else if (w->tls)
		gnutls_alert_send_appropriate(w->tls, rc);
	w->tls_error = rc;
	w->state = WIRE_TLS;
	return w->state;
}
