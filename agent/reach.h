/*
 * reach -- how the directories of a session are reached: the config's own, and those elsewhere.
 *
 * Out of the config, the flags and the variables come addresses, files as they can be opened from
 * here, and how to bind. Asks nobody.
 */
#pragma once

#include "agent/session.h"
#include "reconcile/elsewhere.h"

/*
 * The config's own directory, into s->directory, and whether a connection may choose among its
 * servers. A flag or variable names one server, instead of all of the config's. ERR_INVALID:
 * MBXCTL_DC is none of their hosts.
 */
int reach_own(struct session *s, struct error *err) MUST_USE;

/*
 * An account forest, by its credential; or the server of our own forest that a connection names.
 * ERR_INVALID: the config knows none such; what was saved with another config may ask for it.
 */
int reach_elsewhere(const struct session *s, struct arena *a, const struct elsewhere *e,
                    struct directory_options *ret, struct error *err) MUST_USE;
