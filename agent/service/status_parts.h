/*
 * status_parts -- what the status as text is made with.
 *
 * Private to it. The document may be of another mbxctl: what is missing in it, or of another kind,
 * is NULL, none or 0.
 */
#pragma once

#include <jansson.h>

#include "agent/service/sheet.h"

/* Taking the document apart. A text is on one line, in the sheet's arena. */
const char *part_text(struct sheet *s, const json_t *object, const char *key);
int64_t part_number(const json_t *object, const char *key);
int64_t part_date(const json_t *object, const char *key); /* TIMESTAMP_NONE */
bool part_true(const json_t *object, const char *key);
bool part_is(const char *value, const char *word); /* value: NULL is none */

/* status_lists.c: each a title and lines, or nothing where there is nothing to list */
void status_errors(struct sheet *s, const json_t *list);
void status_attention(struct sheet *s, const json_t *status, bool suspended, const char *words);
void status_deadlines(struct sheet *s, const json_t *status);
void status_released(struct sheet *s, const json_t *list);
