/* May the bind account do what a connect needs? Everything is asked, nothing is written. */
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/doctor/look.h"
#include "agent/manifests.h"
#include "agent/output.h"
#include "agent/reach.h"

/* ---- the config and the manifests ----------------------------------------------------------- */

static void look_at_config(struct doctor *d) {
	const char *file = d->s->config.file;

	d->checks.about = "config";
	if (file)
		check(&d->checks, "config", VERDICT_OK, NULL, "%s", file);
	else
		check(&d->checks, "config", VERDICT_SKIPPED, NULL,
		      "there is none: what follows is by options and variables alone");
}

static void look_at_manifests(struct doctor *d) {
	struct diags diags = { .arena = d->a };
	size_t files = 0;

	if (!d->s->paths)
		return;
	manifests_read(d->a, d->s->paths, &d->s->config, &d->connections, &files, &diags);
	if (diags.n)
		check(&d->checks, "manifests", VERDICT_WARNING, "`mbxctl validate` shows each",
		      "they have %zu error%s: nothing can be planned", diags.n,
		      diags.n == 1 ? "" : "s");
	else
		check(&d->checks, "manifests", VERDICT_OK, NULL, "%zu file%s, %zu connection%s",
		      files, files == 1 ? "" : "s", d->connections.n,
		      d->connections.n == 1 ? "" : "s");
}

/* ---- the store ------------------------------------------------------------------------------ */

static int read_store(struct doctor *d, struct error *err) {
	struct store_facts *f = &d->store;
	struct database_row *databases = NULL;
	struct mailbox_row *mailboxes = NULL;
	struct open_intent *intents = NULL;
	int r = inventory_open(d->s->store, INVENTORY_READ, &d->inventory, err);

	if (r == OK)
		r = inventory_examine(d->inventory, d->a, &f->format, &f->faults, &f->n_faults,
		                      err);
	/* What a damaged one holds is not asked: it may be wrong. */
	if (r == OK && f->n_faults)
		return OK;
	if (r == OK)
		r = inventory_list(d->inventory, d->a, &databases, &f->n_databases, &mailboxes,
		                   &f->n_mailboxes, err);
	if (r == OK)
		r = inventory_open_intents(d->inventory, d->a, &intents, &f->n_intents, err);
	f->databases = databases;
	return r;
}

static void look_at_store(struct doctor *d) {
	struct error err;

	d->checks.about = "store";
	d->store.uri = d->s->store_uri;
	if (read_store(d, &err) < 0) {
		d->store.unreadable = arena_strdup(d->a, err.text);
		d->store.n_databases = 0;
	}
	if (d->store.unreadable || d->store.n_faults)
		d->inventory = inventory_close(d->inventory);
	judge_store(&d->checks, &d->store, d->s->now);
}

/* ---- account forests ------------------------------------------------------------------------ */

static void look_at_forest(struct doctor *d, const char *about, const struct elsewhere *e) {
	struct directory_options options;
	struct error err;

	d->checks.about = about;
	if (reach_elsewhere(d->s, d->a, e, &options, &err) == OK) {
		doctor_look(d, about, &options, ROLE_ACCOUNTS);
		return;
	}
	d->invalid = true;
	check(&d->checks, "settings", VERDICT_FAULT, "correct the config, or the manifest", "%s",
	      err.text);
}

/* A credential with a URI is one directory, whoever asks for it. */
static void look_at_credentials(struct doctor *d) {
	const struct config *c = &d->s->config;

	for (size_t i = 0; i < c->n_credentials; i++) {
		const struct credential *k = c->credentials + i;
		const struct elsewhere e = { .forest = true, .host = "", .credential = k->name };
		if (k->uri)
			look_at_forest(d, arena_printf(d->a, "credential %s", k->name), &e);
	}
}

/* Others are as many as linked connections name domain controllers. */
static void look_at_linked(struct doctor *d) {
	struct examined_texts seen = { 0 };

	for (size_t i = 0; i < d->connections.n; i++) {
		const struct connection *c = d->connections.v + i;
		struct elsewhere e;
		if (c->type != TYPE_LINKED)
			continue;
		const char *name = elsewhere_forest(d->a, c);
		bool again = false;
		for (size_t k = 0; k < seen.n; k++)
			again |= strcmp(seen.v[k], name) == 0;
		if (again)
			continue;
		ARENA_PUSH(d->a, &seen, name);
		elsewhere_parse(d->a, name, &e);
		const struct credential *by = config_credential(&d->s->config, e.credential);
		if (!by || !by->uri)
			look_at_forest(d,
			               arena_printf(d->a, "account forest %s%s%s", e.host,
			                            by ? ", credential " : "", e.credential),
			               &e);
	}
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int show(const struct doctor *d, const struct outputs *outputs) {
	int code = 0;

	for (size_t i = 0; !code && i < outputs->n; i++) {
		struct buf out = { 0 };
		if (outputs->v[i].format == FORMAT_JSON)
			doctor_json(&d->checks, &out);
		else
			doctor_text(&d->checks, session_color(d->s->o), &out);
		code = output_write(outputs->v + i, &out);
		buf_done(&out);
	}
	return code;
}

static int verdict_of(const struct doctor *d) {
	if (d->invalid)
		return EXIT_CONFIG;
	if (d->checks.unreachable)
		return EXIT_UNREACHABLE;
	for (size_t i = 0; i < d->checks.n; i++)
		if (d->checks.v[i].verdict == VERDICT_FAULT)
			return EXIT_FAILED;
	return EXIT_DONE;
}

int cmd_doctor(const struct options *o, struct arena *a) {
	struct outputs outputs;
	struct session s;
	struct doctor d = { .a = a, .s = &s, .checks.a = a };
	int code = outputs_parse(o, a, &outputs);

	if (!code)
		code = session_open(&s, o, a);
	if (!code)
		code = session_needs_store(&s);
	if (!code)
		code = session_needs_directory(&s);
	if (code)
		return code;
	look_at_config(&d);
	look_at_manifests(&d);
	look_at_store(&d);
	doctor_look(&d, "directory", &s.directory, ROLE_MAILBOXES);
	look_at_credentials(&d);
	look_at_linked(&d);
	inventory_close(d.inventory);
	code = show(&d, &outputs);
	return code ? code : verdict_of(&d);
}
