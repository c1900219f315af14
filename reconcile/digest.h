/*
 * digest -- one name for a whole plan: two plans with it would do the same for the same reasons.
 *
 * Private to reconcile/.
 */
#pragma once

#include "reconcile/plan.h"

const char *plan_digest(struct arena *a, const struct plan *p);
