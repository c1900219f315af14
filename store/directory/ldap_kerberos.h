/*
 * ldap_kerberos -- the tickets for one bind: of the config's keytab, of a credential cache, or of
 * the process's own.
 *
 * Each bind has a cache of its own, in memory, and GSSAPI is told of it for the calling thread
 * alone (gss_krb5_ccache_name): so several forests are bound to at a time, each as somebody else,
 * and no variable of the process has a part in it. A cache in a file is read, never written to.
 *
 * For the thread that owns the connection: a KDC that falls silent may keep it longer than any
 * deadline, and nothing frees it.
 */
#pragma once

#include <stdint.h>

#include "store/directory/ldap_session.h"

struct ldap_tickets;

/*
 * A ticket for the server of the target, as fresh as can be had. ERR_INVALID: with what the config
 * says there will be none, whichever server is asked; ERR_IO: there may be one later.
 */
int ldap_tickets_get(const struct ldap_target *t, const struct ldap_watch *watch,
                     struct ldap_tickets **ret, struct error *err) MUST_USE;

/* For how long it is good; at least 1. */
int64_t ldap_tickets_last_ms(const struct ldap_tickets *tickets);
/* Whose it is: svc@CONTOSO.COM. */
const char *ldap_tickets_client(const struct ldap_tickets *tickets);

/* Once bound, nothing of it is needed any more. NULL is fine; returns NULL. */
struct ldap_tickets *ldap_tickets_free(struct ldap_tickets *tickets);
