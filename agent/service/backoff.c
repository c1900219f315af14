#include "agent/service/backoff.h"

int64_t jittered_ms(int64_t seconds, int64_t percent, uint32_t random) {
	int64_t ms = seconds * 1000, swing = ms / 100 * percent;
	int64_t result =
	        swing ? ms - swing + (int64_t)((uint64_t)random % (uint64_t)(2 * swing + 1)) : ms;

	return result < 100 ? 100 : result;
}

enum { JITTER_PERCENT = 10 };

static int64_t doubled(int64_t failures, int64_t most) {
	if (failures < 1)
		failures = 1;
	return failures < 32 && ((int64_t)1 << (failures - 1)) < most ? (int64_t)1 << (failures - 1)
	                                                              : most;
}

int64_t backoff_ms(int64_t failures, int64_t most, uint32_t random) {
	return jittered_ms(doubled(failures, most), JITTER_PERCENT, random);
}

int64_t backoff_longest(int64_t failures, int64_t most) {
	return (doubled(failures, most) * (100 + JITTER_PERCENT) + 99) / 100;
}
