#include "agent/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FIRST_MS = 500, REWRITE_MS = 100, LINE_MS = 10000 };

/* As many bytes of the text as fit one line of the terminal with room for the rest: a line that
 * breaks cannot be rewritten. A letter is taken for a column. */
static int fitting(const char *text, size_t rest) {
	struct winsize size = { .ws_col = 0 };
	size_t columns = 80, n = 0;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	for (const char *p = text; *p; p++) {
		n += ((unsigned char)*p & 0xc0) != 0x80;
		if (n + rest >= columns)
			return (int)(p - text);
	}
	return (int)strlen(text);
}

static void on_tick(uv_timer_t *timer) {
	struct progress *g = (struct progress *)((char *)timer - offsetof(struct progress, timer));
	const char *phase = g->pass->phase;

	if (!phase)
		return;
	if (g->terminal)
		fprintf(stderr, "\r\033[K%.*s ...", fitting(phase, strlen(" ...")), phase);
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
