/*
 * watch -- has something happened where the manifests lie? inotify(7), on the loop.
 *
 * An event is only a hint to look soon: what is there is read, never concluded from events. Watched
 * are every folder below the paths, the folders on the way to them (for a link that is flipped, or
 * a folder that is made anew), and those that links on the way lead to. libuv's own watcher is not
 * used: it misses all of that, and a queue that overflowed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/arena.h"
#include "base/error.h"

struct watch;

/* `changed` is called on the loop, from within an event, at most once for each batch of them. */
typedef void watch_changed(void *context);

/* ERR_IO: the kernel gives no inotify; the caller looks from time to time alone. */
int watch_start(uv_loop_t *loop, watch_changed *changed, void *context, struct watch **ret,
                struct error *err) MUST_USE;
void watch_stop(struct watch *w); /* the loop must run once more after it; NULL is fine */

/*
 * Watches what has to be watched for these paths as they are now, and no longer what had to be
 * before. Before looking: what changes afterwards gives an event. Any thread, one call at a time;
 * touches the disk. False: some could not be watched, and the text says why (once a call).
 */
bool watch_arm(struct watch *w, const char *const *paths, struct error *err);

/* Reads the events that wait, before anything is concluded from there being none. From the loop. */
void watch_catch_up(struct watch *w);

/*
 * May what was read of this file since then (uv_hrtime()) be half of it? `path` is one as below
 * those given. Says what watch_catch_up() knew. From the loop, while nothing arms.
 */
enum watch_state {
	WATCH_UNKNOWN, /* there was no event of it since it is watched, or it is not watched */
	WATCH_QUIET,   /* there was one, before: it is whole */
	WATCH_TOUCHED, /* it was written to, made, or moved here since then */
	/*
	 * Somebody wrote to it who has it open still. Kernels do not tell of a file that was
	 * written to without ever being opened (truncate(2)), so after five minutes without a
	 * write it counts as closed.
	 */
	WATCH_OPEN,
};
enum watch_state watch_state_of(const struct watch *w, const char *path, uint64_t since);

/* Another time than those five minutes; for tests. */
void watch_set_patience(struct watch *w, uint64_t ms);

uint64_t watch_overflows(const struct watch *w);
