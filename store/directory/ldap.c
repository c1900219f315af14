/*
 * The LDAP back-end: a server, by one connection for reading and one for writing.
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "base/dn.h"
#include "store/directory/directory.h"
#include "store/directory/ldap_apply.h"
#include "store/directory/ldap_examine.h"
#include "store/directory/ldap_forest.h"

enum { WINDOW = 64, HURRY_MS = 500 };

struct ldap {
	struct directory base;
	struct arena *arena;
	struct directory_options options;
	struct ldap_target *targets; /* in the order in which they are tried */
	size_t n_targets;
	const struct ldap_target *pinned; /* it answered; NULL: none yet */
	struct ldap_peer peer;            /* by this address */
	struct ldap_link *read, *write;
	struct ldap_target *catalog_target; /* NULL: none */
	struct ldap_peer catalog_peer;
	struct ldap_link *catalog;
	/* of a pass: */
	struct arena *pass;
	struct ldap_server server, catalog_server;
	struct ldap_reader reader;
};

/* ---- life ----------------------------------------------------------------------------------- */

static void ldap_end(struct directory *d) {
	struct ldap *l = (struct ldap *)d;

	l->reader.swept = ldap_catch_free(l->reader.swept);
	l->pass = arena_free(l->pass);
	l->reader = (struct ldap_reader){ 0 };
}

static void ldap_free(struct directory *d) {
	struct ldap *l = (struct ldap *)d;

	ldap_end(d);
	ldap_link_close(l->read);
	ldap_link_close(l->write);
	ldap_link_close(l->catalog);
	arena_free(l->arena);
}

static int set_target(struct ldap *l, struct ldap_target *t, const char *uri, struct error *err) {
	t->bind = l->options.bind;
	t->tls = l->options.tls;
	t->timeout_ms = l->options.timeout * 1000;
	int r = ldap_place_parse(l->arena, uri, &t->place, err);
	if (r == OK)
		r = ldap_target_check(t, err);
	*t = ldap_target_copy(l->arena, t);
	return r;
}

static int take_target(struct ldap *l, const char *uri, struct error *err) {
	return set_target(l, l->targets + l->n_targets++, uri, err);
}

static int take_catalog(struct ldap *l, const char *uri, struct error *err) {
	l->catalog_target = ARENA_NEW(l->arena, struct ldap_target);
	return set_target(l, l->catalog_target, uri, err);
}

static int check_dn(struct arena *a, const char *text, const char *what, struct error *err) {
	return !text || dn_normal(a, text)
	               ? OK
	               : error_set(err, ERR_INVALID, "the directory's %s \"%s\" is no DN", what,
	                           text);
}

static int ldap_new(const struct directory_options *o, struct directory **ret, struct error *err) {
	struct arena *a = arena_new();
	struct ldap *l = ARENA_NEW(a, struct ldap);
	size_t others = 0;

	while (o->others && o->others[others])
		others++;
	*l = (struct ldap){ .base.ops = &directory_ldap, .arena = a, .options = *o };
	l->options.base = arena_strdup(a, o->base);
	l->options.configuration = arena_strdup(a, o->configuration);
	l->targets = ARENA_ARRAY(a, struct ldap_target, others + 1);
	int r = check_dn(a, o->base, "base", err);
	if (r == OK)
		r = check_dn(a, o->configuration, "configuration", err);
	if (r == OK)
		r = take_target(l, o->uri, err);
	for (size_t i = 0; r == OK && i < others; i++)
		r = take_target(l, o->others[i], err);
	if (r == OK && o->global_catalog)
		r = take_catalog(l, o->global_catalog, err);
	if (r < 0) {
		arena_free(a);
		return r;
	}
	*ret = &l->base;
	return OK;
}

/* ---- connecting ----------------------------------------------------------------------------- */

/*
 * The first that answers. Once one did, the pass stays with it: another may not know yet what it
 * knows. Where we are what is wrong, no other is asked: a bad key or password at each of five
 * controllers locks the account.
 */
static int connect_any(struct ldap *l, struct error *err) {
	char *all = arena_strdup(l->pass, "");
	int r = ERR_IO;

	if (l->pinned)
		return ldap_link_open(l->pinned, &l->peer, &l->read, err);
	for (size_t i = 0; i < l->n_targets; i++) {
		l->peer.len = 0;
		r = ldap_link_open(l->targets + i, &l->peer, &l->read, err);
		if (r == OK) {
			l->pinned = l->targets + i;
			return OK;
		}
		all = arena_printf(l->pass, "%s%s%s", all, i ? "; " : "", err->text);
		if (r == ERR_INVALID)
			break;
	}
	return error_set(err, r, "%s", all);
}

