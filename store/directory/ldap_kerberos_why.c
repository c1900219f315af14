#include "store/directory/ldap_kerberos_why.h"

#include <krb5.h>
#include <stddef.h>
#include <string.h>

#define CLOCKS                                                                                     \
	"the clocks here and at the KDC of {realm} differ by more than it allows (5 minutes by "   \
	"default); set them by one source of time"
#define NO_CACHE                                                                                   \
	"there are no tickets in the credential cache {cache}; run kinit as the one who runs "     \
	"mbxctl, or write keytab into the config"

/* {name} stands for what was asked. */
static const struct {
	krb5_error_code code;
	enum err kind;
	const char *text;
} rows[] = {
	{ KRB5_KT_NOTFOUND, ERR_INVALID,
	  "the keytab {keytab} holds no key of {client} that the KDC could take (it is of {held}); "
	  "check keytab and principal" },
	{ KRB5_KT_END, ERR_INVALID, "the keytab {keytab} holds no key; make it anew" },
	{ KRB5_KEYTAB_BADVNO, ERR_INVALID,
	  "{keytab} is no keytab; make one with ktpass or samba-tool domain exportkeytab" },
	{ KRB5_PARSE_MALFORMED, ERR_INVALID,
	  "the principal {client} is none; write one such as svc-mbx@CONTOSO.COM" },
	{ KRB5_CONFIG_NODEFREALM, ERR_INVALID,
	  "the principal {client} has no realm, and krb5.conf no default_realm; write it whole, "
	  "such as svc-mbx@CONTOSO.COM" },
	{ KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, ERR_INVALID,
	  "the KDC of {realm} knows no account {client}; check principal (a realm is in capital "
	  "letters)" },
	{ KRB5KDC_ERR_PREAUTH_FAILED, ERR_INVALID,
	  "the KDC of {realm} does not take the key of {client} in the keytab {keytab}: its "
	  "password was changed since, or it is the key of another; make the keytab anew" },
	{ KRB5KRB_AP_ERR_BAD_INTEGRITY, ERR_INVALID,
	  "the key of {client} in the keytab {keytab} does not open what the KDC of {realm} "
	  "answers: its password was changed since, or it is the key of another; make the keytab "
	  "anew" },
	{ KRB5KDC_ERR_CLIENT_REVOKED, ERR_INVALID,
	  "the account {client} is disabled, locked out or expired; enable it in {realm}" },
	{ KRB5KDC_ERR_NAME_EXP, ERR_INVALID,
	  "the account {client} has expired; give it another date in {realm}" },
	{ KRB5KDC_ERR_KEY_EXP, ERR_INVALID,
	  "the password of {client} has expired; set a new one and make the keytab anew" },
	{ KRB5KDC_ERR_ETYPE_NOSUPP, ERR_INVALID,
	  "the KDC of {realm} and this machine have no encryption type in common for {client}; "
	  "let the account have AES keys and make the keytab anew" },
	{ KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN, ERR_IO,
	  "the KDC of {realm} knows no service {service}; write the name into the URI by which the "
	  "server is known in its domain (dc01.contoso.com), not its address or another name" },
	{ KRB5_KDC_UNREACH, ERR_IO,
	  "no KDC of {realm} answers; check that its domain controllers run and can be reached "
	  "from here (port 88), and that krb5.conf or the name servers lead to them" },
	{ KRB5_REALM_UNKNOWN, ERR_IO,
	  "no KDC of {realm} is known; check the realm's spelling (in capital letters) and the "
	  "name servers, or write it into krb5.conf" },
	{ KRB5_REALM_CANT_RESOLVE, ERR_IO,
	  "the names of the KDCs of {realm} cannot be resolved; check the name servers and "
	  "krb5.conf" },
	{ KRB5KRB_AP_ERR_SKEW, ERR_IO, CLOCKS },
	{ KRB5_KDCREP_SKEW, ERR_IO, CLOCKS },
	{ KRB5_FCC_NOFILE, ERR_IO, NO_CACHE },
	{ KRB5_CC_NOTFOUND, ERR_IO, NO_CACHE },
	{ KRB5_CC_END, ERR_IO, NO_CACHE },
	{ KRB5KRB_AP_ERR_TKT_EXPIRED, ERR_IO,
	  "the tickets of {client} in the credential cache {cache} have expired; run kinit, or "
	  "write keytab into the config" },
	{ KRB5_CC_FORMAT, ERR_INVALID, "{cache} is no credential cache; run kinit -c {cache}" },
	{ KRB5_CCACHE_BADVNO, ERR_INVALID, "{cache} is no credential cache; run kinit -c {cache}" },
	{ KRB5_PRINC_NOMATCH, ERR_INVALID,
	  "the credential cache {cache} is of {held}, not of {client}; check principal, or run "
	  "kinit {client}" },
};

static const char *value_of(const struct ldap_kerberos_asked *asked, const char *name, size_t len) {
	const struct {
		const char *name, *value;
	} values[] = {
		{ "client", asked->client }, { "realm", asked->realm },
		{ "keytab", asked->keytab }, { "cache", asked->cache },
		{ "held", asked->held },     { "service", asked->service },
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0)
			return values[i].value ? values[i].value : "?";
	return "?";
}

static const char *fill(struct arena *a, const char *text,
                        const struct ldap_kerberos_asked *asked) {
	const char *all = "", *brace;

	while ((brace = strchr(text, '{')) != NULL) {
		size_t len = strcspn(brace + 1, "}");
		all = arena_printf(a, "%s%.*s%s", all, (int)(brace - text), text,
		                   value_of(asked, brace + 1, len));
		text = brace + 1 + len + 1;
	}
	return arena_printf(a, "%s%s", all, text);
}

enum err ldap_kerberos_why(struct arena *a, long code, const char *text,
                           const struct ldap_kerberos_asked *asked, const char **ret) {
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].code == code) {
			*ret = fill(a, rows[i].text, asked);
			return rows[i].kind;
		}
	*ret = arena_printf(a, "%s; check krb5.conf and %s%s%s",
	                    text ? text : "it cannot be used on this machine",
	                    asked->keytab ? "the keytab " : "the credential cache",
	                    asked->keytab  ? asked->keytab
	                    : asked->cache ? " "
	                                   : "",
	                    asked->keytab  ? ""
	                    : asked->cache ? asked->cache
	                                   : "");
	return ERR_IO;
}
