#include "store/directory/ldap_tls_why.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/timestamp.h"
#include "store/directory/ldap_tls.h"

enum {
	PATIENCE_MS = 1000, /* with any step */
	LEAST_MS = 100      /* with less than this left nothing is begun */
};

struct asked {
	struct arena *a;
	const struct ldap_target *t;
	const char *ca_file;
	int64_t until;
	gnutls_certificate_credentials_t trust;
	gnutls_session_t session;
};

static int64_t now_ms(void) {
	return (int64_t)(uv_hrtime() / 1000000);
}

/* 0: none is left. */
static int64_t patience(const struct asked *q) {
	int64_t left = q->until - now_ms();

	return left > PATIENCE_MS ? PATIENCE_MS : left > 0 ? left : 0;
}

/* ---- the certificate ------------------------------------------------------------------------ */

static bool take_certificate(gnutls_session_t session, gnutls_x509_crt_t *ret) {
	unsigned n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);

	if (!chain || !n || gnutls_x509_crt_init(ret) < 0)
		return false;
	if (gnutls_x509_crt_import(*ret, chain, GNUTLS_X509_FMT_DER) == 0)
		return true;
	gnutls_x509_crt_deinit(*ret);
	return false;
}

static const char *issuer_of(struct asked *q, gnutls_x509_crt_t certificate) {
	gnutls_datum_t text;

	if (gnutls_x509_crt_get_issuer_dn3(certificate, &text, 0) < 0)
		return "somebody unknown";
	const char *issuer = arena_copy(q->a, text.data, text.size);
	gnutls_free(text.data);
	return issuer;
}

/* Those whom it is for: names and addresses. */
static const char *names_of(struct asked *q, gnutls_x509_crt_t certificate) {
	char name[256], shown[INET6_ADDRSTRLEN];
	struct buf out = { 0 };
	size_t len;
	int kind;

	for (unsigned i = 0; i < 16; i++) {
		len = sizeof(name) - 1;
		kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &len, NULL);
		if (kind < 0)
			break;
		name[len] = '\0';
		if (kind == GNUTLS_SAN_DNSNAME)
			buf_printf(&out, "%s%s", out.len ? ", " : "", name);
		else if (kind == GNUTLS_SAN_IPADDRESS &&
		         inet_ntop(len == 4 ? AF_INET : AF_INET6, name, shown, sizeof(shown)))
			buf_printf(&out, "%s%s", out.len ? ", " : "", shown);
	}
	const char *names = out.len ? arena_copy(q->a, out.data, out.len) : "nobody";
	buf_done(&out);
	return names;
}

static const char *date_of(struct asked *q, time_t when) {
	char text[TIMESTAMP_TEXT];

	return arena_strdup(q->a, timestamp_text(when, text));
}

static const char *judge(struct asked *q, gnutls_x509_crt_t certificate, unsigned status) {
	gnutls_datum_t text;

	if (status & GNUTLS_CERT_EXPIRED)
		return arena_printf(q->a,
		                    "its certificate expired at %s; renew it there, and check the "
		                    "clock here",
		                    date_of(q, gnutls_x509_crt_get_expiration_time(certificate)));
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return arena_printf(q->a,
		                    "its certificate is valid from %s only; check the clock here",
		                    date_of(q, gnutls_x509_crt_get_activation_time(certificate)));
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return arena_printf(
		        q->a,
		        "its certificate was issued by %s, who is not among those trusted "
		        "(%s); check tls.caFile",
		        issuer_of(q, certificate), q->ca_file ? q->ca_file : "nobody is");
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER)
		return arena_printf(
		        q->a,
		        "its certificate is not for %s but for %s; write one of these into "
		        "the URI, or see whether it is the right server",
		        q->t->place.host, names_of(q, certificate));
	if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0)
		return NULL;
	const char *words = arena_copy(q->a, text.data, text.size);
	gnutls_free(text.data);
	return words;
}

static const char *verify(struct asked *q) {
	gnutls_x509_crt_t certificate;
	unsigned status = 0;
	const char *why = NULL;

	if (gnutls_certificate_verify_peers3(q->session, q->t->place.host, &status) < 0 ||
	    !take_certificate(q->session, &certificate))
		return "it shows no certificate that can be read";
	if (status)
		why = judge(q, certificate, status);
	gnutls_x509_crt_deinit(certificate);
	return why;
}

