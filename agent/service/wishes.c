#include "agent/service/wishes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agent/manifests.h"
#include "base/hash.h"

/* What one file says, in one of its versions. */
struct version {
	const char *sha256; /* NULL: there is no such version */
	const char *bytes;
	size_t len;
	bool decoded;
	struct connections connections;
	struct diags diags;
};

/* One file. It only ever falls: from what was looked at to its last good version, and out. */
struct member {
	const char *path;
	struct version looked, good;
	enum { AS_LOOKED, AS_GOOD, LEFT_OUT } stage;
	bool told;  /* why, already */
	bool falls; /* with this round */
	UT_hash_handle hh;
};

/* A place that leads to nothing readable: what was good at it or below it stays. */
struct ruin {
	const char *path;
	bool keeps;
	UT_hash_handle hh;
};

struct reckoning {
	struct arena *a; /* of the wishes */
	const struct config *config;
	struct member *by_path; /* in the order of a plan */
	struct ruin *ruins;
	struct diags told;
};

/* ---- who takes part ---- */

static struct member *member_at(const struct reckoning *r, const char *path) {
	struct member *m;

	HASH_FIND_STR(r->by_path, path, m);
	return m;
}

static struct member *member_new(struct reckoning *r, const char *path) {
	struct member *m = ARENA_NEW(r->a, struct member);

	m->path = arena_strdup(r->a, path);
	HASH_ADD_KEYPTR(hh, r->by_path, m->path, strlen(m->path), m);
	return m;
}

static struct ruin *ruin_at(const struct reckoning *r, const char *path, size_t len) {
	struct ruin *found;

	HASH_FIND(hh, r->ruins, path, len, found);
	return found;
}

static void add_ruin(struct reckoning *r, const char *path) {
	struct ruin *ruin = ARENA_NEW(r->a, struct ruin);

	if (ruin_at(r, path, strlen(path)))
		return;
	ruin->path = arena_strdup(r->a, path);
	HASH_ADD_KEYPTR(hh, r->ruins, ruin->path, strlen(path), ruin);
}

/* Does the path lie at a ruin, or below one? */
static bool stays(const struct reckoning *r, const char *path) {
	bool found = false;

	for (size_t n = strlen(path); n; n--) {
		bool whole = !path[n] || path[n] == '/' || (n == 1 && *path == '/');
		struct ruin *ruin = whole ? ruin_at(r, path, n) : NULL;
		if (!ruin)
			continue;
		ruin->keeps = true;
		found = true;
	}
	return found;
}

static void tell(struct reckoning *r, const char *file, const char *code, const char *message) {
	struct place at = { arena_strdup(r->a, file), 0, 0 };

	diag_add(&r->told, at, code, NULL, 0, "%s", message);
}

static void gather_looked(struct reckoning *r, const struct look *l) {
	for (size_t i = 0; i < l->n; i++) {
		const struct looked *f = l->v + i;
		struct member *m = member_new(r, f->path);
		m->looked = (struct version){ *f->sha256 ? f->sha256 : NULL, f->bytes, f->len,
			                      .decoded = false };
	}
	for (size_t i = 0; i < l->diags.n; i++) {
		const struct diag *d = l->diags.v + i;
		add_ruin(r, d->at.file);
		tell(r, d->at.file, d->code, d->message);
	}
	for (size_t i = 0; l->barren[i]; i++)
		add_ruin(r, l->barren[i]);
	for (size_t i = 0; l->dangling[i]; i++)
		add_ruin(r, l->dangling[i]);
}

static void gather_good(struct reckoning *r, const struct manifest_row *good, size_t n) {
	for (size_t i = 0; i < n; i++) {
		struct member *m = member_at(r, good[i].path);
		if (!m && !stays(r, good[i].path))
			continue;
		if (!m)
			m = member_new(r, good[i].path);
		m->good = (struct version){ good[i].sha256, good[i].bytes, good[i].len,
			                    .decoded = false };
	}
}

/* A link to nothing matters only where it led to something before. */
static void tell_dangling(struct reckoning *r, const struct look *l) {
	for (size_t i = 0; l->dangling[i]; i++)
		if (ruin_at(r, l->dangling[i], strlen(l->dangling[i]))->keeps)
			tell(r, l->dangling[i], "manifest-unreadable", "the link leads to nothing");
}

