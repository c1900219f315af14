/*
 * bytes -- what no manifest may hold, whatever it means: bytes that are not UTF-8, control
 * characters, and characters that some readers of YAML take for the end of a line and others not.
 */
#pragma once

#include "spec/source.h"

/*
 * Tells them, the first of each line, and returns the text with something harmless of the same
 * width in their places, so that the rest of the file can be read for its other problems. Lives
 * in `scratch`, or is the source's own where nothing was wrong. NULL: it is no text at all.
 */
const char *bytes_cleaned(struct arena *scratch, struct source *s, struct diags *diags,
                          size_t *ret_len);
