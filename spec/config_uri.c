#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "spec/address.h"
#include "spec/config.h"

/* What follows `scheme`, or NULL where the URI has another one. */
static const char *after(const char *uri, const char *scheme) {
	size_t n = strlen(scheme);

	return strncasecmp(uri, scheme, n) == 0 ? uri + n : NULL;
}

/* What follows ldap:// or ldaps://, or NULL. */
static const char *authority(const char *uri) {
	const char *rest = after(uri, "ldap://");

	return rest ? rest : after(uri, "ldaps://");
}

/* `host:port`, `[address]:port`, either without port: the host, and what follows it. */
static char *host_of(struct arena *a, const char *s, const char **ret_rest) {
	bool brackets = *s == '[';
	size_t n = strcspn(s + brackets, brackets ? "]" : ":/?");

	*ret_rest = s + brackets + n;
	if (brackets && **ret_rest == ']')
		++*ret_rest;
	return arena_copy(a, s + brackets, n);
}

static bool is_port(const char *s, size_t n) {
	return n > 0 && n <= 5 && strspn(s, "0123456789") >= n && atoi(s) >= 1 && atoi(s) <= 65535;
}

char *config_uri_host(struct arena *a, const char *uri) {
	const char *rest = authority(uri);

	if (!rest)
		return NULL;
	char *host = host_of(a, rest, &rest);
	return *host ? host : NULL;
}

static const char *authority_fault(struct arena *a, const char *rest) {
	const char *fault, *host = host_of(a, rest, &rest);

	if (!*host)
		return "names no host: write one such as ldaps://dc01.contoso.com";
	fault = host_fault(a, host);
	if (fault)
		return arena_printf(a, "names the host \"%s\", which %s", host, fault);
	size_t port = *rest == ':' ? strcspn(rest + 1, "/?") : 0;
	if (*rest == ':' && !is_port(rest + 1, port))
		return "has no port from 1 to 65535 after the host";
	rest += *rest == ':' ? port + 1 : 0;
	return *rest && strcmp(rest, "/") != 0
	               ? "has something after host and port: write the base below base"
	               : NULL;
}

/* Is it called as exports are? */
static bool is_ldif_name(const char *file) {
	const char *dot = strrchr(file, '.');

	return dot && (strcasecmp(dot, ".ldif") == 0 || strcasecmp(dot, ".ldf") == 0);
}

const char *config_uri_fault(struct arena *a, const char *uri) {
	const char *rest;

	if ((rest = authority(uri)) != NULL)
		return authority_fault(a, rest);
	if (after(uri, "ldapi://"))
		return NULL;
	if ((rest = after(uri, "ldif:")) != NULL)
		return *rest ? NULL : "names no file: write one such as ldif:contoso.ldif";
	if (strchr(uri, ':'))
		return "begins with none of ldap://, ldaps://, ldapi:// and ldif:";
	return strchr(uri, '/') || is_ldif_name(uri)
	               ? arena_printf(a, "is a path alone: write ldif:%s", uri)
	               : arena_printf(a, "is a name alone: write ldaps://%s", uri);
}

const char *config_store_fault(struct arena *a, const char *uri) {
	const char *rest = after(uri, "sqlite:");

	if (!rest && !strchr(uri, ':'))
		return arena_printf(a, "is a path alone: write sqlite:%s", uri);
	if (!rest)
		return "is no store: write sqlite: and a file";
	return *rest ? NULL : "names no file: write one such as sqlite:mbxctl.db";
}

const char *config_listen_fault(struct arena *a, const char *listen) {
	static const char fault[] = "is no address and port: write one such as 127.0.0.1:9464";
	const char *rest, *host = host_of(a, listen, &rest);

	if (!*host || *rest != ':' || !is_port(rest + 1, strlen(rest + 1)))
		return fault;
	return host_fault(a, host) ? fault : NULL;
}
