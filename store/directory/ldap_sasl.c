#include "store/directory/ldap_sasl.h"

#include <sasl/sasl.h>
#include <string.h>

#include "store/directory/ldap_kerberos.h"

/* In the order in which they are preferred: Active Directory makes no fuss about the first. */
static const char *const mechanisms[] = { "GSS-SPNEGO", "GSSAPI" };
enum { N_MECHANISMS = sizeof(mechanisms) / sizeof(*mechanisms) };

/* ---- which mechanism ------------------------------------------------------------------------ */

static bool is_here(const char *mechanism) {
	char **all = NULL;

	if (ldap_get_option(NULL, LDAP_OPT_X_SASL_MECHLIST, &all) != LDAP_OPT_SUCCESS)
		return false;
	for (; all && *all; all++)
		if (strcmp(*all, mechanism) == 0)
			return true;
	return false;
}

int ldap_sasl_check(struct error *err) {
	for (size_t i = 0; i < N_MECHANISMS; i++)
		if (is_here(mechanisms[i]))
			return OK;
	return error_set(err, ERR_INVALID,
	                 "method: gssapi needs the SASL plug-in for Kerberos, which is not on "
	                 "this machine; on Debian: apt-get install libsasl2-modules-gssapi-mit");
}

/* What the server says that it has; nothing where it says nothing before a bind. */
static const char *read_offered(LDAP *ld, struct arena *a) {
	char name[] = "supportedSASLMechanisms";
	char *names[] = { name, NULL };
	LDAPMessage *found = NULL;
	const char *all = "";

	int code = ldap_search_ext_s(ld, "", LDAP_SCOPE_BASE, "(objectClass=*)", names, 0, NULL,
	                             NULL, NULL, 1, &found);
	LDAPMessage *entry = code == LDAP_SUCCESS ? ldap_first_entry(ld, found) : NULL;
	struct berval **values = entry ? ldap_get_values_len(ld, entry, name) : NULL;
	for (size_t i = 0; values && values[i]; i++)
		all = arena_printf(a, "%s%s%.*s", all, i ? ", " : "", (int)values[i]->bv_len,
		                   values[i]->bv_val);
	ldap_value_free_len(values);
	ldap_msgfree(found);
	return all;
}

static bool is_among(const char *offered, const char *mechanism) {
	size_t len = strlen(mechanism);

	for (const char *at = offered; *at; at += strcspn(at, ","), at += strspn(at, ", "))
		if (strcspn(at, ",") == len && memcmp(at, mechanism, len) == 0)
			return true;
	return false;
}

/* Who is silent about it has GSSAPI, if anything; Active Directory is not silent. */
static const char *choose(const char *offered) {
	for (size_t i = 0; i < N_MECHANISMS; i++)
		if (is_here(mechanisms[i]) &&
		    is_among(*offered ? offered : "GSSAPI", mechanisms[i]))
			return mechanisms[i];
	return NULL;
}

/* ---- how strong ----------------------------------------------------------------------------- */

static bool is_clear(const struct ldap_target *t) {
	return !t->place.path && !t->place.tls && t->tls.mode != TLS_STARTTLS;
}

static int set(LDAP *ld, int option, const void *value) {
	return ldap_set_option(ld, option, value) == LDAP_OPT_SUCCESS ? OK : ERR_IO;
}

static int prepare(LDAP *ld, const struct ldap_target *t, struct error *err) {
	const ber_len_t strength = LDAP_SASL_STRENGTH, none = 0;
	/* With GSS-SPNEGO the server is not told, and sends what it likes: so it is all that a
	 * length of three bytes can be (RFC 4752, 3.1). */
	const ber_len_t most = 0xffffff;
	const int end_point = LDAP_OPT_X_SASL_CBINDING_TLS_ENDPOINT;

	/* The name of the URI counts, not what a name server makes of the address. */
	int r = set(ld, LDAP_OPT_X_SASL_NOCANON, LDAP_OPT_ON);
	if (r == OK)
		r = set(ld, LDAP_OPT_X_SASL_MAXBUFSIZE, &most);
	if (r == OK && is_clear(t))
		r = set(ld, LDAP_OPT_X_SASL_SSF_MIN, &strength);
	else if (r == OK && !t->place.path) {
		r = set(ld, LDAP_OPT_X_SASL_SSF_MAX, &none);
		if (r == OK)
			r = set(ld, LDAP_OPT_X_SASL_CBINDING, &end_point);
	}
	return r == OK ? OK
	               : error_set(err, ERR_IO, "%s: libldap does not take its options for SASL",
	                           t->place.uri);
}