/* ---- the handshake -------------------------------------------------------------------------- */

static const char *handshake_fault(struct asked *q, int code) {
	bool version = code == GNUTLS_E_UNSUPPORTED_VERSION_PACKET ||
	               (code == GNUTLS_E_FATAL_ALERT_RECEIVED &&
	                gnutls_alert_get(q->session) == GNUTLS_A_PROTOCOL_VERSION);

	if (version)
		return "it speaks no TLS 1.2 or newer; nothing older is accepted: see to its TLS "
		       "settings";
	if (code == GNUTLS_E_PREMATURE_TERMINATION || code == GNUTLS_E_UNEXPECTED_PACKET_LENGTH ||
	    code == GNUTLS_E_TIMEDOUT || code == GNUTLS_E_PULL_ERROR)
		return q->t->place.tls
		               ? "it does not answer in TLS; check the port: 636 is usual for "
		                 "ldaps://, and 389 for ldap://"
		               : "it does not go on in TLS";
	return arena_printf(q->a, "%s", gnutls_strerror(code));
}

static const char *shake_hands(struct asked *q, int fd) {
	int64_t time = patience(q);
	int code;

	if (!time)
		return NULL; /* to GnuTLS, 0 is for ever */
	gnutls_transport_set_int(q->session, fd);
	gnutls_handshake_set_timeout(q->session, (unsigned)time);
	if (q->t->place.host && strspn(q->t->place.host, "0123456789.:") < strlen(q->t->place.host))
		(void)gnutls_server_name_set(q->session, GNUTLS_NAME_DNS, q->t->place.host,
		                             strlen(q->t->place.host));
	do
		code = gnutls_handshake(q->session);
	while (code < 0 && gnutls_error_is_fatal(code) == 0);
	return code < 0 ? handshake_fault(q, code) : verify(q);
}

/* StartTLS, message 1 (RFC 4511, 4.14.1), whose answer is read and not looked at closely. */
static bool start_tls(int fd) {
	static const char request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
	                              "1.3.6.1.4.1.1466.20037";
	char answer[512];

	return write(fd, request, sizeof(request) - 1) == (ssize_t)sizeof(request) - 1 &&
	       read(fd, answer, sizeof(answer)) > 0;
}

static const char *ask(struct asked *q) {
	struct ldap_peer peer = { 0 };
	struct error err;
	int fd;

	if (!patience(q) || ldap_dial(&q->t->place, patience(q), &peer, &fd, &err) < 0)
		return NULL;
	int64_t time = patience(q);
	const struct timeval step = { .tv_sec = time / 1000, .tv_usec = time % 1000 * 1000 };
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof(step));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof(step));
	const char *why = NULL;
	if (time)
		why = q->t->place.tls || start_tls(fd) ? shake_hands(q, fd)
		                                       : "it does not answer to StartTLS";
	close(fd);
	return why;
}

const char *ldap_tls_why(struct arena *a, const struct ldap_target *t, const char *ca_file,
                         int64_t patience_ms) {
	struct asked q = { .a = a, .t = t, .ca_file = ca_file, .until = now_ms() + patience_ms };
	const char *why = NULL;

	if (patience_ms < LEAST_MS || gnutls_certificate_allocate_credentials(&q.trust) < 0)
		return NULL;
	if (ca_file &&
	    gnutls_certificate_set_x509_trust_file(q.trust, ca_file, GNUTLS_X509_FMT_PEM) <= 0)
		why = arena_printf(a, "%s holds no certificates as PEM; check tls.caFile", ca_file);
	else if (gnutls_init(&q.session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) == 0) {
		if (gnutls_priority_set_direct(q.session, LDAP_TLS_VERSIONS, NULL) == 0 &&
		    gnutls_credentials_set(q.session, GNUTLS_CRD_CERTIFICATE, q.trust) == 0)
			why = ask(&q);
		gnutls_deinit(q.session);
	}
	gnutls_certificate_free_credentials(q.trust);
	return why;
}
