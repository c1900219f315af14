/*
 * image -- the values of an item's attributes before and after, as JSON texts: what an intent
 * remembers and what the audit shows.
 *
 * One image is `{"directory": {"homeMDB": ["CN=..."]}, "store": {"state": ["connected"]}}`, the
 * values as value_text() shows them.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "reconcile/plan.h"

/* One attribute as the audit has it; before and after are JSON arrays. */
struct image_change {
	const char *target, *attribute, *before, *after;
};

/* A JSON array of texts. */
const char *image_texts(struct arena *a, const char *const *texts, size_t n);

const char *image_write(struct arena *a, const struct change *changes, size_t n, bool after);

/* The changes of an item, as the audit has them. */
struct image_change *image_changes(struct arena *a, const struct change *changes, size_t n);

/* Does one of them set the mailbox's row to this state? */
bool image_sets(const struct image_change *changes, size_t n, enum mailbox_state state);

/* A connection as it stood when a run carried it out: what an undo of that run has to know. */
struct image_connection {
	enum action action;
	bool archive, reconnect; /* reconnect: it was allowed */
	const char *mailbox_text, *user_text, *wish;
};
const char *image_connection(struct arena *a, const struct image_connection *c);

/* ---- image_read.c ---- */

/* The same from the two images of an intent; `which` names it in the error. */
int image_read(struct arena *a, const char *before, const char *after, const char *which,
               struct image_change **ret, size_t *ret_n, struct error *err) MUST_USE;

int image_connection_read(struct arena *a, const char *text, const char *which,
                          struct image_connection *ret, struct error *err) MUST_USE;

/* One of the audit, with its values. */
int image_change_read(struct arena *a, const struct image_change *change, const char *which,
                      struct change *ret, struct error *err) MUST_USE;

/* Those of the directory, with their values. */
int image_read_directory(struct arena *a, const char *before, const char *after, const char *which,
                         struct change **ret, size_t *ret_n, struct error *err) MUST_USE;
