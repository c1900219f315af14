/*
 * metrics -- what /metrics tells: counters that live as long as the agent, and the picture.
 *
 * Prometheus's text format, version 0.0.4; names and units as its naming rules want them, checked
 * with promtool.
 */
#pragma once

#include "agent/service/picture.h"

/* Of lengths of time, with fixed bounds from a millisecond to a minute. */
enum { HISTOGRAM_BUCKETS = 14 };
struct histogram {
	uint64_t buckets[HISTOGRAM_BUCKETS]; /* not cumulative; beyond the last: in count alone */
	uint64_t count;
	double sum; /* seconds */
};
void histogram_add(struct histogram *h, double seconds);

/* The loop's own; a copy goes to whoever renders. */
struct counters {
	uint64_t passes[PASS_RESULTS];
	uint64_t written[OUTCOMES];              /* connections by outcome, over all passes */
	struct histogram pass, directory, store; /* whole passes; single steps of them */
	/* One turn of the loop, from waiting to waiting. */
	uint64_t loop_stalls;          /* that took longer than 50 ms */
	double loop_max, loop_cpu_max; /* the longest, and the one of most work, seconds */
	uint64_t control_requests, http_requests, log_lines;
	size_t queue; /* jobs that wait for a worker, now */
};

void metrics_render(const struct counters *c, const struct picture *p, struct buf *out);
