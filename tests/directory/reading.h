/*
 * reading -- rows of LDIF, and what the LDIF back-end makes of it: entries, or an error.
 */
#pragma once

#include <stddef.h>

struct reading {
	const char *name;
	const char *ldif; /* \1 stands for a NUL */
	const char *expect;
};

/* A test each; returns how many failed. */
int reading_run(const char *name, const struct reading *rows, size_t n);
