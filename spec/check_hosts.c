#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "spec/address.h"
#include "spec/check.h"
#include "spec/source.h"
#include "spec/words.h"

enum { CODES = 4 };

struct checking {
	const struct config *config;
	struct diags *diags;
	struct arena *scratch;
	/* What was told last under each code: a value in `defaults` is told once, not for each
	 * connection that takes it. */
	struct {
		const char *code;
		const struct source *source;
		struct spot at;
	} told[CODES];
};

/* Was this told before? If not, it is from now on. */
static bool told(struct checking *k, const char *code, const struct source *source,
                 struct spot at) {
	size_t i = 0;

	while (i + 1 < CODES && k->told[i].code && strcmp(k->told[i].code, code) != 0)
		i++;
	struct spot last = k->told[i].at;
	bool before =
	        k->told[i].source == source && last.line == at.line && last.column == at.column;
	k->told[i].code = code;
	k->told[i].source = source;
	k->told[i].at = at;
	return before;
}

static void tell(struct checking *k, const struct connection *c, struct spot at, const char *code,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));
static void tell(struct checking *k, const struct connection *c, struct spot at, const char *code,
                 const char *format, ...) {
	va_list args;

	if (told(k, code, c->source, at))
		return;
	va_start(args, format);
	source_vproblem(c->source, k->diags, at, code, format, args);
	va_end(args);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

/* Is the host one that these URIs name? An LDIF file is on no host: any text will do. */
static bool is_known(struct checking *k, const char *host, const char *const *uris) {
	for (; *uris; uris++) {
		const char *named = config_uri_host(k->scratch, *uris);
		if (strncasecmp(*uris, "ldif:", 5) == 0 || (named && strcasecmp(named, host) == 0))
			return true;
	}
	return false;
}

static char *hosts_of(struct checking *k, const char *const *uris) {
	char *list = arena_strdup(k->scratch, "");

	for (; *uris; uris++) {
		const char *host = config_uri_host(k->scratch, *uris);
		if (host)
			list = arena_printf(k->scratch, "%s%s%s", list, *list ? " or " : "", host);
	}
	return list;
}

static void check_host(struct checking *k, const struct connection *c, struct spot at,
                       const char *host, const char *whose, const char *const *uris) {
	if (is_known(k, host, uris))
		return;
	const char *hosts = hosts_of(k, uris);
	tell(k, c, at, "host-differs", "domainController \"%s\" is not the host of %s: %s%s", host,
	     whose, *hosts ? "write " : "take it away, there is none", hosts);
}

/* The host goes into a URI as it is: it must be a host and nothing else. */
static void check_free_host(struct checking *k, const struct connection *c) {
	const char *fault = host_fault(k->scratch, c->linked.domain_controller);

	if (fault)
		tell(k, c, c->linked.domain_controller_at, "host-invalid",
		     "domainController \"%s\" %s", c->linked.domain_controller, fault);
}

/* ---- credentials ----------------------------------------------------------------------------- */

static void tell_unknown(struct checking *k, const struct connection *c) {
	const struct config *config = k->config;
	const char **names = ARENA_ARRAY(k->scratch, const char *, config->n_credentials + 1);
	size_t n = 0;

	for (size_t i = 0; i < config->n_credentials; i++)
		if (config->credentials[i].name)
			names[n++] = config->credentials[i].name;
	tell(k, c, c->linked.credential_at, "credential-unknown",
	     "the config %s has no credential \"%s\"%s", config->file, c->linked.credential,
	     n ? words_advice(k->scratch, c->linked.credential, names, "it has")
	       : ": it has none, add one below credentials");
}

static void check_linked(struct checking *k, const struct connection *c) {
	const struct credential *credential = NULL;

	if (c->linked.credential) {
		credential = config_credential(k->config, c->linked.credential);
		if (!credential) {
			tell_unknown(k, c);
			return;
		}
	} else if (k->config->directory.bind.method != BIND_GSSAPI) {
		tell(k, c, c->linked.at, "credential-required",
		     "a linked connection needs linked.credential, because the config %s does not "
		     "bind with gssapi: name one of its credentials",
		     k->config->file);
		return;
	}
	if (!credential || !credential->uri) {
		check_free_host(k, c);
		return;
	}
	const char *const uris[] = { credential->uri, NULL };
	check_host(k, c, c->linked.domain_controller_at, c->linked.domain_controller,
	           arena_printf(k->scratch, "the credential %s's uri", credential->name), uris);
}

static void check_list(struct checking *k, const struct connection *v, size_t n) {
	for (size_t i = 0; i < n; i++) {
		const struct connection *c = v + i;
		if (c->domain_controller && k->config->directory.uris)
			check_host(k, c, c->domain_controller_at, c->domain_controller,
			           "the config's directory.uri", k->config->directory.uris);
		if (c->type == TYPE_LINKED && !c->archive && c->linked.domain_controller)
			check_linked(k, c);
	}
}

void manifest_check_hosts(const struct connections *all, const struct config *config,
                          struct diags *diags) {
	struct checking k = { .config = config, .diags = diags, .scratch = arena_new() };

	check_list(&k, all->v, all->n);
	check_list(&k, all->faulty.v, all->faulty.n);
	arena_free(k.scratch);
}
