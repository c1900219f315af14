#include "agent/directories.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "agent/reach.h"

/* Another than the config's own. */
struct other {
	const char *name;
	bool forest;
	struct directory *directory; /* NULL: it cannot even be tried */
	bool begun;
	const char *why; /* it cannot be asked; NULL: it can */
	struct other *next;
};

struct directories {
	const struct session *s;
	struct arena *a;
	struct away *away; /* the caller's; NULL */
	struct directory *own;
	struct other *others;
	bool write;
};

int directories_new(const struct session *s, struct away *away, struct directories **ret,
                    struct error *err) {
	struct arena *a = arena_new();
	struct directories *d = ARENA_NEW(a, struct directories);
	int r;

	*d = (struct directories){ .s = s, .a = a, .away = away };
	r = directory_new(&s->directory, &d->own, err);
	if (r < 0)
		arena_free(a);
	else
		*ret = d;
	return r;
}

struct directories *directories_free(struct directories *d) {
	if (!d)
		return NULL;
	for (struct other *o = d->others; o; o = o->next)
		directory_free(o->directory);
	directory_free(d->own);
	arena_free(d->a);
	return NULL;
}

/* ---- a pass --------------------------------------------------------------------------------- */

int directories_begin(struct directories *d, bool write, struct error *err) {
	d->write = write;
	return directory_begin(d->own, write, err);
}

static void end_one(struct other *o) {
	if (o->begun)
		directory_end(o->directory);
	o->begun = false;
}

void directories_end(struct directories *d) {
	directory_end(d->own);
	for (struct other *o = d->others; o; o = o->next) {
		end_one(o);
		o->why = o->directory ? NULL : o->why;
	}
}

void directories_renew(struct directories *d) {
	for (struct other *o = d->others; o; o = o->next)
		end_one(o);
}

/* ---- the others ----------------------------------------------------------------------------- */

static struct other *open_other(struct directories *d, const char *name) {
	struct other *o = ARENA_NEW(d->a, struct other);
	struct directory_options options;
	struct elsewhere e;
	struct error err = { 0 };

	o->name = arena_strdup(d->a, name);
	elsewhere_parse(d->a, name, &e);
	o->forest = e.forest;
	if (reach_elsewhere(d->s, d->a, &e, &options, &err) < 0 ||
	    directory_new(&options, &o->directory, &err) < 0)
		o->why = arena_strdup(d->a, err.text);
	o->next = d->others;
	return d->others = o;
}

static struct other *find(struct directories *d, const char *name) {
	for (struct other *o = d->others; o; o = o->next)
		if (strcmp(o->name, name) == 0)
			return o;
	return open_other(d, name);
}

/* Begun, or with the reason why it is not. Nothing is ever written into an account forest. */
static struct other *other(struct directories *d, const char *name) {
	struct other *o = find(d, name);
	struct error err = { 0 };

	if (o->begun || o->why)
		return o;
	if (d->away)
		o->why = arena_strdup(d->a, away_why(d->away, name, uv_hrtime()));
	if (o->why)
		return o;
	o->begun = directory_begin(o->directory, d->write && !o->forest, &err) == OK;
	if (!o->begun) {
		directory_end(o->directory);
		o->why = arena_strdup(d->a, err.text);
	}
	if (d->away && o->begun)
		away_answered(d->away, name);
	else if (d->away)
		away_failed(d->away, name, o->why, uv_hrtime(), (int64_t)time(NULL));
	return o;
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool same_name(const char *x, const char *y) {
	return x && y ? strcmp(x, y) == 0 : x == y;
}

/* Answers all keys from the first on that go where the first goes. */
static void fetch_like(struct directories *d, const struct keys *keys, size_t first,
                       struct world *w) {
	const char *name = keys->v[first].directory;
	struct arena *a = arena_new();
	struct keys some = { .arena = a };

	for (size_t i = first; i < keys->n; i++)
		if (same_name(keys->v[i].directory, name))
			keys_add(&some, keys->v[i].kind, keys->v[i].text);
	if (!name) {
		directory_fetch(d->own, &some, w);
	} else {
		struct world *there = world_elsewhere(w, name);
		struct other *o = other(d, name);
		if (!o->why)
			directory_fetch(o->directory, &some, there);
		for (size_t i = 0; o->why && i < some.n; i++)
			world_unknown(there, some.v[i], "read-failed", o->why);
	}
	arena_free(a);
}

/* The first key of each other directory: as many as there are of those. */
static size_t first_of_each(const struct keys *keys, size_t **ret, struct arena *a) {
	struct {
		size_t *v;
		size_t n, cap;
	} firsts = { 0 };

	for (size_t i = 0; i < keys->n; i++) {
		size_t k = 0;
		while (keys->v[i].directory && k < firsts.n &&
		       strcmp(keys->v[firsts.v[k]].directory, keys->v[i].directory) != 0)
			k++;
		if (keys->v[i].directory && k == firsts.n)
			ARENA_PUSH(a, &firsts, i);
	}
	*ret = firsts.v;
	return firsts.n;
}

/* Our own comes last: what is written right afterwards shall not be older for another's slowness.
 */
void directories_fetch(struct directories *d, const struct keys *keys, struct world *w) {
	struct arena *a = arena_new();
	size_t *firsts, n = first_of_each(keys, &firsts, a), own = 0;

	for (size_t i = 0; i < n; i++)
		fetch_like(d, keys, firsts[i], w);
	while (own < keys->n && keys->v[own].directory)
		own++;
	if (!n)
		directory_fetch(d->own, keys, w);
	else if (own < keys->n)
		fetch_like(d, keys, own, w);
	arena_free(a);
}

/* ---- writing -------------------------------------------------------------------------------- */

size_t directories_window(const struct directories *d) {
	return directory_window(d->own);
}

bool directories_shared(const struct directories *d) {
	return directory_shared(d->own);
}

static enum outcome outcome_of_error(int code) {
	return code == ERR_UNCERTAIN  ? OUTCOME_UNCERTAIN
	       : code == ERR_CONFLICT ? OUTCOME_STALE
	                              : OUTCOME_FAILED;
}

/* Those of one server, which stand side by side. */
static void apply_some(struct directories *d, struct arena *a, const char *server,
                       struct modification *batch, size_t n) {
	struct other *o = server ? other(d, server) : NULL;
	struct error err = { 0 };
	int r = OK;

	if (o && o->why)
		r = error_set(&err, ERR_IO, "%s", o->why);
	else
		r = directory_apply(o ? o->directory : d->own, a, batch, n, &err);
	for (size_t i = 0; r < 0 && i < n; i++) {
		batch[i].outcome = outcome_of_error(r);
		batch[i].message = arena_strdup(a, err.text);
	}
}

void directories_apply(struct directories *d, struct arena *a, const char *const *servers,
                       struct modification *batch, size_t n) {
	size_t some;

	for (size_t i = 0; i < n; i += some) {
		for (some = 1; i + some < n && same_name(servers[i], servers[i + some]); some++)
			;
		apply_some(d, a, servers[i], batch + i, some);
	}
}
