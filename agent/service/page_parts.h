/*
 * page_parts -- what the parts of the page are written with.
 *
 * Private to the page. Whatever comes from outside goes through paper_text() or paper_name(): the
 * characters of HTML escaped, and what would end a line or turn the direction of writing shown as
 * \uXXXX.
 */
#pragma once

#include "agent/service/picture.h"
#include "base/buf.h"

struct paper {
	const struct picture *p;
	const struct findings *f; /* the last that made a plan; an empty one where there is none */
	struct arena *a;
	struct buf *out;
};

extern const char page_style[]; /* of the element `style` */

void paper_text(struct paper *w, const char *text);
/* The same, its direction of writing kept from what stands around it. */
void paper_name(struct paper *w, const char *text);
/* As an element `code`. */
void paper_code(struct paper *w, const char *text);

/* `2026-11-01T12:00:00Z`, for machines too. */
void paper_time(struct paper *w, int64_t t);
/* `3d 4h ago`, `in 4m`, with the time; before now "just now", "now". */
void paper_ago(struct paper *w, int64_t t);
void paper_ahead(struct paper *w, int64_t t);
/* How long since, as `3d 4h`. */
const char *paper_length(struct paper *w, int64_t from, int64_t to);

/* `1 mailbox`, `2 mailboxes`. */
void paper_count(struct paper *w, int64_t n, const char *one, const char *many);

/* ---- parts with a file of their own ---- */

/* page_troubles.c: is it well? */
void page_troubles(struct paper *w);           /* what is the matter with the agent itself */
void page_headline(struct paper *w);           /* the worst of it in a few words */
const char *page_level(const struct paper *w); /* the headline's class: "bad", "warn", "well" */

/* page_lists.c: each a section, or nothing where there is nothing to list */
void page_attention(struct paper *w);
void page_deadlines(struct paper *w);
void page_runs(struct paper *w);
void page_errors(struct paper *w);
void page_released(struct paper *w);
