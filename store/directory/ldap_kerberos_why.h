/*
 * ldap_kerberos_why -- what to do about an error of Kerberos, for whom it is news.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* What was asked for; NULL where it had not come to that. */
struct ldap_kerberos_asked {
	const char *client, *realm; /* whose tickets, and at whose KDC */
	const char *keytab, *cache; /* where from; without a keytab it is the cache */
	const char *held;           /* whom these are of */
	const char *service;        /* ldap/HOST */
};

/* The sentence; libkrb5's own `text` (NULL: it has none) is in it where it says more. ERR_INVALID:
 * with this config it will never do; ERR_IO: later it may. */
enum err ldap_kerberos_why(struct arena *a, long code, const char *text,
                           const struct ldap_kerberos_asked *asked, const char **ret);