/* Does what was looked at say no more than the last good version? */
static bool is_unchanged(const struct member *m) {
	return m->looked.sha256 && m->good.sha256 && strcmp(m->looked.sha256, m->good.sha256) == 0;
}

static void fall(struct member *m) {
	m->falls = false;
	m->stage = m->stage == AS_LOOKED && m->good.sha256 ? AS_GOOD : LEFT_OUT;
}

/* Before anything is decoded: what cannot be read, and what is there no more but stays. */
static void drop_unreadable(struct reckoning *r, const struct look *l) {
	for (size_t i = 0; i < l->n; i++) {
		struct member *m = member_at(r, l->v[i].path);
		if (!l->v[i].fault)
			continue;
		if (is_unchanged(m)) {
			m->looked.bytes = m->good.bytes;
			m->looked.len = m->good.len;
			continue;
		}
		m->told = true;
		tell(r, m->path, "manifest-unreadable", l->v[i].fault);
		fall(m);
	}
	for (struct member *m = r->by_path; m; m = m->hh.next)
		if (m->stage == AS_LOOKED && !m->looked.sha256)
			fall(m);
}

/* ---- one round ---- */

static struct version *version_of(struct member *m) {
	return m->stage == AS_LOOKED ? &m->looked : m->stage == AS_GOOD ? &m->good : NULL;
}

static const struct version *decoded(struct reckoning *r, struct member *m) {
	struct version *v = version_of(m);

	if (!v || v->decoded)
		return v;
	v->decoded = true;
	v->diags.arena = r->a;
	manifests_decode(r->a, m->path, v->bytes, v->len, &v->connections, &v->diags);
	return v;
}

/* All connections of the versions that are left, with those of documents with errors apart. */
static void assemble(struct reckoning *r, struct arena *a, struct connections *ret) {
	size_t n = 0, faulty = 0;

	for (struct member *m = r->by_path; m; m = m->hh.next) {
		const struct version *v = decoded(r, m);
		n += v ? v->connections.n : 0;
		faulty += v ? v->connections.faulty.n : 0;
	}
	*ret = (struct connections){ .v = ARENA_ARRAY(a, struct connection, n + 1), .cap = n + 1 };
	ret->faulty.v = ARENA_ARRAY(a, struct connection, faulty + 1);
	ret->faulty.cap = faulty + 1;
	for (struct member *m = r->by_path; m; m = m->hh.next) {
		const struct version *v = version_of(m);
		for (size_t i = 0; v && i < v->connections.n; i++)
			ret->v[ret->n++] = v->connections.v[i];
		for (size_t i = 0; v && i < v->connections.faulty.n; i++)
			ret->faulty.v[ret->faulty.n++] = v->connections.faulty.v[i];
	}
}

static void judge(struct reckoning *r, struct diags *ret) {
	struct arena *scratch = arena_new();
	struct connections all;

	assemble(r, scratch, &all);
	for (struct member *m = r->by_path; m; m = m->hh.next) {
		const struct version *v = version_of(m);
		for (size_t i = 0; v && i < v->diags.n; i++)
			ARENA_PUSH(ret->arena, ret, v->diags.v[i]);
	}
	manifest_check(&all, r->config, ret);
	arena_free(scratch);
}

/* Of each file what was wrong when something was for the first time: later it has fallen. */
static void tell_all(struct reckoning *r, const struct diags *diags) {
	for (size_t i = 0; i < diags->n; i++)
		if (!member_at(r, diags->v[i].at.file)->told)
			ARENA_PUSH(r->a, &r->told, diags->v[i]);
	for (size_t i = 0; i < diags->n; i++)
		member_at(r, diags->v[i].at.file)->told = true;
}

static bool stands_between(const struct diag *d) {
	return d->other && strcmp(d->other, d->at.file) != 0;
}

static bool is_new(const struct member *m) {
	return m->stage == AS_LOOKED && !is_unchanged(m);
}

static void choose(struct member *one, struct member *other) {
	one->falls |= is_new(one);
	other->falls |= is_new(other);
	if (one->falls || other->falls)
		return;
	if (strcmp(one->path, other->path) > 0)
		one->falls = true;
	else
		other->falls = true;
}

