/*
 * connection_decode -- one connection of a manifest, with what `defaults` gives it.
 */
#pragma once

#include "spec/connection.h"
#include "spec/decode.h"

struct defaults {
	const struct node *node; /* NULL: there are none */
	struct connection c;     /* what they give */
};

void defaults_decode(struct decoder *d, const struct node *node, struct defaults *ret);

/*
 * Fills everything but `manifest`; texts of the defaults are shared. False: it is no mapping, or
 * has no mailbox, so that nothing can be said about it.
 */
bool connection_decode(struct decoder *d, const struct node *node, const struct defaults *defaults,
                       struct connection *ret);

/* Problems of a list of addresses as a whole; each address by itself was looked at before. */
void addresses_check(struct decoder *d, const struct node *list);
