/*
 * directory -- the users, databases and policies, wherever they are kept.
 *
 * An interface in the language of the domain with one back-end a kind of URI; the planner never
 * sees a filter. Blocking: agent/ calls it on a worker. A pass is begin, fetch as often as the
 * planner needs, apply at most once for each window, end. Knows no inventory and no YAML.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "reconcile/plan.h"
#include "reconcile/world.h"
#include "spec/config.h"
#include "store/directory/examination.h"

struct directory;

struct directory_options {
	const char *uri;            /* ldif:FILE, ldap://HOST, ldaps://HOST, ldapi://SOCKET */
	const char *const *others;  /* of a server: tried in order where `uri` does not answer;
	                               NULL-ended, NULL: none */
	const char *base;           /* NULL: what the directory says of itself */
	const char *configuration;  /* NULL likewise */
	const char *global_catalog; /* of a forest with several domains; NULL: none */
	struct bind_config bind;    /* to a server; files as they can be opened from here */
	struct tls_config tls;
	int64_t timeout; /* seconds, of each request; connecting and binding too */
};

/* One entry's part of a window: everything or nothing of it, under the condition that each
 * attribute is as `before` says. */
struct modification {
	const char *identity; /* entry.identity: the entry is found by it, never by its DN alone */
	const char *dn;       /* for messages */
	const struct change *changes; /* those of the store are passed over */
	size_t n_changes;
	/* filled in: */
	enum outcome outcome; /* APPLIED, STALE (the condition did not hold), FAILED, UNCERTAIN */
	const char *message;  /* of the other three, in the arena given to apply */
};

/* Connects to nobody yet. ERR_INVALID: no such kind of URI, or a secret that others may read. */
int directory_new(const struct directory_options *o, struct directory **ret,
                  struct error *err) MUST_USE;
struct directory *directory_free(struct directory *d); /* NULL is fine; returns NULL */

/*
 * Begins a pass: everything fetched from now on is as it is now. With `write`, nobody else who
 * asks by this interface writes until end; ERR_LOCKED names who does. ERR_IO: out of reach;
 * ERR_INVALID: reached, but what stands there is no directory (file and line are in the text).
 * Without `write` nothing is created or changed anywhere.
 */
int directory_begin(struct directory *d, bool write, struct error *err) MUST_USE;
void directory_end(struct directory *d); /* also after a begin that failed */

/*
 * Answers every key of the directory's kinds among `keys`, passes over the others. A key that
 * could not be answered whole is unknown in the world; the call itself cannot fail. Entries live
 * in the world's arena, one object for each (world_intern). The first fetch of a world also tells
 * it the base.
 */
void directory_fetch(struct directory *d, const struct keys *keys, struct world *w);

/* How many modifications may be carried out at once; SIZE_MAX: all of a run have to be. */
size_t directory_window(const struct directory *d);

/* May others write between a look and a write? Then it has to be looked at afterwards, too. */
bool directory_shared(const struct directory *d);

/*
 * Carries out a window. An error (none of it was written) or OK with an outcome in each
 * modification; ERR_UNCERTAIN: nobody knows, look.
 */
int directory_apply(struct directory *d, struct arena *a, struct modification *batch, size_t n,
                    struct error *err) MUST_USE;

/*
 * What there is to say about reaching it, each server and address of it apart: outside of a pass,
 * by connections of its own. Writes nothing, and cannot fail: a fault is a finding. The answer
 * lives in `a`.
 */
void directory_examine(struct directory *d, struct arena *a, struct examination *ret);

/*
 * What we may do with the entry of this DN and, beside it, with `object`, one of the configuration
 * (NULL: none). Within a pass. Without a DN: with somebody who could be connected.
 */
void directory_examine_user(struct directory *d, struct arena *a, const char *dn,
                            const char *object, struct examined_user *ret);

/* ---- for back-ends --------------------------------------------------------------------------- */

struct directory_ops {
	const char *schemes[4]; /* "ldif"; NULL-ended */
	size_t window;          /* 0: nobody else writes, and all goes at once */
	int (*open)(const struct directory_options *o, struct directory **ret, struct error *err);
	void (*free)(struct directory *d);
	int (*begin)(struct directory *d, bool write, struct error *err);
	void (*end)(struct directory *d);
	void (*fetch)(struct directory *d, const struct keys *keys, struct world *w);
	int (*apply)(struct directory *d, struct arena *a, struct modification *batch, size_t n,
	             struct error *err);
	void (*examine)(struct directory *d, struct arena *a, struct examination *ret);
	void (*examine_user)(struct directory *d, struct arena *a, const char *dn,
	                     const char *object, struct examined_user *ret);
};
struct directory { /* the first member of every back-end's own */
	const struct directory_ops *ops;
};
extern const struct directory_ops directory_ldif, directory_ldap;
