#include "store/directory/ldap_session.h"

#include <openldap.h>
#include <string.h>
#include <unistd.h>

#include "store/directory/ldap_sasl.h"
#include "store/directory/ldap_tls.h"
#include "store/directory/secret.h"

/* Of one message, for which libldap makes room as soon as its length has come. Of an entry it is
 * some kilobytes; the largest request that Active Directory takes has ten megabytes
 * (MS-ADTS 3.1.1.3.4.6, MaxReceiveBuffer). */
enum { MESSAGE_MAX = 64 * 1024 * 1024 };

static bool clear_tcp(const struct ldap_target *t) {
	return !t->place.path && !t->place.tls && t->tls.mode != TLS_STARTTLS;
}

struct ldap_target ldap_target_copy(struct arena *a, const struct ldap_target *t) {
	struct ldap_target copy = *t;

	copy.place.uri = arena_strdup(a, t->place.uri);
	copy.place.host = arena_strdup(a, t->place.host);
	copy.place.port = arena_strdup(a, t->place.port);
	copy.place.path = arena_strdup(a, t->place.path);
	copy.bind.dn = arena_strdup(a, t->bind.dn);
	copy.bind.password_file = arena_strdup(a, t->bind.password_file);
	copy.bind.keytab = arena_strdup(a, t->bind.keytab);
	copy.bind.ccache = arena_strdup(a, t->bind.ccache);
	copy.bind.principal = arena_strdup(a, t->bind.principal);
	copy.tls.ca_file = arena_strdup(a, t->tls.ca_file);
	copy.tls.cert_file = arena_strdup(a, t->tls.cert_file);
	copy.tls.key_file = arena_strdup(a, t->tls.key_file);
	return copy;
}

/* What the way to bind needs on this machine. */
static int check_bind(const struct bind_config *bind, struct error *err) {
	if (bind->method == BIND_SIMPLE)
		return secret_check(bind->password_file, "password file", err);
	if (bind->method != BIND_GSSAPI)
		return OK;
	int r = ldap_sasl_check(err);
	if (r == OK && bind->keytab)
		r = secret_check_file(bind->keytab, "keytab", err);
	else if (r == OK && bind->ccache)
		r = secret_check_file(bind->ccache, "credential cache", err);
	return r;
}

int ldap_target_check(const struct ldap_target *t, struct error *err) {
	if (t->place.tls && (t->tls.mode == TLS_STARTTLS || t->tls.mode == TLS_OFF))
		return error_set(
		        err, ERR_INVALID,
		        "%s is encrypted from the start, and tls.mode says otherwise; write "
		        "ldap://, or mode: ldaps",
		        t->place.uri);
	if (!t->place.tls && !t->place.path && t->tls.mode == TLS_LDAPS)
		return error_set(err, ERR_INVALID,
		                 "%s is not encrypted, and tls.mode says ldaps; write ldaps://, or "
		                 "mode: starttls",
		                 t->place.uri);
	if (t->bind.method == BIND_SIMPLE && clear_tcp(t) && t->tls.mode != TLS_OFF)
		return error_set(
		        err, ERR_INVALID,
		        "%s would show the password of a simple bind to the network; write "
		        "ldaps://, or tls.mode: starttls, or, if that is meant, tls.mode: "
		        "none",
		        t->place.uri);
	if (t->bind.method == BIND_EXTERNAL && !t->place.path && !t->tls.cert_file)
		return error_set(err, ERR_INVALID,
		                 "%s: an external bind needs tls.certFile and tls.keyFile, or "
		                 "ldapi://",
		                 t->place.uri);
	int r = check_bind(&t->bind, err);
	if (r == OK && t->tls.key_file)
		r = secret_check(t->tls.key_file, "key file", err);
	if (r == OK && !t->place.path && !clear_tcp(t))
		r = ldap_tls_check(&t->tls, err);
	return r;
}

/* ---- binding -------------------------------------------------------------------------------- */

static const char *advice(int code, const struct ldap_target *t) {
	switch (code) {
	case LDAP_INVALID_CREDENTIALS:
		return t->bind.method == BIND_SIMPLE
		               ? "; check directory.bind.dn and the password in passwordFile"
		               : "; check that the server knows this identity";
	case LDAP_CONFIDENTIALITY_REQUIRED:
	case LDAP_STRONG_AUTH_REQUIRED:
		return "; it wants an encrypted connection: write ldaps://, or tls.mode: starttls";
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_AUTH_METHOD_NOT_SUPPORTED:
	case LDAP_AUTH_UNKNOWN:
		return "; it does not offer this way to bind: check directory.bind.method";
	case LDAP_UNWILLING_TO_PERFORM:
		return "; check that the account may bind";
	default:
		return "";
	}
}

