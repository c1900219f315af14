#include "store/directory/ldap_secured.h"

#include <gnutls/x509.h>
#include <stdio.h>

#include "base/timestamp.h"

static void take_text(LDAP *ld, int option, char *ret, size_t size) {
	char *text = NULL;

	if (ldap_get_option(ld, option, &text) == LDAP_SUCCESS && text)
		snprintf(ret, size, "%s", text);
	ldap_memfree(text);
}

static void take_name(int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
                      gnutls_x509_crt_t certificate, char *ret, size_t size) {
	gnutls_datum_t name;

	if (get(certificate, &name, 0) < 0)
		return;
	snprintf(ret, size, "%.*s", (int)name.size, (const char *)name.data);
	gnutls_free(name.data);
}

static void take_certificate(const struct berval *der, struct ldap_secured *ret) {
	const gnutls_datum_t bytes = { (unsigned char *)der->bv_val, (unsigned)der->bv_len };
	gnutls_x509_crt_t certificate;

	if (gnutls_x509_crt_init(&certificate) < 0)
		return;
	if (gnutls_x509_crt_import(certificate, &bytes, GNUTLS_X509_FMT_DER) == 0) {
		take_name(gnutls_x509_crt_get_dn3, certificate, ret->subject, sizeof(ret->subject));
		take_name(gnutls_x509_crt_get_issuer_dn3, certificate, ret->issuer,
		          sizeof(ret->issuer));
		ret->expires = gnutls_x509_crt_get_expiration_time(certificate);
	}
	gnutls_x509_crt_deinit(certificate);
}

void ldap_secured_read(LDAP *ld, struct ldap_secured *ret) {
	struct berval der = { 0 };
	ber_len_t bits = 0;

	*ret = (struct ldap_secured){ .expires = TIMESTAMP_NONE };
	if (ldap_tls_inplace(ld)) {
		take_text(ld, LDAP_OPT_X_TLS_VERSION, ret->tls, sizeof(ret->tls));
		take_text(ld, LDAP_OPT_X_TLS_CIPHER, ret->cipher, sizeof(ret->cipher));
		if (ldap_get_option(ld, LDAP_OPT_X_TLS_PEERCERT, &der) == LDAP_SUCCESS &&
		    der.bv_val)
			take_certificate(&der, ret);
		ldap_memfree(der.bv_val);
	}
	if (ldap_get_option(ld, LDAP_OPT_X_SASL_SSF, &bits) == LDAP_SUCCESS)
		ret->sasl_bits = (int)bits;
}
