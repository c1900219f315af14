/*
 * slapd -- a private slapd for tests of the LDAP back-end, started by tests/lab/slapd.py.
 *
 * Its suffix is dc=com, and nothing is in it but what slapd_load() puts there: LDIF as the other
 * tests have it, which tests/lab/convert.py makes loadable. Whatever goes wrong fails the test.
 * It ends with slapd_stop(), and with the test's process in any case. Loading costs some hundredth
 * of a second, starting some tenths: start it once for many rows.
 */
#pragma once

#include <stdbool.h>

struct slapd;

/* Is there a slapd on this machine? Where not, its tests are skipped. */
bool slapd_installed(void);

/* `options` as slapd.py takes them, NULL-ended: {"--tls", "expired", NULL}; NULL: none. */
struct slapd *slapd_start(const char *const *options);
void slapd_stop(struct slapd *s); /* NULL is fine */

/* This directory instead of the one that it holds. */
void slapd_load(struct slapd *s, const char *ldif);

/* `stop`, `start`, `freeze` (it is there and does not answer), `thaw`. */
void slapd_request(struct slapd *s, const char *request);

/* Live as long as the slapd; the second and third are "" without TLS or TCP. */
const char *slapd_uri(const struct slapd *s);   /* ldapi:// */
const char *slapd_ldap(const struct slapd *s);  /* ldap://127.0.0.1:... */
const char *slapd_ldaps(const struct slapd *s); /* ldaps://127.0.0.1:... */
const char *slapd_ca_file(const struct slapd *s);

/* The service account, which may write; an EXTERNAL bind over ldapi:// is the same. */
const char *slapd_dn(const struct slapd *s);
const char *slapd_password_file(const struct slapd *s);
