/*
 * config -- how one installation is set up, as written in mbxctl.yaml.
 *
 * Plain data. Paths are as written: whoever opens them makes them relative to the file's folder.
 * No secret stands in it, only the names of the files that hold one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

enum bind_method { BIND_DEFAULT, BIND_SIMPLE, BIND_GSSAPI, BIND_EXTERNAL, BIND_ANONYMOUS };
enum tls_mode { TLS_DEFAULT, TLS_LDAPS, TLS_STARTTLS, TLS_OFF };

struct tls_config {
	enum tls_mode mode;
	const char *ca_file, *cert_file, *key_file;
};

struct bind_config {
	enum bind_method method;
	const char *dn, *password_file; /* simple */
	/* gssapi: of the first two there is one at most; none is the process's own cache */
	const char *keytab, *ccache, *principal;
};

struct credential {
	const char *name;
	struct bind_config bind;
	struct tls_config tls;
	const char *base, *uri;
};

struct window {
	bool deny;
	const char *when;
	int64_t seconds; /* how long, from then */
};

struct config {
	const char *file;             /* NULL where there is none: all is as by default */
	const char *const *manifests; /* NULL-ended; NULL where not given */
	const char *store;            /* `sqlite:FILE`; NULL where not given */
	struct {
		const char *const *uris; /* NULL-ended; NULL where not given */
		const char *base, *configuration, *global_catalog;
		struct bind_config bind;
		struct tls_config tls;
		int64_t timeout; /* seconds */
	} directory;
	struct credential *credentials;
	size_t n_credentials;
	const char *primary_domain;
	struct {
		int64_t version;
		bool has_shared_display_type;
		int64_t shared_display_type; /* fits 32 bits */
	} exchange;
	struct {
		int64_t changes, changes_percent;
	} limits;
	struct {
		bool enforce;
		int64_t interval; /* seconds */
		int64_t jitter_percent;
		const char *control, *listen;
		struct window *windows;
		size_t n_windows;
	} agent;
};

/* Every field as it is where the file does not say. */
void config_defaults(struct config *ret);

/*
 * Decodes the file over the defaults; every problem goes to `diags`. Results live in `a`.
 * `label` becomes config.file.
 */
void config_decode(struct arena *a, const char *label, const char *bytes, size_t len,
                   struct config *ret, struct diags *diags);

/* The credential of that name; NULL: there is none. */
const struct credential *config_credential(const struct config *c, const char *name);

/* The host of an LDAP URI (`dc01.contoso.com` of `ldaps://dc01.contoso.com:636`), or NULL. */
char *config_uri_host(struct arena *a, const char *uri);

/*
 * What is wrong with a text given for `directory.uri`, `store` or `agent.listen`, as the end of a
 * sentence that begins with the text; NULL: nothing. Also for those that come from a flag.
 */
const char *config_uri_fault(struct arena *a, const char *uri);
const char *config_store_fault(struct arena *a, const char *uri);
const char *config_listen_fault(struct arena *a, const char *listen);
