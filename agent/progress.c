#include "agent/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { FIRST_MS = 500, REWRITE_MS = 100, LINE_MS = 10000 };

static void on_tick(uv_timer_t *timer) {
	struct progress *g = (struct progress *)((char *)timer - offsetof(struct progress, timer));
	const char *phase = g->pass->phase;

	if (!phase)
		return;
	if (g->terminal)
		fprintf(stderr, "\r\033[K%s ...", phase);
	else
		fprintf(stderr, "mbxctl: %s ...\n", phase);
	fflush(stderr);
	g->shown = g->terminal;
}

void progress_start(struct progress *g, uv_loop_t *loop, struct pass *p) {
	bool terminal = isatty(STDERR_FILENO);

	*g = (struct progress){ .pass = p, .terminal = terminal, .quiet = p->s->o->quiet };
	uv_timer_init(loop, &g->timer);
	if (!g->quiet)
		uv_timer_start(&g->timer, on_tick, terminal ? FIRST_MS : LINE_MS,
		               terminal ? REWRITE_MS : LINE_MS);
}

void progress_stop(struct progress *g) {
	if (g->shown)
		fputs("\r\033[K", stderr);
	uv_close((uv_handle_t *)&g->timer, NULL);
}
