#include "agent/reach.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/file.h"

/* A secret's file stands beside the config, like everything that it names. */
static const char *beside(const struct session *s, struct arena *a, const char *path) {
	return path && s->config.file ? file_beside(a, s->config.file, path) : path;
}

static struct bind_config bind_of(const struct session *s, struct arena *a,
                                  const struct bind_config *b) {
	struct bind_config bind = *b;

	bind.password_file = beside(s, a, b->password_file);
	bind.keytab = beside(s, a, b->keytab);
	bind.ccache = beside(s, a, b->ccache);
	return bind;
}

static struct tls_config tls_of(const struct session *s, struct arena *a,
                                const struct tls_config *t) {
	return (struct tls_config){ .mode = t->mode,
		                    .ca_file = beside(s, a, t->ca_file),
		                    .cert_file = beside(s, a, t->cert_file),
		                    .key_file = beside(s, a, t->key_file) };
}

static bool is_file(const char *uri) {
	return strncasecmp(uri, "ldif:", 5) == 0;
}

static bool is_at(struct arena *a, const char *uri, const char *host) {
	const char *named = config_uri_host(a, uri);

	return named && strcasecmp(named, host) == 0;
}

/* Those of a list that are on the host, in their order; NULL-ended. */
static const char **at_host(struct arena *a, const char *const *uris, const char *host,
                            size_t *ret_n) {
	size_t n = 0;

	while (uris[n])
		n++;
	const char **list = ARENA_ARRAY(a, const char *, n + 1);
	*ret_n = 0;
	for (size_t i = 0; i < n; i++)
		if (is_at(a, uris[i], host))
			list[(*ret_n)++] = uris[i];
	return list;
}

/* ---- our own -------------------------------------------------------------------------------- */

static int pin(struct session *s, const char *host, struct error *err) {
	const char *const *others = s->directory.others;
	size_t n = 0;

	while (others && others[n])
		n++;
	const char **all = ARENA_ARRAY(s->a, const char *, n + 2);
	all[0] = s->directory.uri;
	for (size_t i = 0; i < n; i++)
		all[i + 1] = others[i];
	const char **here = at_host(s->a, all, host, &n);
	if (!n)
		return error_set(
		        err, ERR_INVALID,
		        "MBXCTL_DC is \"%s\", which is none of the directory's hosts: write "
		        "one of those in directory.uri",
		        host);
	s->directory.uri = s->directory_uri = here[0];
	s->directory.others = here + 1;
	return OK;
}

int reach_own(struct session *s, struct error *err) {
	const struct config *c = &s->config;
	const char *const *uris = c->directory.uris;
	const char *dc = getenv("MBXCTL_DC"), *instead = getenv("MBXCTL_DIRECTORY");
	bool of_config = uris && !s->o->directory && !(instead && *instead);

	s->directory = (struct directory_options){
		.uri = s->directory_uri,
		.others = of_config ? uris + 1 : NULL,
		.base = c->directory.base,
		.configuration = c->directory.configuration,
		.global_catalog = of_config ? c->directory.global_catalog : NULL,
		.bind = bind_of(s, s->a, &c->directory.bind),
		.tls = tls_of(s, s->a, &c->directory.tls),
		.timeout = c->directory.timeout,
	};
	if (!s->directory_uri || is_file(s->directory_uri))
		return OK;
	s->settings.several_servers = of_config && uris[1];
	return dc && *dc ? pin(s, dc, err) : OK;
}

/* ---- elsewhere ------------------------------------------------------------------------------ */

/* The same in every way, but at this host. */
static int reach_server(const struct session *s, struct arena *a, const char *host,
                        struct directory_options *ret, struct error *err) {
	size_t n = 0;
	const char **here = at_host(a, s->config.directory.uris, host, &n);

	if (!n)
		return error_set(err, ERR_INVALID,
		                 "\"%s\" is no host of the config's directory.uri", host);
	*ret = s->directory;
	ret->uri = here[0];
	ret->others = here + 1;
	return OK;
}

/* Without a URI of its own a forest is reached by its host's name, never in the clear: with
 * Kerberos what is said is signed and sealed, with anything else TLS has to do that. */
static const char *uri_at(struct arena *a, const char *host, const struct bind_config *bind) {
	bool six = strchr(host, ':') != NULL;

	return arena_printf(a, "%s://%s%s%s", bind->method == BIND_GSSAPI ? "ldap" : "ldaps",
	                    six ? "[" : "", host, six ? "]" : "");
}

static const char *uri_of(const struct session *s, struct arena *a, const char *uri) {
	return is_file(uri) ? arena_printf(a, "ldif:%s", beside(s, a, uri + 5)) : uri;
}

static int reach_forest(const struct session *s, struct arena *a, const struct elsewhere *e,
                        struct directory_options *ret, struct error *err) {
	const struct config *c = &s->config;
	const struct credential *by = config_credential(c, e->credential);

	*ret = (struct directory_options){ .timeout = c->directory.timeout };
	if (*e->credential && !by)
		return error_set(err, ERR_INVALID, "the config has no credential \"%s\"",
		                 e->credential);
	if (by) {
		ret->bind = bind_of(s, a, &by->bind);
		ret->tls = tls_of(s, a, &by->tls);
		ret->base = by->base;
	} else if (c->directory.bind.method == BIND_GSSAPI) {
		ret->bind = s->directory.bind;
		ret->tls.ca_file = s->directory.tls.ca_file;
	} else
		return error_set(
		        err, ERR_INVALID,
		        "%s needs a credential: the config binds by another way than gssapi",
		        e->host);
	ret->uri = by && by->uri ? uri_of(s, a, by->uri) : uri_at(a, e->host, &ret->bind);
	return OK;
}

int reach_elsewhere(const struct session *s, struct arena *a, const struct elsewhere *e,
                    struct directory_options *ret, struct error *err) {
	return e->forest ? reach_forest(s, a, e, ret, err) : reach_server(s, a, e->host, ret, err);
}
