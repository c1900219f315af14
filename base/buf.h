/*
 * buf -- bytes that grow: what a renderer writes into.
 *
 * `{0}` is an empty one; buf_done() gives the memory back. Never fails. A plan
 * of 100,000 connections is too large to be kept: one with `drain` hands on
 * what it holds, again and again.
 */
#pragma once

#include <stddef.h>

struct buf {
	char *data; /* ended by a NUL that is not counted; NULL while empty */
	size_t len, cap;
	/* NULL, or what takes all bytes away (len = 0) when many have come together. */
	void (*drain)(struct buf *b);
};

void buf_done(struct buf *b);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_pad(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
