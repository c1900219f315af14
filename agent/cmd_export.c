#include <stdio.h>

#include "agent/command.h"
#include "agent/output.h"
#include "agent/reading.h"
#include "base/timestamp.h"
#include "reconcile/export.h"

static int export(struct reading *r, struct buf *out) {
	char date[TIMESTAMP_TEXT];
	const char *about[] = { NULL, NULL };
	struct manifest_entry *list = ARENA_ARRAY(r->a, struct manifest_entry, r->n_mailboxes + 1);
	struct arena *asked = arena_new();
	struct keys keys;
	size_t n = 0;

	keys_init(&keys, asked);
	export_keys(&keys, r->mailboxes, r->n_mailboxes);
	int code = reading_ask(r, &keys);
	keys_done(&keys);
	arena_free(asked);
	for (size_t i = 0; !code && i < r->n_mailboxes; i++)
		n += export_row(r->a, r->mailboxes + i, r->survey.world, list + n);
	about[0] = arena_printf(r->a, "What was connected at %s.",
	                        timestamp_text(r->session.now, date));
	if (!code)
		render_manifest("exported", about, list, n, out);
	return code;
}

int cmd_export(const struct options *o, struct arena *a) {
	struct output to_stdout = { FORMAT_TEXT, NULL };
	struct reading r;
	struct buf out = { 0 };
	int code = reading_open(&r, o, a);

	if (!code)
		code = export(&r, &out);
	if (!code)
		code = output_write(&to_stdout, &out);
	if (!code)
		code = reading_complete(&r);
	buf_done(&out);
	reading_close(&r);
	return code;
}
