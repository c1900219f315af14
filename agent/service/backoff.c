#include "agent/service/backoff.h"

int64_t jittered_ms(int64_t seconds, int64_t percent, uint32_t random) {
	int64_t ms = seconds * 1000, swing = ms / 100 * percent;
	int64_t result =
	        swing ? ms - swing + (int64_t)((uint64_t)random % (uint64_t)(2 * swing + 1)) : ms;

	return result < 100 ? 100 : result;
}

int64_t backoff_ms(int64_t failures, int64_t most, uint32_t random) {
	int64_t seconds = most;

	if (failures < 1)
		failures = 1;
	if (failures < 32 && ((int64_t)1 << (failures - 1)) < most)
		seconds = (int64_t)1 << (failures - 1);
	return jittered_ms(seconds, 10, random);
}
