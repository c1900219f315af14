/*
 * ldif_index -- the entries of a file by what they are known by: one DN, one GUID each.
 */
#pragma once

#include "base/error.h"
#include "store/directory/ldif_read.h"

/* ERR_INVALID: two entries are one. */
int ldif_index(struct ldif_snapshot *s, const char *file, struct error *err) MUST_USE;

/* Is it the base itself or below it? Both normal. */
bool ldif_below(const char *normal, const char *base);

/* The part of a normal DN at its end that is of DC components alone; NULL where there is none. */
const char *ldif_domain(const char *normal);