static int look_around(struct ldap *l, struct error *err) {
	struct ldap_server *s = &l->server;
	int r = ldap_server_read(l->read, l->pass, s, err);

	if (r == OK && !s->n_contexts && !l->options.base)
		r = error_set(err, ERR_INVALID,
		              "%s names no naming context; write directory.base into the config",
		              l->pinned->place.uri);
	if (r == OK && l->options.base)
		r = ldap_server_has(l->read, l->options.base, "base", err);
	if (r == OK && l->options.configuration)
		r = ldap_server_has(l->read, l->options.configuration, "configuration", err);
	return r;
}

static bool stands(struct ldap_link *link) {
	return link && !ldap_link_lost(link);
}

/* Where there is no fresh ticket, of a KDC that is down, the old one does for as long as it lasts.
 */
static void renew(const struct ldap_target *target, struct ldap_peer *peer,
                  struct ldap_link **link) {
	struct ldap_link *fresh = NULL;
	struct error err = { 0 };

	if (!stands(*link) || !ldap_link_stale(*link))
		return;
	if (ldap_link_open(target, peer, &fresh, &err) < 0) {
		ldap_link_make_do(*link);
		return;
	}
	ldap_link_close(*link);
	*link = fresh;
}

/* A connection that stands from an earlier pass may have died since: then there is a second try. */
static int connect_and_look(struct ldap *l, struct error *err) {
	renew(l->pinned, &l->peer, &l->read);
	if (stands(l->read) && look_around(l, err) == OK)
		return OK;
	if (stands(l->read))
		return err->code;
	l->read = ldap_link_close(l->read);
	l->write = ldap_link_close(l->write);
	int r = connect_any(l, err);
	return r == OK ? look_around(l, err) : r;
}

static const char *normal(struct ldap *l, const char *dn) {
	return dn ? dn_normal(l->pass, dn) : NULL;
}

static void prepare_reader(struct ldap *l, bool write) {
	const struct ldap_server *s = &l->server;
	const char *base = l->options.base ? l->options.base : s->active_directory ? s->base : NULL;
	const char *configuration =
	        l->options.configuration ? l->options.configuration : s->configuration;

	l->reader = (struct ldap_reader){ .link = l->read,
		                          .server = s,
		                          .base = base,
		                          .configuration = configuration,
		                          .scope = { normal(l, base), normal(l, configuration) },
		                          /* Right before a write nothing older will do. */
		                          .no_sweep = write };
}

/* ---- the global catalogue ------------------------------------------------------------------- */

static int open_catalog(struct ldap *l, struct error *err) {
	renew(l->catalog_target, &l->catalog_peer, &l->catalog);
	if (stands(l->catalog))
		return OK;
	l->catalog = ldap_link_close(l->catalog);
	return ldap_link_open(l->catalog_target, &l->catalog_peer, &l->catalog, err);
}

/* It is asked for the domains that the server does not hold; where it cannot be, those stay gaps,
 * and say why. A sweep over a whole forest would bring more than anybody asked for. */
static void use_catalog(struct ldap *l) {
	struct ldap_reader *r = &l->reader;
	struct error err = { 0 };

	if (!l->catalog_target || !r->n_gaps)
		return;
	int code = open_catalog(l, &err);
	if (code == OK)
		code = ldap_server_read(l->catalog, l->pass, &l->catalog_server, &err);
	for (size_t i = 0; code < 0 && i < r->n_gaps; i++)
		r->gaps[i].why =
		        arena_printf(l->pass, "the global catalogue cannot be asked: %s", err.text);
	if (code < 0)
		return;
	const char **domains = ARENA_ARRAY(l->pass, const char *, r->n_gaps);
	bool archives = ldap_server_catalogs(l->read, &l->server, ATTR_ARCHIVE_GUID);
	for (size_t i = 0; i < r->n_gaps; i++) {
		domains[i] = r->gaps[i].dn;
		r->gaps[i].archives_alone = !archives;
		r->gaps[i].why = "the global catalogue does not have msExchArchiveGUID "
		                 "(isMemberOfPartialAttributeSet)";
	}
	l->catalog_server.contexts = domains;
	l->catalog_server.n_contexts = r->n_gaps;
	r->catalog = l->catalog;
	r->catalog_server = &l->catalog_server;
	r->no_sweep = true;
}

