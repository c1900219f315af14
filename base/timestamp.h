/*
 * timestamp -- moments as seconds since 1970 in UTC, and their texts.
 *
 * Nothing here asks what time it is: the clock belongs to whoever decides to
 * look at it. TIMESTAMP_NONE stands for "there is none".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMESTAMP_NONE INT64_MIN
enum { TIMESTAMP_TEXT = 32 };

/*
 * RFC 3339 (`2026-11-01T12:00:00Z`, a fraction is dropped, `T` may be a blank)
 * or the same without a zone, which is taken as UTC and reported in *ret_zoned
 * (NULL: a zone is demanded). Years 1601 to 9999.
 */
bool timestamp_parse(const char *text, int64_t *ret, bool *ret_zoned);

/* Of a day and a time of day in UTC; false where there is no such moment. */
bool timestamp_make(int year, int month, int day, int hour, int minute, int second, int64_t *ret);

/* `2026-11-01T12:00:00Z`. Returns `text`. */
char *timestamp_text(int64_t t, char text[static TIMESTAMP_TEXT]);

/* A length of time for people: `7d`, `2d 4h`, `3h 5m`, `40s`; at most two units. */
char *duration_text(int64_t seconds, char text[static TIMESTAMP_TEXT]);

/* `10s`, `5m`, `6h`, `2d`, or a bare number of seconds; no sign, at most ten years. */
bool duration_parse(const char *text, int64_t *ret);
