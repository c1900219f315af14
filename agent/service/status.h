/*
 * status -- the picture as JSON (format mbxctl.status/1), and that JSON as text for people.
 *
 * The agent speaks JSON alone; `mbxctl status` prints it as it came, or this text.
 */
#pragma once

#include <jansson.h>

#include "agent/service/picture.h"
#include "base/buf.h"

#define STATUS_FORMAT "mbxctl.status/1"

/* One document; `compact`: on one line. */
void status_json(const struct picture *p, bool compact, struct buf *out);

/* `now`: for lengths of time beside the dates. What is missing or of another kind is left out. */
void status_text(const json_t *status, int64_t now, bool color, struct buf *out);
