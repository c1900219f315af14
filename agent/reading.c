#include "agent/reading.h"

#include <stdio.h>
#include <string.h>

#include "agent/manifests.h"
#include "reconcile/export.h"

static int fail(const struct error *err, int code) {
	fprintf(stderr, "mbxctl: %s\n", err->text);
	return code;
}

static int read_manifests(struct reading *r) {
	struct diags diags = { .arena = r->a };
	struct buf text = { 0 };
	size_t files = 0;
	bool unread = true;

	if (!r->session.paths)
		return 0;
	manifests_read(r->a, r->session.paths, &r->session.config, &r->connections, &files, &diags);
	for (size_t i = 0; i < diags.n; i++)
		unread &= strcmp(diags.v[i].code, "manifest-unreadable") == 0;
	/* Who asks for a first manifest has none yet. */
	if (!diags.n || (!files && unread && !r->session.o->arguments.n))
		return 0;
	diags_print(&diags, &text);
	fputs(text.data, stderr);
	buf_done(&text);
	return EXIT_MANIFEST;
}

int reading_open(struct reading *r, const struct options *o, struct arena *a) {
	struct error err;
	int code;

	*r = (struct reading){ .a = a };
	code = session_open(&r->session, o, a);
	if (!code)
		code = session_needs_store(&r->session);
	if (!code)
		code = session_needs_directory(&r->session);
	if (!code)
		code = read_manifests(r);
	if (code)
		return code;
	if (directories_new(&r->session, NULL, &r->directories, &err) < 0)
		return fail(&err, EXIT_CONFIG);
	if (inventory_open(r->session.store, INVENTORY_READ, &r->inventory, &err) < 0 ||
	    inventory_list(r->inventory, a, &r->databases, &r->n_databases, &r->mailboxes,
	                   &r->n_mailboxes, &err) < 0 ||
	    directories_begin(r->directories, false, &err) < 0)
		return fail(&err, EXIT_UNREACHABLE);
	return 0;
}

void reading_close(struct reading *r) {
	survey_end(&r->survey);
	inventory_close(r->inventory);
	if (r->directories)
		directories_end(r->directories);
	directories_free(r->directories);
	*r = (struct reading){ 0 };
}

static int begin(struct reading *r, const struct connection *const *list, size_t n) {
	struct error err;

	survey_end(&r->survey);
	inventory_end(r->inventory);
	survey_begin(&r->survey, list, NULL, n);
	if (inventory_load(r->inventory, r->survey.world, &err) < 0)
		return fail(&err, EXIT_UNREACHABLE);
	return 0;
}

static int fetch(struct reading *r, const struct keys *keys) {
	struct error err;

	if (inventory_fetch(r->inventory, keys, r->survey.world, &err) < 0)
		return fail(&err, EXIT_UNREACHABLE);
	directories_fetch(r->directories, keys, r->survey.world);
	return 0;
}

int reading_plan(struct reading *r, const struct connection *const *list, size_t n) {
	const struct session *s = &r->session;
	int code = begin(r, list, n);

	r->plan = (struct plan){ 0 };
	do {
		while (!code && !survey_plan(&r->survey, &s->settings, s->now))
			code = fetch(r, &r->survey.needs);
	} while (!code && !survey_judge(&r->survey, &r->plan));
	return code;
}

int reading_ask(struct reading *r, struct keys *keys) {
	int code = begin(r, NULL, 0);

	return code ? code : fetch(r, keys);
}

int reading_complete(const struct reading *r) {
	size_t n = 0;

	for (size_t i = 0; i < r->n_mailboxes; i++)
		n += export_unknown(r->mailboxes + i, r->survey.world);
	if (!n)
		return 0;
	fprintf(stderr,
	        "mbxctl: of %zu mailboxes it is not known who holds them: the directory could not "
	        "be read whole; they are left out\n",
	        n);
	return EXIT_BLOCKED;
}

const struct connection *const *reading_list(struct reading *r, const struct connection *more,
                                             size_t n) {
	size_t own = r->connections.n;
	const struct connection **list = ARENA_ARRAY(r->a, const struct connection *, own + n + 1);

	for (size_t i = 0; i < own; i++)
		list[i] = r->connections.v + i;
	for (size_t i = 0; i < n; i++)
		list[own + i] = more + i;
	return list;
}

struct connection reading_connection(struct arena *a, const struct mailbox_row *row) {
	char guid[GUID_TEXT];
	const char *mailbox = arena_strdup(a, guid_text(row->guid, guid));

	return (struct connection){ .manifest = "",
		                    .name = *row->display_name ? row->display_name : mailbox,
		                    .mailbox = mailbox,
		                    .database = row->database->name,
		                    .archive = row->archive,
		                    .at = { "in no manifest", 0, 0 } };
}
