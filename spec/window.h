/*
 * window -- when a window of the agent begins: `Mon-Fri 22:00`, or `2026-12-24 00:00` once.
 *
 * Days are Mon to Sun, alone, as a range (which may go over Sunday) or a list of both; without any
 * it is every day. The time is that of the process's zone, so a text names none.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

struct window_begin {
	unsigned days; /* a bit for each, Monday the lowest; 0: on the date alone */
	int year, month, day;
	int hour, minute;
};

/* NULL, or what is wrong with the text, as the end of a sentence that begins with it. */
const char *window_parse(struct arena *a, const char *text, struct window_begin *ret);

/* The same for a field of the config. */
const char *window_fault(struct arena *a, const char *text);
