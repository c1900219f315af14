#include "spec/address.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { LOCAL_PART_MAX = 64, DOMAIN_MAX = 253, LABEL_MAX = 63 };

static bool label_character(unsigned char c) {
	return isalnum(c) || c == '-' || c == '_';
}

/* Labels of letters, digits and hyphens, apart by single periods. */
static bool is_domain(const char *s) {
	size_t label = 0;

	if (strlen(s) > DOMAIN_MAX)
		return false;
	for (;; s++) {
		if (label_character((unsigned char)*s) && label < LABEL_MAX) {
			label++;
			continue;
		}
		if ((*s && *s != '.') || label == 0)
			return false;
		if (!*s)
			return true;
		label = 0;
	}
}

const char *domain_fault(struct arena *a, const char *domain) {
	(void)a;
	if (strchr(domain, '@'))
		return "has an @: write the domain alone, such as contoso.com";
	return is_domain(domain) ? NULL : "is no domain: write one such as contoso.com";
}

const char *host_fault(struct arena *a, const char *host) {
	const char *colon = strchr(host, ':');

	(void)a;
	if (strstr(host, "://"))
		return "is a URI: write the host's name alone";
	if (colon && strchr(colon + 1, ':'))
		return strspn(host, "0123456789abcdefABCDEF:.") == strlen(host)
		               ? NULL
		               : "is no IPv6 address: write it without brackets and port";
	if (colon)
		return "has a port: write the host's name alone";
	return is_domain(host) ? NULL : "is no host name: write one such as dc01.contoso.com";
}

static const char *local_part_fault(struct arena *a, const char *s, size_t len) {
	if (len == 0)
		return "has nothing before the @";
	if (len > LOCAL_PART_MAX)
		return arena_printf(a, "has %zu characters before the @: at most %d are allowed",
		                    len, LOCAL_PART_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '.' && (i == 0 || i + 1 == len || s[i + 1] == '.'))
			return "has a period that is not between two other characters";
		if (c >= 0x80)
			return "has a character outside ASCII before the @, where SMTP knows none";
		if (c <= ' ' || c == 0x7f || strchr("\"(),:;<>[\\]", c))
			return arena_printf(a, "has a %s before the @, where it cannot stand",
			                    c == ' ' ? "blank" : arena_printf(a, "\"%c\"", c));
	}
	return NULL;
}

static const char *smtp_fault(struct arena *a, const char *smtp) {
	const char *at = strchr(smtp, '@');

	if (!at)
		return "has no @: write one like SMTP:jevans@contoso.com";
	if (strchr(at + 1, '@'))
		return "has more than one @: write one address an item";
	const char *fault = local_part_fault(a, smtp, (size_t)(at - smtp));
	if (fault)
		return fault;
	return is_domain(at + 1) ? NULL : "has no domain such as contoso.com after the @";
}

const char *address_fault(struct arena *a, const char *address) {
	size_t prefix = 0;

	while (isalnum((unsigned char)address[prefix]) || address[prefix] == '-')
		prefix++;
	if (address[prefix] != ':' || prefix == 0)
		return strchr(address, '@') && !strchr(address, ':')
		               ? arena_printf(a,
		                              "has no prefix: write smtp:%s, or SMTP:%s for the "
		                              "primary address",
		                              address, address)
		               : "has no prefix: write one, such as smtp: or X500:";
	const char *rest = address + prefix + 1;
	if (!*rest)
		return "has nothing after its prefix";
	if (prefix != 4 || strncasecmp(address, "smtp", 4) != 0)
		return NULL;
	if (strncmp(address, "smtp", 4) != 0 && !address_is_primary(address))
		return arena_printf(a,
		                    "is neither primary nor not: write SMTP:%s for the primary "
		                    "address, else smtp:%s",
		                    rest, rest);
	return smtp_fault(a, rest);
}

bool address_is_primary(const char *address) {
	return strncmp(address, "SMTP:", 5) == 0;
}
