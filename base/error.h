/*
 * error -- what a function tells its caller when the world did not play along.
 *
 * A function that can fail returns 0 or a negative `enum err`, chosen by what
 * the caller should do about it, and puts a sentence for people into the
 * `struct error` that it was given. Lower floors never print; they return.
 */
#pragma once

#include <stddef.h>

#define MUST_USE    __attribute__((warn_unused_result))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

enum err {
	OK = 0,
	ERR_INVALID = -1,   /* the input is wrong; trying again cannot help */
	ERR_IO = -2,        /* the environment failed; trying again may help */
	ERR_CONFLICT = -3,  /* the world moved since we looked; plan again */
	ERR_UNCERTAIN = -4, /* asked, but the answer was lost; look before anything else */
	ERR_LOCKED = -5,    /* somebody else works here; the text names them */
};

struct error {
	enum err code;
	char text[1024];
};

/* Sets both and returns the code, so that `return error_set(...)` is one line. */
int error_set(struct error *e, enum err code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Puts "<format>: " in front of the text that is there. Returns the code. */
int error_wrap(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
