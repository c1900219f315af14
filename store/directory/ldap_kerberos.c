#include "store/directory/ldap_kerberos.h"

#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>

#include "store/directory/ldap_kerberos_why.h"
#include "store/directory/secret.h"

struct ldap_tickets {
	struct arena *arena;
	krb5_context krb;
	krb5_ccache cache; /* ours */
	krb5_principal client;
	int64_t last_ms;
	const struct ldap_watch *watch;
	struct ldap_kerberos_asked asked; /* what an error is about */
};

static const char *name_of(struct ldap_tickets *k, krb5_const_principal principal) {
	char *text;

	if (krb5_unparse_name(k->krb, principal, &text))
		return NULL;
	const char *copy = arena_strdup(k->arena, text);
	krb5_free_unparsed_name(k->krb, text);
	return copy;
}

/* From here on a KDC is asked, or a name server on the way to one. */
static void take_client(struct ldap_tickets *k, krb5_principal client) {
	k->client = client;
	k->asked.client = name_of(k, client);
	k->asked.realm = arena_printf(k->arena, "%.*s", (int)client->realm.length,
	                              client->realm.data ? client->realm.data : "");
	ldap_watch_tell(k->watch, arena_printf(k->arena, "the KDC of %s", k->asked.realm));
}

/* As the config has it; NULL: as the keytab or the cache does. */
static krb5_error_code parse_client(struct ldap_tickets *k, const char *principal,
                                    krb5_principal *ret) {
	*ret = NULL;
	if (!principal)
		return 0;
	k->asked.client = principal;
	return krb5_parse_name(k->krb, principal, ret);
}

/* ---- by a keytab ---------------------------------------------------------------------------- */

static void remember(struct ldap_tickets *k, const krb5_keytab_entry *entry) {
	const char *name = name_of(k, entry->principal);
	const char *held = k->asked.held;

	if (name && !(held && strstr(held, name)))
		k->asked.held = held ? arena_printf(k->arena, "%s, %s", held, name) : (char *)name;
}

/* Whom the keytab is of: the first; and all of them, for an error. */
static krb5_error_code read_keytab(struct ldap_tickets *k, krb5_keytab keytab,
                                   krb5_principal *first) {
	krb5_keytab_entry entry;
	krb5_kt_cursor cursor;
	krb5_error_code code = krb5_kt_start_seq_get(k->krb, keytab, &cursor);

	if (code)
		return code;
	while ((code = krb5_kt_next_entry(k->krb, keytab, &entry, &cursor)) == 0) {
		remember(k, &entry);
		if (!*first)
			code = krb5_copy_principal(k->krb, entry.principal, first);
		krb5_free_keytab_entry_contents(k->krb, &entry);
		if (code)
			break;
	}
	(void)krb5_kt_end_seq_get(k->krb, keytab, &cursor);
	return code == KRB5_KT_END && *first ? 0 : code;
}

/* Nobody acts in our name elsewhere with what we get here. */
static krb5_error_code ask_kdc(struct ldap_tickets *k, krb5_keytab keytab) {
	krb5_get_init_creds_opt *options = NULL;
	krb5_creds creds = { 0 };
	krb5_error_code code = krb5_get_init_creds_opt_alloc(k->krb, &options);

	if (code)
		return code;
	krb5_get_init_creds_opt_set_forwardable(options, 0);
	krb5_get_init_creds_opt_set_proxiable(options, 0);
	code = krb5_get_init_creds_keytab(k->krb, &creds, k->client, keytab, 0, NULL, options);
	if (!code)
		code = krb5_cc_initialize(k->krb, k->cache, creds.client);
	if (!code)
		code = krb5_cc_store_cred(k->krb, k->cache, &creds);
	krb5_free_cred_contents(k->krb, &creds);
	krb5_get_init_creds_opt_free(k->krb, options);
	return code;
}

static krb5_error_code take_keytab(struct ldap_tickets *k, const struct bind_config *bind) {
	const char *name = arena_printf(k->arena, "FILE:%s", bind->keytab);
	krb5_principal given = NULL, first = NULL;
	krb5_keytab keytab;
	krb5_error_code code = krb5_kt_resolve(k->krb, name, &keytab);

	if (code)
		return code;
	code = parse_client(k, bind->principal, &given);
	if (!code)
		code = read_keytab(k, keytab, &first);
	if (!code) {
		take_client(k, given ? given : first);
		code = ask_kdc(k, keytab);
	}
	if (k->client != given)
		krb5_free_principal(k->krb, given);
	if (k->client != first)
		krb5_free_principal(k->krb, first);
	krb5_kt_close(k->krb, keytab);
	return code;
}

/* ---- by a cache ----------------------------------------------------------------------------- */

/* That of the config, else the process's own: of a collection the one of that principal. */
static krb5_error_code find_cache(struct ldap_tickets *k, const struct bind_config *bind,
                                  krb5_principal given, krb5_ccache *ret) {
	if (bind->ccache)
		return krb5_cc_resolve(k->krb, arena_printf(k->arena, "FILE:%s", bind->ccache),
		                       ret);
	if (given && krb5_cc_cache_match(k->krb, given, ret) == 0)
		return 0;
	return krb5_cc_default(k->krb, ret);
}