/* What is wrong with a file itself comes first: falling may end its quarrels with others. */
static void let_fall(struct reckoning *r, const struct diags *diags) {
	bool alone = false;

	for (size_t i = 0; i < diags->n; i++) {
		if (stands_between(diags->v + i))
			continue;
		member_at(r, diags->v[i].at.file)->falls = true;
		alone = true;
	}
	for (size_t i = 0; i < diags->n && !alone; i++)
		choose(member_at(r, diags->v[i].at.file), member_at(r, diags->v[i].other));
	for (struct member *m = r->by_path; m; m = m->hh.next)
		if (m->falls)
			fall(m);
}

static void settle(struct reckoning *r) {
	struct diags diags = { .arena = r->a };

	for (judge(r, &diags); diags.n; judge(r, &diags)) {
		diags_sort(&diags);
		tell_all(r, &diags);
		let_fall(r, &diags);
		diags.n = 0;
	}
}

/* ---- what comes of it ---- */

static int by_path(const void *pa, const void *pb) {
	const struct manifest_row *a = pa, *b = pb;

	return strcmp(a->path, b->path);
}

static void keep_good(struct reckoning *r, struct wishes *w) {
	w->good = ARENA_ARRAY(r->a, struct manifest_row, HASH_COUNT(r->by_path) + 1);
	for (struct member *m = r->by_path; m; m = m->hh.next) {
		const struct version *v = version_of(m);
		if (!v)
			continue;
		struct manifest_row *good = w->good + w->n_good++;
		*good = (struct manifest_row){ m->path, arena_copy(r->a, v->bytes, v->len), v->len,
			                       "" };
		memcpy(good->sha256, v->sha256, sizeof(good->sha256));
	}
	w->files = w->n_good;
	qsort(w->good, w->n_good, sizeof(*w->good), by_path);
}

/* A file that is in force as it stands, though new, has nothing wrong any more. */
static void list_broken(struct reckoning *r, struct wishes *w) {
	diags_sort(&r->told);
	w->broken = ARENA_ARRAY(r->a, struct broken, r->told.n + 1);
	for (size_t i = 0; i < r->told.n; i++) {
		const struct diag *d = r->told.v + i;
		const struct member *m = member_at(r, d->at.file);
		const struct ruin *ruin = ruin_at(r, d->at.file, strlen(d->at.file));
		if (m && is_new(m))
			continue;
		w->broken[w->n_broken++] = (struct broken){
			.diag = *d,
			.kept = m ? m->stage != LEFT_OUT : ruin && ruin->keeps,
		};
	}
}

struct wishes *wishes_new(const struct look *l, const struct config *config,
                          const struct manifest_row *good, size_t n_good) {
	struct arena *a = arena_new();
	struct wishes *w = ARENA_NEW(a, struct wishes);
	struct reckoning r = { .a = a, .config = config, .told = { .arena = a } };

	w->a = a;
	w->refs = 1;
	w->revision = l->revision ? arena_strdup(a, l->revision) : NULL;
	gather_looked(&r, l);
	gather_good(&r, good, n_good);
	tell_dangling(&r, l);
	drop_unreadable(&r, l);
	settle(&r);
	assemble(&r, a, &w->connections);
	keep_good(&r, w);
	list_broken(&r, w);
	HASH_CLEAR(hh, r.by_path);
	HASH_CLEAR(hh, r.ruins);
	return w;
}

static bool same_broken(const struct broken *a, const struct broken *b) {
	return strcmp(a->diag.at.file, b->diag.at.file) == 0 &&
	       a->diag.at.line == b->diag.at.line && a->diag.at.column == b->diag.at.column &&
	       strcmp(a->diag.message, b->diag.message) == 0 && a->kept == b->kept;
}

bool wishes_same(const struct wishes *a, const struct wishes *b) {
	bool same_revision =
	        a->revision ? b->revision && strcmp(a->revision, b->revision) == 0 : !b->revision;

	if (!same_revision || a->n_good != b->n_good || a->n_broken != b->n_broken)
		return false;
	for (size_t i = 0; i < a->n_good; i++)
		if (strcmp(a->good[i].path, b->good[i].path) != 0 ||
		    strcmp(a->good[i].sha256, b->good[i].sha256) != 0)
			return false;
	for (size_t i = 0; i < a->n_broken; i++)
		if (!same_broken(a->broken + i, b->broken + i))
			return false;
	return true;
}

struct wishes *wishes_ref(struct wishes *w) {
	w->refs++;
	return w;
}

struct wishes *wishes_unref(struct wishes *w) {
	if (!w || --w->refs > 0)
		return NULL;
	arena_free(w->a);
	return NULL;
}
