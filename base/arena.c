#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FIRST = 1024, BLOCK = 64 * 1024, ALIGN = 16 };

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(ALIGN) char data[];
};

struct arena {
	struct block *head;  /* the one that is being filled, and the full ones behind it */
	struct block *large; /* each of one large piece */
	struct block *spare; /* released, for the next pieces */
	size_t used;
};

static struct block *block_new(size_t size) {
	struct block *b = malloc(sizeof(*b) + size);

	if (!b)
		abort();
	b->next = NULL;
	b->used = 0;
	b->size = size;
	return b;
}

struct arena *arena_new(void) {
	struct arena *a = calloc(1, sizeof(*a));

	if (!a)
		abort();
	return a;
}

/* Frees a chain from its head up to, and without, `end`; returns `end`. */
static struct block *drop(struct block *head, const struct block *end) {
	while (head != end) {
		struct block *next = head->next;
		free(head);
		head = next;
	}
	return head;
}

struct arena *arena_free(struct arena *a) {
	if (!a)
		return NULL;
	drop(a->head, NULL);
	drop(a->large, NULL);
	drop(a->spare, NULL);
	free(a);
	return NULL;
}

static struct block *push(struct arena *a, struct block **head, size_t size) {
	struct block *b = a->spare;

	if (b && b->size >= size) {
		a->spare = b->next;
		b->used = 0;
	} else
		b = block_new(size);
	b->next = *head;
	*head = b;
	return b;
}

static void *take(struct arena *a, size_t size) {
	struct block *b = a->head;

	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!b || b->size - b->used < size) {
		/* Blocks grow with the arena: many are small and short-lived. */
		size_t usual = a->used < BLOCK_FIRST ? BLOCK_FIRST
		               : a->used < BLOCK     ? a->used
		                                     : BLOCK;
		b = size > usual / 2 ? push(a, &a->large, size) : push(a, &a->head, usual);
	}
	void *p = b->data + b->used;
	b->used += size;
	a->used += size;
	return p;
}

struct arena_mark arena_mark(const struct arena *a) {
	return (struct arena_mark){ a->head, a->large, a->head ? a->head->used : 0, a->used };
}

/* Keeps what drop() would free: what is released over and over needs no malloc() after a while. */
static struct block *release(struct arena *a, struct block *head, const struct block *end) {
	while (head != end) {
		struct block *next = head->next;
		head->next = a->spare;
		a->spare = head;
		head = next;
	}
	return head;
}

void arena_release(struct arena *a, struct arena_mark mark) {
	a->head = release(a, a->head, mark.block);
	a->large = release(a, a->large, mark.large);
	if (a->head)
		a->head->used = mark.block_used;
	a->used = mark.used;
}

void *arena_alloc(struct arena *a, size_t n, size_t size) {
	if (size && n > SIZE_MAX / 2 / size)
		abort();
	void *p = take(a, n * size);
	memset(p, 0, n * size);
	return p;
}

char *arena_copy(struct arena *a, const void *data, size_t len) {
	char *p = take(a, len + 1);

	if (len)
		memcpy(p, data, len);
	p[len] = '\0';
	return p;
}

char *arena_strdup(struct arena *a, const char *s) {
	return s ? arena_copy(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args) {
	/* What is left of the block is most often enough: then it is written once. */
	struct block *b = a->head;
	size_t room = b ? b->size - b->used : 0;
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(room ? b->data + b->used : NULL, room, format, again);
	va_end(again);
	if (n < 0)
		abort();
	char *p = take(a, (size_t)n + 1);
	if (a->head != b || (size_t)n >= room)
		(void)vsnprintf(p, (size_t)n + 1, format, args);
	return p;
}

char *arena_printf(struct arena *a, const char *format, ...) {
	va_list args;

	va_start(args, format);
	char *p = arena_vprintf(a, format, args);
	va_end(args);
	return p;
}

void *arena_grow(struct arena *a, void *v, size_t n, size_t *cap, size_t size) {
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 4;
	void *grown = arena_alloc(a, *cap, size);
	if (n)
		memcpy(grown, v, n * size);
	return grown;
}

static bool in_chain(const struct block *b, uintptr_t p) {
	for (; b; b = b->next)
		if (p >= (uintptr_t)b->data && p < (uintptr_t)(b->data + b->size))
			return true;
	return false;
}

bool arena_owns(const struct arena *a, const void *p) {
	return in_chain(a->head, (uintptr_t)p) || in_chain(a->large, (uintptr_t)p);
}

size_t arena_used(const struct arena *a) {
	return a->used;
}
