/*
 * backoff -- how long to wait before trying again what failed.
 *
 * Doubling from a second, with a tenth of it up or down so that many do not come back together.
 * Pure: the randomness comes from the caller.
 */
#pragma once

#include <stdint.h>

enum { BACKOFF_CONNECTION_MAX = 15 * 60, BACKOFF_DIRECTORY_MAX = 60 };

/* Milliseconds, after so many failures in a row (1 or more), never beyond `most` seconds and a
 * tenth. `random`: any number, evenly spread. */
int64_t backoff_ms(int64_t failures, int64_t most, uint32_t random);

/* The longest that it can come to, in whole seconds: a longer wait is a clock that was set back. */
int64_t backoff_longest(int64_t failures, int64_t most);

/* An interval of so many seconds that varies by so many per cent up and down; at least 100 ms. */
int64_t jittered_ms(int64_t seconds, int64_t percent, uint32_t random);