static krb5_error_code take_cache(struct ldap_tickets *k, const struct bind_config *bind) {
	krb5_principal given = NULL, owner = NULL;
	krb5_ccache cache = NULL;
	char *name = NULL;
	krb5_error_code code = parse_client(k, bind->principal, &given);

	if (!code)
		code = find_cache(k, bind, given, &cache);
	if (!code && krb5_cc_get_full_name(k->krb, cache, &name) == 0) {
		k->asked.cache = arena_strdup(k->arena, name);
		krb5_free_string(k->krb, name);
	}
	if (!code)
		code = krb5_cc_get_principal(k->krb, cache, &owner);
	if (!code && given && !krb5_principal_compare(k->krb, given, owner)) {
		k->asked.held = name_of(k, owner);
		code = KRB5_PRINC_NOMATCH;
	}
	/* Whoever uses a cache puts tickets into it; this one is not ours. */
	if (!code)
		code = krb5_cc_initialize(k->krb, k->cache, owner);
	if (!code)
		code = krb5_cc_copy_creds(k->krb, cache, k->cache);
	krb5_free_principal(k->krb, given);
	if (!code)
		take_client(k, owner);
	else
		krb5_free_principal(k->krb, owner);
	if (cache)
		krb5_cc_close(k->krb, cache);
	return code;
}

/* ---- the ticket for the server -------------------------------------------------------------- */

static int64_t left_ms(struct ldap_tickets *k, krb5_timestamp end) {
	krb5_timestamp now = 0;

	(void)krb5_timeofday(k->krb, &now);
	int32_t left = (int32_t)((uint32_t)end - (uint32_t)now); /* beyond 2038, too */
	return left > 0 ? (int64_t)left * 1000 : 1;
}

/* GSSAPI would get it by itself, and say less of what goes wrong. */
static krb5_error_code get_ticket(struct ldap_tickets *k, const char *host) {
	krb5_creds wanted = { .client = k->client }, *got = NULL;
	/* Without a host, on a local socket, it is this machine: so libldap has it, too. */
	krb5_error_code code =
	        krb5_sname_to_principal(k->krb, host, "ldap", KRB5_NT_SRV_HST, &wanted.server);

	if (code)
		return code;
	k->asked.service = arena_printf(k->arena, "ldap/%.*s", (int)wanted.server->data[1].length,
	                                wanted.server->data[1].data);
	code = krb5_get_credentials(k->krb, 0, k->cache, &wanted, &got);
	if (!code)
		k->last_ms = left_ms(k, got->times.endtime);
	krb5_free_creds(k->krb, got);
	krb5_free_principal(k->krb, wanted.server);
	return code;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static krb5_error_code get(struct ldap_tickets *k, const struct ldap_target *t) {
	krb5_error_code code = krb5_cc_new_unique(k->krb, "MEMORY", NULL, &k->cache);
	OM_uint32 minor;
	char *name;

	if (!code)
		code = t->bind.keytab ? take_keytab(k, &t->bind) : take_cache(k, &t->bind);
	if (!code)
		code = get_ticket(k, t->place.host);
	if (!code)
		code = krb5_cc_get_full_name(k->krb, k->cache, &name);
	if (code)
		return code;
	if (GSS_ERROR(gss_krb5_ccache_name(&minor, name, NULL)))
		code = (krb5_error_code)minor;
	krb5_free_string(k->krb, name);
	return code;
}

static int fail(struct ldap_tickets *k, krb5_error_code code, const struct ldap_target *t,
                struct error *err) {
	const char *text = k->krb ? krb5_get_error_message(k->krb, code) : NULL;
	const char *why;
	enum err kind = ldap_kerberos_why(k->arena, code, text, &k->asked, &why);

	error_set(err, kind, "%s: Kerberos: %s", t->place.uri, why);
	if (text)
		krb5_free_error_message(k->krb, text);
	return err->code;
}

int ldap_tickets_get(const struct ldap_target *t, const struct ldap_watch *watch,
                     struct ldap_tickets **ret, struct error *err) {
	struct arena *a = arena_new();
	struct ldap_tickets *k = ARENA_NEW(a, struct ldap_tickets);

	*k = (struct ldap_tickets){ .arena = a,
		                    .watch = watch,
		                    .asked = { .keytab = t->bind.keytab,
		                               .cache = t->bind.ccache } };
	/* What can be had with what is read here is worth no less than a password. */
	secret_leave_no_core();
	krb5_error_code code = krb5_init_context(&k->krb);
	if (!code)
		code = get(k, t);
	ldap_watch_tell(watch, "");
	if (code) {
		fail(k, code, t, err);
		ldap_tickets_free(k);
		return err->code;
	}
	*ret = k;
	return OK;
}

int64_t ldap_tickets_last_ms(const struct ldap_tickets *k) {
	return k->last_ms;
}

const char *ldap_tickets_client(const struct ldap_tickets *k) {
	return k->asked.client;
}

struct ldap_tickets *ldap_tickets_free(struct ldap_tickets *k) {
	OM_uint32 minor;

	if (!k)
		return NULL;
	(void)gss_krb5_ccache_name(&minor, NULL, NULL);
	if (k->cache)
		krb5_cc_destroy(k->krb, k->cache);
	krb5_free_principal(k->krb, k->client);
	if (k->krb)
		krb5_free_context(k->krb);
	arena_free(k->arena);
	return NULL;
}
