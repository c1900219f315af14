/*
 * plan -- what would have to change so that the world is as the connections say.
 *
 * A pure function of the connections, the world, the settings and the time. plan_connection()
 * looks at one connection and asks, through `needs`, for what the world does not tell yet;
 * plan_claims() compares connections with each other once nothing is needed any more. Looking
 * again right before a write is the same plan_connection(): an item with another fingerprint is
 * stale. Nothing here reads, writes, or knows how a plan looks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reconcile/world.h"
#include "spec/connection.h"

enum action {
	ACTION_CONNECT,
	ACTION_UPDATE,
	ACTION_NONE,
	ACTION_BLOCKED,
	ACTION_UNKNOWN,
	ACTION_SUSPENDED,
	ACTION_DISCONNECT, /* only in the plan of an undo */
	ACTIONS
};
extern const char *const action_names[];

/* `intent`: the wish is new or changed since it was last applied; `drift`: the world moved. */
enum cause { CAUSE_NONE, CAUSE_INTENT, CAUSE_DRIFT };

/* What became of an item when it was carried out; the directory half of store/ decides it. */
enum outcome {
	OUTCOME_NONE, /* there was nothing to do */
	OUTCOME_APPLIED,
	OUTCOME_FAILED,
	OUTCOME_STALE,
	OUTCOME_UNCERTAIN,
	OUTCOME_HELD,
	OUTCOME_NOT_ATTEMPTED,
	OUTCOMES
};
extern const char *const outcome_names[]; /* "" for NONE; "notAttempted" is spelt `not-attempted` */

/* One attribute, all of its values before and after, each list sorted and without doubles. */
struct change {
	bool store;         /* of the mailbox's row, not of the directory */
	enum attribute id;  /* of the directory */
	const char *column; /* of the store: "state" */
	const struct value *before, *after;
	size_t n_before, n_after;
};

/* A reason or a warning: a stable code, a sentence, and the other places that it speaks of. */
struct note {
	const char *code, *message;
	const struct place *related;
	size_t n_related;
};
struct notes {
	struct note *v;
	size_t n, cap;
};

/* One of several that a text fits. */
struct candidate {
	const struct mailbox_row *row; /* a mailbox, or */
	const struct entry *user;      /* a user, or a master account */
	const char *why;               /* how it was found */
	const char *write;             /* the line that chooses it: `user: ...` */
};

/* Something of which there can be only one; two connections with one claim are both blocked. */
enum claim_kind {
	CLAIM_MAILBOX,
	CLAIM_USER,
	CLAIM_ALIAS,
	CLAIM_ADDRESS,
	CLAIM_LEGACY_DN,
	CLAIM_MASTER_ACCOUNT,
	CLAIM_KINDS
};
struct claim {
	enum claim_kind kind;
	const char *key;   /* folded */
	const char *shown; /* as somebody wrote it */
};

struct item {
	const struct connection *connection;
	enum action action;
	enum cause cause;
	enum recipient_type type;      /* NONE: unresolved */
	struct guid mailbox;           /* none: not resolved */
	const struct mailbox_row *row; /* its row; NULL where a pinned mailbox has none here */
	const char *database;          /* the name; NULL: not resolved */
	int64_t disconnected, purge;   /* TIMESTAMP_NONE: null */
	const struct entry *user;      /* NULL: not resolved */
	const struct entry *master;    /* of a linked mailbox: the account; NULL */
	const char *server;            /* where it is read and written: elsewhere.h; NULL: ours */
	bool owned;                    /* the wanted user holds the mailbox already */
	bool pinned_user;              /* the user was found by its pin */
	bool by_name_alone;            /* ... by the mailbox's displayName and nothing else */
	bool after_partner;            /* decided on what another item's write leaves */
	struct {
		struct change *v;
		size_t n, cap;
	} changes;
	struct notes reasons, warnings;
	struct {
		const char **v;
		size_t n, cap;
	} holds;
	struct {
		struct candidate *v;
		size_t n, cap;
	} candidates;
	struct {
		struct claim *v;
		size_t n, cap;
	} claims;
	const char *suspended; /* why it is left alone; NULL: it is not */
	const char *wish;      /* what the connection wants; fingerprint.c */
	char fingerprint[65];  /* SHA-256 of the decision, in hex */
	enum outcome outcome;  /* of an apply */
	const char *message;   /* to the outcome: why it failed, what to do now; or NULL */
};

/* What the config says and the planner must know. */
struct settings {
	const char *primary_domain; /* NULL: none */
	int64_t exchange_version;
	bool has_shared_display_type;
	int32_t shared_display_type;
	bool several_servers; /* a connection's domainController chooses one of them */
	int64_t limit_changes, limit_percent; /* limit_percent < 0: not asked */
};

/* An applied connection that no manifest has any more. */
struct released {
	const char *manifest, *name; /* as they were written */
};

struct plan {
	bool undo; /* takes a run back */
	struct {
		struct released *v;
		size_t n, cap;
	} released;
	struct item *items; /* in the order of the manifests */
	size_t n;
	size_t counts[ACTIONS];
	bool complete; /* nothing is unknown */
	bool over_limit;
	const char *limit_text; /* why, and what lifts it; NULL */
	const char *digest;     /* "sha256:..." */
};

struct beside;

/* The value of msExchWhenMailboxCreated in a plan; item_stamp() puts the time in its place. */
#define TIME_OF_APPLY "(time of apply)"
void item_stamp(struct arena *a, struct item *item, int64_t now);

/*
 * Decides one connection. `beside` is for archives alone: the primaries of the same plan. What the
 * world was not asked yet is put into `needs`, and the item is then only a stage on the way. The
 * item and all it points to live in `a`; `ret` is overwritten.
 */
void plan_connection(struct arena *a, const struct connection *c, const struct world *w,
                     const struct settings *s, int64_t now, const struct beside *beside,
                     struct keys *needs, struct item *ret);

/*
 * Moves what an item points to from the arena in which it was decided, which is full of what was
 * only needed on the way, to another. Values that are the same as those of `like` are shared with
 * it: most of what a connect writes, it writes everywhere. NULL: nothing is.
 */
void item_keep(struct arena *to, const struct arena *from, struct item *item,
               const struct item *like);

/*
 * Blocks connections that want one thing; over all that were read, before any is left out. With
 * `archives`, only archives are blocked: they were decided anew after the primaries were.
 */
void plan_claims(struct arena *a, struct plan *p, bool archives);

/* Applied rows of which no connection of `all` speaks, and nobody was told yet. */
void plan_released(struct arena *a, struct plan *p, const struct connections *all,
                   const struct world *w);

/* The counts, the limits and the digest of the items that p has now. */
void plan_sum(struct arena *a, struct plan *p, const struct world *w, const struct settings *s);

/* Does an item write anything when it is carried out? */
bool item_writes(const struct item *item);
bool has_reason(const struct item *item, const char *code);
/* Is any of its changes one of the directory? */
bool changes_directory(const struct item *item);
