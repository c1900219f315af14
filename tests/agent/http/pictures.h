/* Pictures of the agent in good and bad days, for those who test how they look. */
#pragma once

#include "agent/service/metrics.h"
#include "agent/service/picture.h"

struct sample {
	const char *name;
	struct picture picture;
	struct counters counters;
};

bool sample_at(size_t i, struct sample *ret); /* false: there are no more */
bool sample_find(const char *name, struct sample *ret);

/* ---- what they are made of ---- */

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, N_RUNS = 3 };
#define NOW INT64_C(1795797888) /* 2026-11-27T16:44:48Z */
#define LIST(v)                                                                                    \
	{ (v), ARRAY_SIZE(v), ARRAY_SIZE(v) }
#define DIGEST "sha256:6f1d0c8a3b7e4f52a9c0d1e2f3a4b5c6d7e8f90123456789abcdef0123456789"

extern const struct run runs[N_RUNS];
void picture_without_directory(struct picture *p);
void picture_trouble(struct picture *p);
void picture_hostile(struct picture *p);
