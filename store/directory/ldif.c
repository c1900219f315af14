/*
 * The LDIF back-end: a file is the directory. Read whole at the beginning of a pass, rewritten
 * whole at its apply.
 */
#include "store/directory/ldif.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dn.h"
#include "base/lock.h"
#include "store/directory/ldif_edit.h"
#include "store/directory/ldif_write.h"

/* ---- life ----------------------------------------------------------------------------------- */

static int take_dn(struct arena *a, const char *text, const char *what, const char **ret,
                   struct error *err) {
	*ret = text ? dn_normal(a, text) : NULL;
	if (text && !*ret)
		return error_set(err, ERR_INVALID, "the directory's %s \"%s\" is no DN", what,
		                 text);
	return OK;
}

static int ldif_open(const struct directory_options *o, struct directory **ret, struct error *err) {
	const char *path = strchr(o->uri, ':') + 1;
	struct arena *a = arena_new();
	struct ldif *l = ARENA_NEW(a, struct ldif);

	*l = (struct ldif){ .base.ops = &directory_ldif,
		            .arena = a,
		            .path = arena_strdup(a, path),
		            .given_base = arena_strdup(a, o->base),
		            .calls = &ldif_calls };
	int r = take_dn(a, o->base, "base", &l->scope.base, err);
	if (r == OK)
		r = take_dn(a, o->configuration, "configuration", &l->scope.configuration, err);
	if (r == OK && !*path)
		r = error_set(err, ERR_INVALID, "\"%s\" names no file; write ldif:FILE", o->uri);
	if (r < 0) {
		arena_free(a);
		return r;
	}
	*ret = &l->base;
	return OK;
}

static void ldif_end(struct directory *d) {
	struct ldif *l = (struct ldif *)d;

	l->snapshot = ldif_snapshot_free(l->snapshot);
	l->lock = lock_release(l->lock);
	free(l->target);
	free(l->draft);
	l->target = l->draft = NULL;
}

