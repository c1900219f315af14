/*
 * elsewhere -- the directories that connections are about beside the config's own.
 *
 * A linked mailbox belongs to an account of another forest, and a connection may name the server
 * where it is read and written. To the planner both are names under which keys are asked and
 * answers kept apart; agent/ knows how they are reached. Pure.
 */
#pragma once

#include "reconcile/plan.h"

struct elsewhere {
	bool forest;            /* an account forest; else another server of our own */
	const char *host;       /* of the server, as the manifest writes it */
	const char *credential; /* of an account forest: the config's name for it; "": none */
};

/* The name of the account forest of a linked connection; two that ask alike have one name. */
const char *elsewhere_forest(struct arena *a, const struct connection *c);

/* The name of the server where a connection is read and written; NULL: the pass's own. */
const char *elsewhere_server(struct arena *a, const struct connection *c, const struct settings *s);

/* What one of these names stands for; the texts live in the arena. */
void elsewhere_parse(struct arena *a, const char *name, struct elsewhere *ret);
