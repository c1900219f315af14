/*
 * reader -- keeps what is in force up to date: looks when something happened, and every minute.
 *
 * After the last event a quarter of a second of quiet (two seconds at most after the first), then
 * two looks a fifth of a second apart. What shows in both alike, and nobody is writing, is taken:
 * all files together. A file that is just being written keeps its last good version until it is
 * closed, one that is never twice alike in five looks likewise; the others do not wait for them.
 *
 * What events cannot tell is left to time: a file that no event was ever seen of (its folder is
 * new, or there are no events) must not have been written to for a second.
 */
#pragma once

#include <uv.h>

#include "agent/service/wishes.h"

struct reader;

struct reader_setup {
	const char *const *paths;        /* of the manifests; copied */
	const struct config *config;     /* borrowed, see reader_reconfigure() */
	const struct manifest_row *good; /* the last good versions; copied */
	size_t n_good;
	/*
	 * After the first look, and whenever anything is different from before: what is in force,
	 * what is broken, or the revision. On the loop, never from within a call of the reader. The
	 * reference is the callee's.
	 */
	void (*taken)(void *context, struct wishes *w);
	void *context;
	/* For tests. */
	bool without_events;
	uint64_t interval, patience; /* ms; 0: as usual */
};

/* Never fails: without inotify it looks from time to time alone. */
struct reader *reader_start(uv_loop_t *loop, const struct reader_setup *setup);

/* Looks now, whatever happened. */
void reader_poke(struct reader *r);

/*
 * From now on these. `taken` is called for them in any case; until it is, the former config may
 * still be read.
 */
void reader_reconfigure(struct reader *r, const char *const *paths, const struct config *config);

/* Waits for a look that is going on; the loop must run once more after it. NULL is fine. */
void reader_stop(struct reader *r);

/* When all was looked through last, by the clock on the wall; TIMESTAMP_NONE: never. */
int64_t reader_read_at(const struct reader *r);
uint64_t reader_overflows(const struct reader *r);
/* Are there events? */
bool reader_watching(const struct reader *r);
/* Why something is not watched, and seen only with the next minute: a sentence; NULL: all is. */
const char *reader_trouble(const struct reader *r);
