/* The way to a directory: names, addresses, encryption, who we are there, its clock. */
#include <inttypes.h>
#include <stdlib.h>

#include "agent/doctor/checks.h"
#include "base/timestamp.h"

enum {
	MINUTE = 60,
	DAY = 24 * 60 * MINUTE,
	KERBEROS_SKEW = 5 * MINUTE, /* what a KDC bears (MS-KILE 3.3.1) */
	EXPIRES_SOON = 14 * DAY
};

/* ---- a file --------------------------------------------------------------------------------- */

static void judge_ldif(struct checks *c, const struct examination *e) {
	if (!e->readable) {
		c->unreachable = true;
		check(c, "file", VERDICT_FAULT,
		      "correct the file, or have it made anew by ldifde or ldapsearch", "%s",
		      e->unreadable);
	} else
		check(c, "file", VERDICT_OK, NULL, "%s is an LDIF file that can be read", e->file);
	if (e->unwritable)
		check(c, "writable", VERDICT_WARNING,
		      "plans need no more; for an apply, let whoever runs it write that folder",
		      "%s cannot be rewritten: %s", e->file, e->unwritable);
	else
		check(c, "writable", VERDICT_OK, NULL,
		      "its folder can be written: the lock and the new file are made there");
}

/* ---- the way there -------------------------------------------------------------------------- */

/* `192.0.2.1:636 in 12 ms, 192.0.2.2:636 in 15 ms` */
static const char *times_of(struct arena *a, const struct examined_server *s) {
	struct examined_texts list = { 0 };

	for (size_t i = 0; i < s->addresses.n; i++)
		if (!s->addresses.v[i].fault)
			ARENA_PUSH(a, &list,
			           arena_printf(a, "%s in %" PRId64 " ms%s", s->addresses.v[i].text,
			                        s->addresses.v[i].ms,
			                        s->addresses.v[i].anonymous ? " (not bound)" : ""));
	return listed(a, &list, 8);
}

/* What kept us out, said once where several addresses say the same. */
static const char *faults_of(struct arena *a, const struct examined_server *s) {
	struct examined_texts list = { 0 };

	if (s->fault)
		return s->fault;
	for (size_t i = 0; i < s->addresses.n; i++)
		if (s->addresses.v[i].fault)
			ARENA_PUSH(a, &list,
			           s->addresses.n == 1
			                   ? s->addresses.v[i].fault
			                   : arena_printf(a, "at %s: %s", s->addresses.v[i].text,
			                                  s->addresses.v[i].fault));
	return listed(a, &list, 8);
}

enum way { WAY_OPEN, WAY_PARTLY, WAY_REFUSED, WAY_CLOSED };

static enum way way_of(const struct examined_server *s) {
	size_t open = 0, reached = 0;

	for (size_t i = 0; i < s->addresses.n; i++) {
		open += !s->addresses.v[i].fault;
		reached += s->addresses.v[i].reached;
	}
	if (open)
		return open == s->addresses.n ? WAY_OPEN : WAY_PARTLY;
	return reached ? WAY_REFUSED : WAY_CLOSED;
}

static void judge_way(struct checks *c, const struct examination *e,
                      const struct examined_server *s) {
	/* Another server of the list is gone on with. */
	enum verdict bad = e->root ? VERDICT_WARNING : VERDICT_FAULT;

	switch (way_of(s)) {
	case WAY_OPEN:
		check(c, "server", VERDICT_OK, NULL, "%s answers at %s", s->uri, times_of(c->a, s));
		break;
	case WAY_PARTLY:
		check(c, "server", VERDICT_WARNING,
		      "each run tries the addresses in turn; have the name lead only to servers "
		      "that answer",
		      "%s answers at %s, but not everywhere: %s", s->uri, times_of(c->a, s),
		      faults_of(c->a, s));
		break;
	case WAY_REFUSED:
		check(c, "bind", bad,
		      "the server is there, and does not take who we say we are: see "
		      "directory.bind (of a credential: its own)",
		      "%s", faults_of(c->a, s));
		break;
	case WAY_CLOSED:
		check(c, "server", bad,
		      e->root ? "the others of the list are gone on with; take it out, or see "
		                "to it"
		              : "check the name, the port and the firewalls on the way; "
		                "directory.uri in the config may name several servers",
		      "%s", faults_of(c->a, s));
		break;
	}
}

/* Where the forest has one domain, nothing is asked there: `forest` says whether it matters. */
static void judge_catalog(struct checks *c, const struct examined_server *s) {
	if (way_of(s) == WAY_OPEN)
		check(c, "catalogue", VERDICT_OK, NULL, "%s answers at %s", s->uri,
		      times_of(c->a, s));
	else
		check(c, "catalogue", VERDICT_WARNING,
		      "see to it, or name another in directory.globalCatalog",
		      "the global catalogue does not let us in everywhere: %s", faults_of(c->a, s));
}

/* ---- who we are, and how it is secured ------------------------------------------------------ */

