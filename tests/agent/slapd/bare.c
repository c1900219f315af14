/*
 * A loop of libuv with a timer of a millisecond and nothing else to do. To each line on standard
 * input it says the longest that a turn has come late so far, in seconds: how long this machine
 * makes any loop wait. It ends with its input.
 */
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

enum { INTERVAL_MS = 1 };

static uint64_t last, longest;

static void on_timer(uv_timer_t *timer) {
	uint64_t now = uv_hrtime(), usual = INTERVAL_MS * 1000000ull;

	(void)timer;
	if (last && now - last > usual && now - last - usual > longest)
		longest = now - last - usual;
	last = now;
}

static void on_line(uv_poll_t *poll, int status, int events) {
	char line[64];

	(void)events;
	if (status < 0 || read(STDIN_FILENO, line, sizeof(line)) <= 0) {
		uv_stop(poll->loop);
		return;
	}
	printf("%.6f\n", (double)longest / 1e9);
	(void)fflush(stdout);
}

int main(void) {
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t timer;
	uv_poll_t input;

	uv_timer_init(loop, &timer);
	uv_poll_init(loop, &input, STDIN_FILENO);
	uv_timer_start(&timer, on_timer, INTERVAL_MS, INTERVAL_MS);
	uv_poll_start(&input, UV_READABLE, on_line);
	return uv_run(loop, UV_RUN_DEFAULT) < 0;
}
