#include "store/directory/ldap_examine.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <uv.h>

#include "store/directory/ldap_dial.h"

struct examining {
	struct arena *a;
	struct examination *e;
	bool refused; /* a bind: it is not tried again */
};

static int64_t now_ms(void) {
	return (int64_t)(uv_hrtime() / 1000000);
}

static const char *text_of(struct arena *a, const struct ldap_place *p,
                           const struct ldap_peer *peer) {
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (p->path)
		return arena_strdup(a, p->path);
	if (getnameinfo((const struct sockaddr *)&peer->address, peer->len, host, sizeof(host),
	                port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return arena_strdup(a, p->host);
	return peer->address.ss_family == AF_INET6 ? arena_printf(a, "[%s]:%s", host, port)
	                                           : arena_printf(a, "%s:%s", host, port);
}

static void take_security(struct arena *a, const struct ldap_target *t, const struct ldap_link *l,
                          struct examined_security *ret) {
	const struct ldap_secured *s = ldap_link_secured(l);

	*ret = (struct examined_security){
		.tls = arena_strdup(a, s->tls),
		.cipher = arena_strdup(a, s->cipher),
		.subject = arena_strdup(a, s->subject),
		.issuer = arena_strdup(a, s->issuer),
		.expires = s->expires,
		.mechanism = t->bind.method == BIND_GSSAPI ? "Kerberos" : "",
		.sasl_bits = s->sasl_bits,
		.local = t->place.path != NULL,
	};
}

/* It answers whoever asks: then it was the bind that failed. */
static bool answers_nobody(const struct ldap_target *t, struct ldap_peer peer) {
	struct ldap_target nobody = *t;
	struct ldap_link *l = NULL;
	struct error err;

	if (t->bind.method == BIND_ANONYMOUS)
		return false;
	nobody.bind = (struct bind_config){ .method = BIND_ANONYMOUS };
	if (ldap_link_open(&nobody, &peer, &l, &err) < 0)
		return false;
	ldap_link_close(l);
	return true;
}

static void look_around(struct examining *x, const struct ldap_target *t, struct ldap_link *l,
                        struct examined_address *ret) {
	struct examined_root *root = ARENA_NEW(x->a, struct examined_root);
	const char *why = NULL;

	if (!ldap_examine_root(l, x->a, root, &why)) {
		ret->fault = why;
		return;
	}
	if (x->e->root || ret->anonymous)
		return;
	root->uri = t->place.uri;
	root->address = ret->text;
	take_security(x->a, t, l, &root->security);
	x->e->root = root;
}

static void examine_address(struct examining *x, const struct ldap_target *target,
                            struct ldap_peer peer, struct examined_address *ret) {
	struct ldap_target t = *target;
	struct ldap_link *l = NULL;
	struct error err;
	int64_t begin = now_ms();

	t.tells = true;
	ret->text = text_of(x->a, &t.place, &peer);
	if (x->refused) {
		t.bind = (struct bind_config){ .method = BIND_ANONYMOUS };
		ret->anonymous = true;
	}
	int r = ldap_link_open(&t, &peer, &l, &err);
	if (r < 0) {
		ret->fault = arena_strdup(x->a, err.text);
		ret->reached = answers_nobody(&t, peer);
		x->refused |= r == ERR_INVALID;
	} else {
		ret->reached = true;
		look_around(x, target, l, ret);
	}
	ldap_link_close(l);
	ret->ms = now_ms() - begin;
}

static void examine_server(struct examining *x, const struct ldap_target *t,
                           struct examined_server *ret) {
	struct ldap_peer *peers;
	size_t n = 0;
	struct error err;

	ret->uri = arena_strdup(x->a, t->place.uri);
	if (ldap_addresses(x->a, &t->place, t->timeout_ms, &peers, &n, &err) < 0)
		ret->fault = arena_strdup(x->a, err.text);
	for (size_t i = 0; i < n; i++) {
		struct examined_address address = { 0 };
		examine_address(x, t, peers[i], &address);
		ARENA_PUSH(x->a, &ret->addresses, address);
	}
}

void ldap_examine(const struct ldap_target *targets, size_t n, const struct ldap_target *catalog,
                  struct arena *a, struct examination *ret) {
	struct examining x = { .a = a, .e = ret };

	ret->servers = ARENA_ARRAY(a, struct examined_server, n);
	ret->n_servers = n;
	for (size_t i = 0; i < n; i++)
		examine_server(&x, targets + i, ret->servers + i);
	if (!catalog || !ret->root)
		return;
	ret->catalog = ARENA_NEW(a, struct examined_server);
	examine_server(&x, catalog, ret->catalog);
}
