/*
 * log -- what the agent did, one event a line on standard error.
 *
 * `2026-11-01T12:00:00Z level=info event=pass-ended applied=3` for people and grep, or a JSON
 * object a line. Transitions, not repetitions: who logs decides that, here nothing is held back.
 * Values are quoted where they must be; no line holds a secret, because none is ever given to it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };

/* Ended by a key of NULL; a text of NULL leaves its field out. */
struct log_field {
	const char *key, *text;
	int64_t number;
	enum { FIELD_IS_TEXT, FIELD_IS_NUMBER, FIELD_IS_TIME } kind;
};
#define F_TEXT(key, value) ((struct log_field){ (key), (value), 0, FIELD_IS_TEXT })
#define F_INT(key, value)  ((struct log_field){ (key), "", (value), FIELD_IS_NUMBER })
/* Seconds since 1970; TIMESTAMP_NONE leaves it out. */
#define F_TIME(key, value) ((struct log_field){ (key), "", (value), FIELD_IS_TIME })

void log_open(bool json, bool debug);
/* Any thread. A line that cannot be written is lost: the agent does not stop for its log. */
void log_event(enum log_level level, const char *event, const struct log_field *fields);
#define LOG(level, event, ...)                                                                     \
	log_event((level), (event), (const struct log_field[]){ __VA_ARGS__, { 0 } })
uint64_t log_lines(void); /* that were written */

/*
 * The line itself, with its end, as of `now`. At most LOG_LINE_MAX bytes: where texts are too long
 * each is cut, and ends in "... (N bytes more)".
 */
enum { LOG_LINE_MAX = 64 * 1024 };
void log_line(bool json, int64_t now, enum log_level level, const char *event,
              const struct log_field *fields, struct buf *out);
