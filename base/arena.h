/*
 * arena -- memory that lives as long as one thing: a pass, a file, a plan.
 *
 * Nothing in an arena is freed by itself; the whole region goes at once. An
 * allocation never fails: the process ends, because nothing sensible can be
 * done half-way through a plan, and limits stand on the inputs instead.
 * One arena is used by one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/* NULL is fine; returns NULL. */
struct arena *arena_free(struct arena *a);

/* Zeroed and aligned for any type. `n * size` may not overflow: the process ends. */
void *arena_alloc(struct arena *a, size_t n, size_t size);
#define ARENA_NEW(a, type)      ((type *)arena_alloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), (n), sizeof(type)))

/* Copies, always ended by a NUL that is not counted. */
char *arena_copy(struct arena *a, const void *data, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
        __attribute__((format(printf, 2, 0)));

/*
 * Makes room for one more element of an array that grows by doubling: `v` and
 * `cap` are the array's own. The old copy stays in the arena.
 */
void *arena_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size);
#define ARENA_PUSH(a, list, value)                                                                 \
	do {                                                                                       \
		(list)->v =                                                                        \
		        arena_grow((a), (list)->v, (list)->n, &(list)->cap, sizeof(*(list)->v));   \
		(list)->v[(list)->n++] = (value);                                                  \
	} while (0)

/* Takes back all that was allocated since the mark: an attempt that came to nothing. */
struct arena_mark {
	void *block, *large;
	size_t block_used, used;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_release(struct arena *a, struct arena_mark mark);

/* Bytes handed out so far; for tests and benchmarks. */
/* Does it own this address? The newest block is asked first. */
bool arena_owns(const struct arena *a, const void *p);

size_t arena_used(const struct arena *a);
