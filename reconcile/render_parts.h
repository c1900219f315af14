/*
 * render_parts -- what the formats of a plan have in common.
 *
 * Private to reconcile/.
 */
#pragma once

#include "reconcile/beside.h"
#include "reconcile/render.h"

/* The members of an object that the caller opened and closes. */
/* With a memory, a change that shares its values with one written before is copied from there. */
struct render_memory;
struct render_memory *render_memory_new(void);
void render_memory_free(struct render_memory *m); /* NULL is fine */
void render_json_connection(struct json *j, const struct item *item, bool applied,
                            struct render_memory *m);
void render_json_result(struct json *j, const struct item *item);
void render_json_totals(struct json *j, const struct plan *p, bool applied);
void render_json_verdict(struct json *j, const struct plan *p); /* complete, overLimit, released */

/* `hq.yaml:9`, on one line. */
const char *render_place(struct arena *a, const struct item *item);

/* The change of a directory attribute, or NULL. */
const struct change *render_change_of(const struct item *item, enum attribute id);

/* The values of one list that the other lacks, as an array of *ret_n. */
const struct value *render_missing(struct arena *a, enum attribute id, const struct value *list,
                                   size_t n, const struct value *other, size_t m, size_t *ret_n);

/*
 * The items in an order in which they can be carried out one by one: those that build on
 * another's write (an archive on its primary's) come last. An array of p->n.
 */
const struct item **render_order(struct arena *a, const struct plan *p);

/*
 * Items as people read them: what an earlier run left open, what happens, what a person decides,
 * what cannot be done or taken back, and what is as it should be.
 */
enum render_group {
	RENDER_OPEN,
	RENDER_CHANGES,
	RENDER_HELD,
	RENDER_TROUBLE,
	RENDER_SYNC,
	RENDER_GROUPS
};
enum render_group render_group_of(const struct item *item);

/* Does it connect a mailbox of which the mail server has still to be told? */
bool render_tells_server(const struct item *item);

bool render_warns(const struct item *item, const char *code);
bool render_is_held(const struct item *item, const char *code);

/* What an item that is not held itself waits for; NULL: nothing that is held. */
const char *render_waits(struct arena *a, const struct beside *partners, const struct item *item);

/* Why only a person may do this, as lines `held: ...` of a list ended by NULL; NULL: it is not
 * held. What builds on a held write is held with it: `partners` are those that write first. */
const char *const *render_held(struct arena *a, const struct beside *partners,
                               const struct item *item);
