/*
 * schema -- the table of fields as JSON Schema (draft 2020-12), for editors and other checkers.
 *
 * Of what the decoder takes the schema refuses nothing. It lets pass what it cannot say: names
 * that stand twice, what belongs to YAML and not to its content, what only a server knows.
 */
#pragma once

#include "base/buf.h"
#include "spec/fields.h"

/* One document of this shape. */
void schema_write(const struct shape *shape, struct buf *out);
