/*
 * reading -- the manifests, the store and the directory for a command that only reads.
 *
 * Decides connections in one go and blocking, without the threads of a pass: those of the
 * manifests, and others that a command makes up. Nothing is locked and nothing written.
 */
#pragma once

#include "agent/directories.h"
#include "agent/survey.h"
#include "store/inventory/inventory.h"

struct reading {
	struct session session;
	struct arena *a;
	struct connections connections; /* of the manifests; none where the config names none */
	struct database_row *databases;
	struct mailbox_row *mailboxes; /* the whole inventory */
	size_t n_databases, n_mailboxes;
	struct inventory *inventory;
	struct directories *directories;
	struct survey survey;
	struct plan plan; /* of the last reading_plan(), claims judged */
};

/*
 * Without PATHs, a folder of the config that holds no manifest yet is none. An exit code with the
 * reason printed; 0 to go on. reading_close() either way.
 */
int reading_open(struct reading *r, const struct options *o, struct arena *a);
void reading_close(struct reading *r);

/* Decides the connections of the list, which must live as long as the plan. Again where asked. */
int reading_plan(struct reading *r, const struct connection *const *list, size_t n);

/* Answers keys that no connection asked for, in a world of their own. */
int reading_ask(struct reading *r, struct keys *keys);

/* Says so, with EXIT_BLOCKED, where it is not known of a mailbox who holds it; 0 otherwise. */
int reading_complete(const struct reading *r);

/* The connections of the manifests and, behind them, `more`: a list for reading_plan(). */
const struct connection *const *reading_list(struct reading *r, const struct connection *more,
                                             size_t n);

/* A connection that stands in no manifest: this mailbox, for whoever matches. */
struct connection reading_connection(struct arena *a, const struct mailbox_row *row);
