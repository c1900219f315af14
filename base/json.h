/*
 * json -- writes JSON as it goes, so that a plan of any size needs no tree.
 *
 * RFC 8259, indented by two blanks, strings as they are (UTF-8) but for what
 * must be escaped; a byte that is no UTF-8 becomes U+FFFD. The caller opens and closes in order; a
 * wrong order is a bug and asserts. Reading JSON is jansson's work, not ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
	struct buf *out;
	bool compact; /* no line breaks: one document a line */
	int depth;
	bool filled[32]; /* something stands at this depth already */
	bool keyed;      /* a key was written and waits for its value */
};

void json_open(struct json *j, char bracket);  /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_key(struct json *j, const char *key);
void json_text(struct json *j, const char *s); /* NULL writes null */
void json_bytes(struct json *j, const char *s, size_t len);
void json_int(struct json *j, int64_t n);
void json_bool(struct json *j, bool b);
void json_nil(struct json *j);
void json_raw(struct json *j, const char *value); /* JSON already, written as it stands */