static const char *method_of(const struct bind_config *bind, const struct examined_security *s) {
	switch (bind->method) {
	case BIND_SIMPLE:
		return "by a simple bind";
	case BIND_GSSAPI:
		return "by Kerberos";
	case BIND_EXTERNAL:
		return s->local ? "by the local socket (EXTERNAL)" : "by a certificate (EXTERNAL)";
	case BIND_ANONYMOUS:
		return "anonymously";
	case BIND_DEFAULT:
		break;
	}
	return s->local ? "by the local socket (EXTERNAL), as the config says nothing"
	                : "anonymously, as the config says nothing";
}

static void judge_bind(struct checks *c, const struct examined_root *r,
                       const struct bind_config *bind) {
	const char *method = method_of(bind, &r->security);

	if (r->who)
		check(c, "bind", VERDICT_OK, NULL, "bound as %s, %s", r->who, method);
	else
		check(c, "bind", VERDICT_OK, NULL, "bound %s; the server does not say as whom",
		      method);
}

static void judge_certificate(struct checks *c, const struct examined_root *r) {
	const struct examined_security *s = &r->security;
	int64_t left = s->expires - r->here;
	char date[TIMESTAMP_TEXT], length[TIMESTAMP_TEXT];
	bool soon = s->expires != TIMESTAMP_NONE && left < EXPIRES_SOON;
	const char *certificate =
	        s->expires == TIMESTAMP_NONE
	                ? ""
	                : arena_printf(c->a, "; certificate of %s, issued by %s, valid until %s",
	                               *s->subject ? s->subject : "nobody named", s->issuer,
	                               timestamp_text(s->expires, date));

	check(c, "encryption", soon ? VERDICT_WARNING : VERDICT_OK,
	      soon ? "have the server's certificate renewed" : NULL, "%s, %s%s%s%s", s->tls,
	      s->cipher, certificate, soon ? ": that is in " : "",
	      soon ? duration_text(left, length) : "");
}

static void judge_security(struct checks *c, const struct examined_root *r) {
	const struct examined_security *s = &r->security;

	if (*s->tls)
		judge_certificate(c, r);
	else if (s->sasl_bits > 1)
		check(c, "encryption", VERDICT_OK, NULL, "%s%ssigned and sealed, %d bits",
		      s->mechanism, *s->mechanism ? ", " : "", s->sasl_bits);
	else if (s->local)
		check(c, "encryption", VERDICT_OK, NULL,
		      "a socket of this machine: nothing leaves it");
	else
		check(c, "encryption", VERDICT_WARNING,
		      "write ldaps://, or tls.mode: starttls, into the config",
		      "none: whoever is on the way reads and may change what is said");
}

/* ---- the server ----------------------------------------------------------------------------- */

static void judge_product(struct checks *c, const struct examined_root *r) {
	struct examined_texts contexts = { r->contexts, r->n_contexts, r->n_contexts };
	const char *what = arena_printf(c->a, "%s%s%s; it holds %s", r->product,
	                                r->host ? ", " : "", r->host ? r->host : "",
	                                contexts.n ? listed(c->a, &contexts, 8) : "nothing");

	if (r->read_only)
		check(c, "product", VERDICT_FAULT,
		      "name a domain controller that may be written to in directory.uri",
		      "%s; it is read-only", what);
	else if (r->catching_up)
		check(c, "product", VERDICT_WARNING,
		      "wait until it has replicated (repadmin /showrepl), or name another server",
		      "%s; it has not caught up with the others yet", what);
	else
		check(c, "product", VERDICT_OK, NULL, "%s", what);
}

static void judge_clock(struct checks *c, const struct examined_root *r,
                        const struct bind_config *bind) {
	static const char advice[] = "have both take the time from the domain (w32tm, chrony); "
	                             "Kerberos bears no more than five minutes";
	char length[TIMESTAMP_TEXT];

	if (r->clock == TIMESTAMP_NONE) {
		check(c, "clock", VERDICT_SKIPPED, NULL, "the server does not tell its time");
		return;
	}
	int64_t skew = r->clock - r->here, size = skew < 0 ? -skew : skew;
	enum verdict verdict = size > KERBEROS_SKEW && bind->method == BIND_GSSAPI ? VERDICT_FAULT
	                       : size > MINUTE                                     ? VERDICT_WARNING
	                                                                           : VERDICT_OK;
	check(c, "clock", verdict, verdict == VERDICT_OK ? NULL : advice,
	      "the server's clock is %s%s",
	      size < 2 ? "the same as here" : duration_text(size, length),
	      size < 2   ? ""
	      : skew > 0 ? " ahead of this machine's"
	                 : " behind this machine's");
}

void judge_servers(struct checks *c, const struct examination *e, const struct bind_config *bind) {
	if (e->file) {
		judge_ldif(c, e);
		return;
	}
	for (size_t i = 0; i < e->n_servers; i++)
		judge_way(c, e, e->servers + i);
	if (!e->root) {
		c->unreachable = true;
		return;
	}
	if (e->catalog)
		judge_catalog(c, e->catalog);
	judge_bind(c, e->root, bind);
	judge_security(c, e->root);
	judge_product(c, e->root);
	judge_clock(c, e->root, bind);
}