/* Active Directory answers whoever is not bound with an error that says nothing of that. */
static void advise_to_bind(struct ldap *l, struct error *err) {
	const struct error had = *err;

	if (l->server.active_directory && stands(l->read) && ldap_link_is_nobody(l->read) &&
	    strstr(had.text, ldap_err2string(LDAP_OPERATIONS_ERROR)))
		error_set(err, had.code,
		          "%s; Active Directory tells little to who is not bound: write "
		          "directory.bind into the config",
		          had.text);
}

static int ldap_begin(struct directory *d, bool write, struct error *err) {
	struct ldap *l = (struct ldap *)d;

	ldap_end(d);
	l->pass = arena_new();
	int r = connect_and_look(l, err);
	if (r == OK) {
		prepare_reader(l, write);
		r = ldap_forest(&l->reader, l->pass, err);
	}
	if (r == OK)
		use_catalog(l);
	if (r < 0) {
		advise_to_bind(l, err);
		ldap_end(d);
	}
	return r;
}

/* A server that fell silent once is not waited for as long again. */
static const char *reopen(struct ldap *l, struct ldap_link **link) {
	bool silent =
	        (l->read && ldap_link_silent(l->read)) || (l->write && ldap_link_silent(l->write));
	struct ldap_target target = *l->pinned;
	struct error err = { 0 };

	if (silent && target.timeout_ms > HURRY_MS)
		target.timeout_ms = HURRY_MS;
	if (silent && l->read)
		ldap_link_hurry(l->read, HURRY_MS);
	renew(l->pinned, &l->peer, link);
	if (stands(*link))
		return NULL;
	*link = ldap_link_close(*link);
	return ldap_link_open(&target, &l->peer, link, &err) == OK
	               ? NULL
	               : arena_strdup(l->pass, err.text);
}

/* Whoever reads next asks the connection that there is now, or is told that there is none. */
static const char *reopen_reader(struct ldap *l) {
	const char *why = reopen(l, &l->read);

	l->reader.link = l->read;
	l->reader.why = why;
	return why;
}

/* ---- reading and writing -------------------------------------------------------------------- */

static void ldap_fetch_keys(struct directory *d, const struct keys *keys, struct world *w) {
	struct ldap *l = (struct ldap *)d;

	if (!world_base(w) && (l->options.base || l->server.base))
		world_set_base(w, arena_strdup(world_arena(w),
		                               l->options.base ? l->options.base : l->server.base));
	if (!l->reader.server)
		l->reader.why = "the directory was not read";
	else {
		renew(l->pinned, &l->peer, &l->read);
		l->reader.link = l->read;
	}
	ldap_fetch(&l->reader, keys, w);
}

static int ldap_apply_batch(struct directory *d, struct arena *a, struct modification *batch,
                            size_t n, struct error *err) {
	struct ldap *l = (struct ldap *)d;

	assert(l->reader.server);
	const char *why = reopen_reader(l);
	if (!why)
		why = reopen(l, &l->write);
	if (why)
		return error_set(err, ERR_IO, "%s", why);
	ldap_apply(&l->reader, l->write, a, batch, n);
	/* What is read next is what shows whether a lost write arrived. */
	(void)reopen_reader(l);
	return OK;
}

/* ---- examining ------------------------------------------------------------------------------ */

static void ldap_examine_servers(struct directory *d, struct arena *a, struct examination *ret) {
	const struct ldap *l = (struct ldap *)d;

	ldap_examine(l->targets, l->n_targets, l->catalog_target, a, ret);
}

static void ldap_examine_one(struct directory *d, struct arena *a, const char *dn,
                             const char *object, struct examined_user *ret) {
	struct ldap *l = (struct ldap *)d;
	const char *why = l->reader.server ? reopen_reader(l) : "the directory was not read";

	for (size_t i = 0; i < l->reader.n_gaps; i++)
		ARENA_PUSH(a, &ret->domains_elsewhere, dn_domain(a, l->reader.gaps[i].dn));
	ret->catalog_asked = l->reader.catalog != NULL;
	if (why)
		ret->why = arena_strdup(a, why);
	else
		ldap_examine_user(l->read, &l->server,
		                  l->reader.base ? l->reader.base : l->server.base, a, dn, object,
		                  ret);
}

const struct directory_ops directory_ldap = {
	.schemes = { "ldap", "ldaps", "ldapi" },
	.window = WINDOW,
	.open = ldap_new,
	.free = ldap_free,
	.begin = ldap_begin,
	.end = ldap_end,
	.fetch = ldap_fetch_keys,
	.apply = ldap_apply_batch,
	.examine = ldap_examine_servers,
	.examine_user = ldap_examine_one,
};