static int too_weak(const struct ldap_target *t, struct error *err) {
	return error_set(err, ERR_IO,
	                 "%s does not encrypt by Kerberos with the strength of %d or more that is "
	                 "demanded where there is no TLS; let it sign and seal, or write ldaps:// "
	                 "or tls.mode: starttls",
	                 t->place.uri, LDAP_SASL_STRENGTH);
}

/* A plug-in may have taken the demand for a wish. */
static int check_strength(LDAP *ld, const struct ldap_target *t, struct error *err) {
	ber_len_t strength = 0;

	if (!is_clear(t))
		return OK;
	if (ldap_get_option(ld, LDAP_OPT_X_SASL_SSF, &strength) != LDAP_OPT_SUCCESS)
		strength = 0;
	return strength >= LDAP_SASL_STRENGTH ? OK : too_weak(t, err);
}

/* ---- binding -------------------------------------------------------------------------------- */

/* It asks in whose name we want to act: in our own. */
static int answer(LDAP *ld, unsigned flags, void *defaults, void *prompts) {
	(void)ld;
	(void)flags;
	(void)defaults;
	for (sasl_interact_t *i = prompts; i->id != SASL_CB_LIST_END; i++) {
		i->result = "";
		i->len = 0;
	}
	return LDAP_SUCCESS;
}

/* By the words of Active Directory, Samba and libkrb5: of all these the code is the same. */
static const char *advice(int code, const char *text, const struct ldap_target *t) {
	static const char no_tls[] = "; inside TLS it takes no bind by Kerberos: write ldap:// and "
	                             "take tls away, then Kerberos signs and seals";

	if (strstr(text, "Clock skew"))
		return "; the clocks here and there differ: set them by one source of time";
	if (!is_clear(t) && !t->place.path &&
	    (code == LDAP_STRONG_AUTH_REQUIRED || code == LDAP_UNWILLING_TO_PERFORM))
		return no_tls;
	if (strstr(text, "80090346")) /* SEC_E_BAD_BINDINGS */
		return "; it demands channel binding, which SASL does not know here: write ldap:// "
		       "and take tls away, then Kerberos signs and seals";
	if (code == LDAP_INVALID_CREDENTIALS)
		return "; check that the name in the URI is this server's own, and the clocks";
	return "";
}

static int bind_by(LDAP *ld, const struct ldap_target *t, const char *mechanism, const char *who,
                   struct error *err) {
	int code = ldap_sasl_interactive_bind_s(ld, NULL, mechanism, NULL, NULL, LDAP_SASL_QUIET,
	                                        answer, NULL);
	char *text = NULL;
	int r;

	if (code == LDAP_SUCCESS)
		return check_strength(ld, t, err);
	(void)ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
	if (text && strstr(text, "SASL(-15)")) /* SASL_TOOWEAK, which is no code of libldap's */
		r = too_weak(t, err);
	else
		r = ldap_session_bind_failed(ld, code, t, who, advice(code, text ? text : "", t),
		                             err);
	ldap_memfree(text);
	return r;
}

int ldap_sasl_bind_kerberos(LDAP *ld, const struct ldap_target *t, const struct ldap_watch *watch,
                            int64_t *ret_last_ms, struct error *err) {
	struct ldap_tickets *tickets = NULL;
	struct arena *a = arena_new();
	int r = ldap_tickets_get(t, watch, &tickets, err);

	if (r == OK)
		r = prepare(ld, t, err);
	const char *offered = r == OK ? read_offered(ld, a) : "";
	const char *mechanism = choose(offered);
	if (r == OK && !mechanism)
		r = error_set(err, ERR_IO,
		              "%s offers no bind by Kerberos (it has: %s); check "
		              "directory.bind.method, and the server's own keytab",
		              t->place.uri, offered);
	if (r == OK)
		r = bind_by(ld, t, mechanism, ldap_tickets_client(tickets), err);
	if (r == OK)
		*ret_last_ms = ldap_tickets_last_ms(tickets);
	ldap_tickets_free(tickets);
	arena_free(a);
	return r;
}
