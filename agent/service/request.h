/*
 * request -- what may be sent to the control socket, and who may send it.
 *
 * One table of verbs; reads bytes from anybody, so it believes nothing of them.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

enum { REQUEST_BYTES_MAX = 64 * 1024 }; /* without the end of the line */

struct request {
	json_t *object;   /* for json_decref() */
	const char *verb; /* the table's own */
};

/* ERR_INVALID, with a sentence for the client, where the line is no request. */
int request_parse(const char *line, size_t len, struct request *ret, struct error *err) MUST_USE;

/* May this user ask for it from an agent that runs as `self`? If not, the text says who may. */
bool request_allowed(const struct request *r, uid_t peer, uid_t self, struct error *err);
