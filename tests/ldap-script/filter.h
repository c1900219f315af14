/*
 * filter -- search filters as text, always written alike (RFC 4515).
 */
#pragma once

#include <lber.h>

#include "base/arena.h"
#include "base/buf.h"

/* Appends the filter that is next in `ber`; false where it is none. */
bool filter_decode(BerElement *ber, struct buf *b);

/* A filter as a script has it, escaped in the same manner; NULL where it is none. */
char *filter_canonical(struct arena *a, const char *text, size_t len);