static void ldif_free(struct directory *d) {
	struct ldif *l = (struct ldif *)d;

	ldif_end(d);
	arena_free(l->arena);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* `<folder>/<before><name><after>` of a path that begins with a slash. */
static char *beside(const char *path, const char *before, const char *after) {
	const char *name = strrchr(path, '/') + 1;
	char *text;

	if (asprintf(&text, "%.*s%s%s%s", (int)(name - path), path, before, name, after) < 0)
		abort();
	return text;
}

/* Where the file really is: behind a link the lock and the draft stand beside it. */
static int begin_writing(struct ldif *l, struct error *err) {
	l->target = realpath(l->path, NULL);
	if (!l->target)
		return error_set(err, ERR_IO, "cannot read %s: %s", l->path, strerror(errno));
	char *lock = beside(l->target, "", ".lock");
	int r = lock_try(lock, "apply", &l->lock, err);
	free(lock);
	if (r < 0)
		return r;
	l->draft = beside(l->target, ".", ".mbxctl-new");
	/* Whoever made it was killed: nobody else writes under the lock. */
	(void)unlink(l->draft);
	return OK;
}

static int ldif_begin(struct directory *d, bool write, struct error *err) {
	struct ldif *l = (struct ldif *)d;
	int r = OK;

	assert(!l->snapshot && !l->lock);
	if (write)
		r = begin_writing(l, err);
	if (r == OK)
		r = ldif_read(write ? l->target : l->path, l->path, write, &l->snapshot, err);
	if (r < 0)
		ldif_end(d);
	return r;
}

static void ldif_fetch(struct directory *d, const struct keys *keys, struct world *w) {
	struct ldif *l = (struct ldif *)d;

	if (!world_base(w) && l->given_base)
		world_set_base(w, l->given_base);
	if (l->snapshot) {
		ldif_find(l->snapshot, &l->scope, keys, w);
		return;
	}
	for (size_t i = 0; i < keys->n; i++)
		if (!key_of_inventory(keys->v[i].kind))
			world_unknown(w, keys->v[i], "read-failed", "the directory was not read");
}

/* ---- writing -------------------------------------------------------------------------------- */

static int changed(const struct ldif *l, struct error *err) {
	return error_set(err, ERR_CONFLICT,
	                 "%s was changed by somebody else since it was read; nothing was written",
	                 l->path);
}

/* What the draft says is what will be said from now on: a write that went wrong ends here. */
static int read_draft(const struct ldif *l, struct ldif_edits *e, struct ldif_snapshot **ret,
                      struct error *err) {
	static const char format[] =
	        "%s would not say what it should after this write; it was left as it was";
	struct ldif_snapshot *s = NULL;

	if (ldif_read(l->draft, l->path, true, &s, err) < 0) {
		err->code = ERR_IO;
		return error_wrap(err, format, l->path);
	}
	if (ldif_edits_done(e, s)) {
		*ret = s;
		return OK;
	}
	ldif_snapshot_free(s);
	return error_set(err, ERR_IO, format, l->path);
}

static int make_draft(struct ldif *l, struct ldif_edits *e, struct ldif_draft *draft,
                      struct ldif_snapshot **ret, struct error *err) {
	const struct ldif_stamp *read = &l->snapshot->bytes.stamp;
	struct ldif_bytes file;
	int r = ldif_load(l->target, true, &file, err);

	if (r < 0)
		return r;
	if (!ldif_same(&file.stamp, read))
		r = changed(l, err);
	if (r == OK)
		r = ldif_draft_open(draft, l->calls, l->draft, l->target, &read->stat, err);
	if (r == OK)
		r = ldif_write(e, &file, draft, err);
	if (r == OK)
		r = ldif_draft_finish(draft, err);
	ldif_bytes_done(&file);
	return r < 0 ? r : read_draft(l, e, ret, err);
}

/* An editor knows nothing of our lock: the last look is as late as it can be. */
static int place_draft(const struct ldif *l, struct ldif_draft *draft, struct error *err) {
	struct ldif_stamp now;
	int r = ldif_stamp_now(l->path, &now, err);

	if (r < 0)
		return r;
	if (!ldif_same(&now, &l->snapshot->bytes.stamp))
		return changed(l, err);
	return ldif_draft_place(draft, err);
}

static int rewrite(struct ldif *l, struct ldif_edits *e, struct error *err) {
	struct ldif_draft draft = { .fd = -1, .folder = -1 };
	struct ldif_snapshot *next = NULL;
	int r = make_draft(l, e, &draft, &next, err);

	if (r == OK)
		r = place_draft(l, &draft, err);
	if (draft.placed) {
		ldif_snapshot_free(l->snapshot);
		l->snapshot = next;
	} else {
		ldif_snapshot_free(next);
	}
	ldif_draft_done(&draft);
	return r;
}

static void settle(struct modification *batch, size_t n, enum outcome was, enum outcome is,
                   const char *message) {
	for (size_t i = 0; i < n; i++) {
		if (batch[i].outcome != was)
			continue;
		batch[i].outcome = is;
		batch[i].message = message;
	}
}

static int ldif_apply(struct directory *d, struct arena *a, struct modification *batch, size_t n,
                      struct error *err) {
	struct ldif *l = (struct ldif *)d;
	struct arena *scratch = arena_new();
	struct ldif_edits edits;
	int r = OK;

	assert(l->snapshot && l->lock);
	ldif_edits_init(&edits, l->snapshot, scratch);
	for (size_t i = 0; i < n; i++)
		ldif_edits_add(&edits, a, batch + i);
	if (ldif_edits_settle(&edits))
		r = rewrite(l, &edits, err);
	arena_free(scratch);
	if (r == OK)
		return OK;
	settle(batch, n, OUTCOME_APPLIED,
	       r == ERR_CONFLICT    ? OUTCOME_STALE
	       : r == ERR_UNCERTAIN ? OUTCOME_UNCERTAIN
	                            : OUTCOME_FAILED,
	       arena_strdup(a, err->text));
	if (r != ERR_CONFLICT)
		return r;
	*err = (struct error){ 0 };
	return OK;
}

/* ---- examining ------------------------------------------------------------------------------ */

/* What a rewrite needs: a lock and a draft beside the file. */
static const char *why_unwritable(const struct ldif *l, struct arena *a) {
	char *target = realpath(l->path, NULL);
	const char *why = NULL;

	if (!target)
		return arena_printf(a, "it cannot be found: %s", strerror(errno));
	strrchr(target, '/')[1] = '\0';
	if (access(target, W_OK | X_OK) != 0)
		why = arena_printf(a,
		                   "the folder %s cannot be written (%s), and the lock and the new "
		                   "file are made there",
		                   target, strerror(errno));
	free(target);
	return why;
}

static void ldif_examine(struct directory *d, struct arena *a, struct examination *ret) {
	const struct ldif *l = (struct ldif *)d;
	struct ldif_snapshot *s = NULL;
	struct error err;

	ret->file = arena_strdup(a, l->path);
	ret->readable = ldif_read(l->path, l->path, false, &s, &err) == OK;
	if (!ret->readable)
		ret->unreadable = arena_strdup(a, err.text);
	ldif_snapshot_free(s);
	ret->unwritable = why_unwritable(l, a);
}

/* Whoever may write the file may write all of it. */
static void ldif_examine_user(struct directory *d, struct arena *a, const char *dn,
                              const char *object, struct examined_user *ret) {
	(void)d;
	(void)object;
	ret->dn = arena_strdup(a, dn);
	if (!dn)
		ret->why = "nobody is chosen from a file";
}

const struct directory_ops directory_ldif = {
	.schemes = { "ldif" },
	.open = ldif_open,
	.free = ldif_free,
	.begin = ldif_begin,
	.end = ldif_end,
	.fetch = ldif_fetch,
	.apply = ldif_apply,
	.examine = ldif_examine,
	.examine_user = ldif_examine_user,
};
