/*
 * windows -- when the agent may write: `agent.windows` of the config against the clock.
 *
 * Without an `allow` window it may always; a `deny` window wins over every `allow`. Begins are
 * local times of the process's zone (TZ); lengths are elapsed time, so that a window of six hours
 * is six hours long also in the night when clocks change. A begin that the clock skips is the
 * moment it jumps; of one that it shows twice the first counts. Reads no clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spec/config.h"

struct windows_state {
	bool open;
	int64_t changes; /* when that changes next; TIMESTAMP_NONE: not within eight days */
};

struct windows_state windows_at(const struct window *windows, size_t n, int64_t now);
