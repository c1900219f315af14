/*
 * words -- lists of words in messages: what is known, and what was most likely meant.
 */
#pragma once

#include "spec/fields.h"

/* `user, linked or room` of a NULL-ended list; empty ones are passed over. */
char *words_joined(struct arena *a, const char *const *words, const char *last);

/* The keys of a shape, NULL-ended; with `defaults` those that may stand there. */
const char *const *words_keys(struct arena *a, const struct shape *shape, bool defaults);

/* `, did you mean "alias"?` where one of the words is near; else `: <what> is <words>`. */
char *words_advice(struct arena *a, const char *word, const char *const *words, const char *what);
