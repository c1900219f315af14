/*
 * page -- the agent for a person with a browser: one page of HTML, without a script.
 *
 * State, what is blocked or held and since when, nearest purge dates, the last runs. Every text
 * from a manifest, a directory or a store is escaped; the page loads nothing from anywhere.
 */
#pragma once

#include "agent/service/picture.h"
#include "base/buf.h"

void page_render(const struct picture *p, struct buf *out);
