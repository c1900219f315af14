/*
 * address -- proxy addresses as Exchange writes them: a prefix, a colon, an address.
 *
 * `SMTP:` is the primary SMTP address, `smtp:` another one; any other prefix (`X500:`, `SIP:`)
 * carries whatever its mail system likes. Whether a domain is accepted is not asked here.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

/*
 * NULL where it is one; else what is wrong, as the end of a sentence that begins with
 * `address "jevans@contoso.com"`.
 */
const char *address_fault(struct arena *a, const char *address);

/* Has it the prefix `SMTP:`, in capitals? */
bool address_is_primary(const char *address);

/* The same for a DNS domain such as `contoso.com`; and as a regular expression of JSON Schema. */
const char *domain_fault(struct arena *a, const char *domain);
#define DOMAIN_PATTERN "([A-Za-z0-9_-]{1,63}\\.)*[A-Za-z0-9_-]{1,63}"

/* The same for the name or the address (IPv4, IPv6) of one host, without scheme and port. */
const char *host_fault(struct arena *a, const char *host);
