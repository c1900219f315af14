/*
 * render -- a plan as people and programs read it; pure functions of the plan.
 *
 * The same bytes for the same plan and time. JSON is the promise to programs (docs: format
 * mbxctl.plan/1); the text may change with every release.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/json.h"
#include "reconcile/plan.h"

/* What a program looks at first; it counts up where a reader would have to change. */
#define RENDER_FORMAT  "mbxctl.plan/1"
#define EXPLAIN_FORMAT "mbxctl.explain/1"

struct render_options {
	bool color;
	bool verbose;               /* text: list what is in sync, too */
	bool applied;               /* it was carried out: show what became of each item */
	int64_t now;                /* for lengths of time in the text */
	const char *const *sources; /* text: "store", "sqlite:x", ... pairs, NULL-ended; or NULL */
};

void render_text(const struct plan *p, const struct render_options *o, struct buf *out);
void render_json(const struct plan *p, const struct render_options *o, struct buf *out);

/* The same as events, an object a line: version, connection ..., result ..., summary. */
void render_ndjson(const struct plan *p, const struct render_options *o, struct buf *out);
/* For a pull request. */
void render_markdown(const struct plan *p, const struct render_options *o, struct buf *out);
/* A script of the cmdlets that do the same; of an apply, those that the mail server still needs. */
void render_powershell(const struct plan *p, const struct render_options *o, struct buf *out);
/* RFC 2849 change records of the directory's part. `now` is the time that they write. */
void render_ldif(const struct plan *p, const struct render_options *o, struct buf *out);

/* The end of an apply, a line an item that was to be written and the total: text alone. */
void render_ledger(const struct plan *p, const struct render_options *o, struct buf *out);

/*
 * The text on one line: what would end the line, or turn the direction of writing, stands as
 * \uXXXX. Names come from a directory, where anybody may have written them.
 */
const char *render_line(struct arena *a, const char *text);

/* One connection as the text of a plan shows it. */
void render_text_item(const struct item *item, const struct render_options *o, struct buf *out);

/* One mailbox as every JSON document of mbxctl shows it, in the database as it is called there;
 * leaves the object open. */
void render_json_row(struct json *j, const struct mailbox_row *row, const char *database);
