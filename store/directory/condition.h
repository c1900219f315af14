/*
 * condition -- is an attribute still as it was when a change of it was planned?
 */
#pragma once

#include "reconcile/plan.h"

/* NULL: it is; else a sentence in `a`: what it was, what it is. */
const char *condition_refuses(struct arena *a, const struct change *c, const struct value *there,
                              size_t n);
/* The sentence for an entry that is gone. */
const char *condition_gone(struct arena *a, const char *dn);
