/*
 * progress -- tells a waiting person what is going on, on standard error.
 *
 * On a terminal one line, rewritten, after half a second; otherwise a line every ten seconds.
 */
#pragma once

#include "agent/pass.h"

struct progress {
	uv_timer_t timer;
	struct pass *pass;
	bool terminal, quiet;
	bool shown; /* a line stands there that has to be wiped away */
};

void progress_start(struct progress *g, uv_loop_t *loop, struct pass *p);
void progress_stop(struct progress *g);