int ldap_session_bind_failed(LDAP *ld, int code, const struct ldap_target *t, const char *who,
                             const char *advised, struct error *err) {
	char *text = NULL;

	(void)ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	if (code == LDAP_SERVER_DOWN)
		error_set(err, ERR_IO, "%s closed the connection before the bind was answered; %s",
		          t->place.uri,
		          clear_tcp(t) || t->place.path || t->tls.cert_file
		                  ? "its log may say why"
		                  : "where it demands certificates of its clients, write "
		                    "tls.certFile and tls.keyFile");
	else
		/* Wherever it is said again, a wrong password is wrong, and counted. */
		error_set(err, code == LDAP_INVALID_CREDENTIALS ? ERR_INVALID : ERR_IO,
		          "%s refused to bind%s%s: %s%s%s%s%s", t->place.uri, who ? " " : "",
		          who ? who : "", ldap_err2string(code), text && *text ? " (" : "",
		          text && *text ? text : "", text && *text ? ")" : "", advised);
	ldap_memfree(text);
	return err->code;
}

static int send_bind(LDAP *ld, const struct ldap_target *t, int *ret_id, int *ret_code,
                     struct error *err) {
	struct berval secret = { 0 };
	const char *dn = NULL, *mechanism = LDAP_SASL_SIMPLE;
	char *password = NULL;
	size_t len = 0;

	if (t->bind.method == BIND_SIMPLE) {
		int r = secret_read(t->bind.password_file, "password file", &password, &len, err);
		if (r < 0)
			return r;
		secret = (struct berval){ len, password };
		dn = t->bind.dn;
	} else if (t->bind.method == BIND_EXTERNAL) {
		mechanism = "EXTERNAL";
		secret.bv_val = (char *)""; /* no other identity than the one shown */
	}
	*ret_code = ldap_sasl_bind(ld, dn, mechanism, &secret, NULL, NULL, ret_id);
	secret_wipe(password, len);
	return OK;
}

static int bind_as(LDAP *ld, const struct ldap_target *t, struct error *err) {
	LDAPMessage *answer = NULL;
	int id, code;
	int r = send_bind(ld, t, &id, &code, err);

	if (r < 0)
		return r;
	if (code == LDAP_SUCCESS && ldap_result(ld, id, LDAP_MSG_ALL, NULL, &answer) <= 0)
		code = LDAP_SERVER_DOWN;
	if (code == LDAP_SUCCESS) {
		int parsed = ldap_parse_result(ld, answer, &code, NULL, NULL, NULL, NULL, 1);
		code = parsed == LDAP_SUCCESS ? code : parsed;
	}
	return code == LDAP_SUCCESS
	               ? OK
	               : ldap_session_bind_failed(ld, code, t,
	                                          t->bind.method == BIND_SIMPLE ? t->bind.dn : NULL,
	                                          advice(code, t), err);
}

/* Nobody in particular: asked for, or by default; over a local socket that is who we are. */
static struct ldap_target as_bound(const struct ldap_target *t) {
	struct ldap_target bound = *t;

	if (bound.bind.method == BIND_DEFAULT)
		bound.bind.method =
		        t->place.path || t->tls.cert_file ? BIND_EXTERNAL : BIND_ANONYMOUS;
	return bound;
}

bool ldap_target_is_nobody(const struct ldap_target *t) {
	return as_bound(t).bind.method == BIND_ANONYMOUS;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int prepare(LDAP *ld, const struct ldap_target *t, struct error *err) {
	const int version = LDAP_VERSION3;
	/* Later than the caller's own: of two that strike together either may be the one. */
	struct timeval limit = { .tv_sec = t->timeout_ms / 1000 + 1 };
	ber_len_t most = MESSAGE_MAX;
	Sockbuf *buffer;

	/* The deadlines are the caller's; these are a second line. A referral is never followed:
	 * libldap would go there as nobody, and ask a stranger. */
	if (ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) != LDAP_SUCCESS ||
	    ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) != LDAP_SUCCESS ||
	    ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &limit) != LDAP_SUCCESS ||
	    ldap_get_option(ld, LDAP_OPT_SOCKBUF, &buffer) != LDAP_SUCCESS ||
	    ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &most) < 0)
		return error_set(err, ERR_IO, "%s: libldap does not take its options",
		                 t->place.uri);
	return OK;
}

void ldap_watch_tell(const struct ldap_watch *watch, const char *whom) {
	watch->tell(watch->data, whom);
}

int ldap_session_open(const struct ldap_target *t, int fd, const struct ldap_watch *watch,
                      struct ldap_session *ret, struct error *err) {
	struct ldap_target bound = as_bound(t);
	int64_t last_ms = 0;
	LDAP *ld = NULL;

	/* The URI says whose certificate it has to be. */
	if (ldap_init_fd(fd, t->place.path ? LDAP_PROTO_IPC : LDAP_PROTO_TCP, t->place.uri, &ld) !=
	    LDAP_SUCCESS) {
		close(fd);
		return error_set(err, ERR_IO, "%s: libldap does not take the connection",
		                 t->place.uri);
	}
	int r = prepare(ld, t, err);
	if (r == OK && (t->place.tls || t->tls.mode == TLS_STARTTLS) && !t->place.path)
		r = ldap_tls_start(ld, t, err);
	if (r == OK)
		r = bound.bind.method == BIND_GSSAPI
		            ? ldap_sasl_bind_kerberos(ld, &bound, watch, &last_ms, err)
		            : bind_as(ld, &bound, err);
	if (r == OK) {
		*ret = (struct ldap_session){ .ld = ld, .last_ms = last_ms };
		return OK;
	}
	/* After half a handshake nothing may be said in the clear: no unbind, the socket goes. */
	ldap_destroy(ld);
	return r;
}
