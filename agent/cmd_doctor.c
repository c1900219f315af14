/* May the bind account do what a connect needs? Everything is asked, nothing is written. */
#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "agent/doctor/checks.h"
#include "agent/file.h"
#include "agent/manifests.h"
#include "agent/output.h"
#include "agent/reach.h"
#include "agent/session.h"
#include "agent/survey.h"
#include "base/text.h"
#include "reconcile/writes.h"
#include "store/inventory/inventory.h"

enum { TRIED = 50 }; /* connections, until one has a user to look at */

struct doctor {
	struct arena *a;
	const struct session *s;
	struct checks checks;
	struct inventory *inventory; /* NULL: it cannot be had */
	struct store_facts store;
	struct connections connections;
	bool invalid; /* what the config says cannot be done */
};

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

/* ---- reading a directory -------------------------------------------------------------------- */

/* Without a store it is as if there were no mailboxes. */
static void fetch_rows(struct doctor *d, const struct keys *keys, struct world *w) {
	struct error err;

	if (d->inventory && inventory_fetch(d->inventory, keys, w, &err) == OK)
		return;
	for (size_t i = 0; i < keys->n; i++)
		if (key_of_inventory(keys->v[i].kind))
			world_answer_rows(w, keys->v[i], NULL, 0);
}

/* Decides the connections as a plan would: on the way, all that is asked here is read. */
static void decide(struct doctor *d, struct directory *directory, struct survey *survey,
                   const struct connection *const *list, size_t n) {
	struct error err;

	survey_begin(survey, list, NULL, n);
	if (d->inventory && inventory_load(d->inventory, survey->world, &err) < 0)
		d->inventory = inventory_close(d->inventory);
	while (!survey_plan(survey, &d->s->settings, d->s->now)) {
		fetch_rows(d, &survey->needs, survey->world);
		directory_fetch(directory, &survey->needs, survey->world);
	}
	struct keys keys;
	keys_init(&keys, survey->a);
	keys_add(&keys, KEY_CLASS, text_fold(survey->a, "classSchema"));
	directory_fetch(directory, &keys, survey->world);
	keys_done(&keys);
}

/* ---- whom to look at ------------------------------------------------------------------------ */

struct sample {
	const char *dn, *how; /* NULL: whom the directory chooses */
	bool wrong;           /* the user that was asked for is not to be had */
};

static struct sample sample_asked(struct doctor *d, const struct item *item) {
	const char *why = "it was not found";

	if (item->user)
		return (struct sample){ item->user->dn, "as --user says", false };
	/* The connection was made up: it has no database either. */
	for (size_t i = 0; i < item->reasons.n; i++)
		if (strncmp(item->reasons.v[i].code, "database-", 9) != 0)
			why = item->reasons.v[i].message;
	check(&d->checks, "user", VERDICT_FAULT,
	      "give a UPN, DOMAIN\\sAMAccountName, DN, canonical name, GUID or name that fits one "
	      "user",
	      "%s", why);
	return (struct sample){ .wrong = true };
}

/* Somebody who is to be connected is best. */
static struct sample sample_of(struct doctor *d, const struct survey *survey) {
	const struct item *best = NULL;

	if (d->s->o->user)
		return sample_asked(d, survey->items);
	for (size_t i = 0; i < survey->n; i++) {
		const struct item *item = survey->items + i;
		if (item->user &&
		    (!best || (best->action != ACTION_CONNECT && item->action == ACTION_CONNECT)))
			best = item;
	}
	if (!best)
		return (struct sample){ .how = "the first who has no mailbox" };
	return (struct sample){ best->user->dn,
		                arena_printf(d->a, "of connection %s", best->connection->name),
		                false };
}

/* Without what it says of other directories: those have their own turn, and all that counts here is
 * who the user is. */
static const struct connection *here_alone(struct arena *a, const struct connection *c) {
	struct connection *copy = ARENA_NEW(a, struct connection);

	*copy = *c;
	copy->domain_controller = NULL;
	copy->type = c->type == TYPE_LINKED ? TYPE_SHARED : c->type;
	return copy;
}

/* A connection that is in no manifest, for the user of --user. */
static const struct connection *const *wishes(struct doctor *d, size_t *ret_n) {
	size_t n = d->connections.n < TRIED ? d->connections.n : TRIED;
	const struct connection **list = ARENA_ARRAY(d->a, const struct connection *, n + 1);

	for (size_t i = 0; i < n; i++)
		list[i] = here_alone(d->a, d->connections.v + i);
	if (d->s->o->user || !n) {
		struct connection *c = ARENA_NEW(d->a, struct connection);
		*c = (struct connection){ .manifest = "",
			                  .name = "doctor",
			                  .mailbox = "doctor",
			                  .database = "doctor",
			                  .user = d->s->o->user,
			                  .at = { "in no manifest", 0, 0 } };
		list[0] = c;
		n = 1;
	}
	*ret_n = n;
	return list;
}

/* ---- a directory ---------------------------------------------------------------------------- */

static const char *first_database(const struct world *w, struct arena *a) {
	struct answer found =
	        world_ask(w, KEY_CLASS, text_fold(a, config_classes[CLASS_DATABASES].name));

	return found.n ? found.entries[0]->dn : NULL;
}

static void tell_base(struct doctor *d, const struct directory_options *o,
                      const struct examined_root *root, enum directory_role role) {
	const char *base = o->base ? o->base : root ? root->base : NULL;
	const char *configuration = o->configuration ? o->configuration
	                            : root           ? root->configuration
	                                             : NULL;

	check(&d->checks, "base", VERDICT_OK, NULL, "people are sought below %s%s%s",
	      base ? base : "every naming context",
	      role == ROLE_MAILBOXES ? ", the organisation below " : "",
	      role != ROLE_MAILBOXES ? ""
	      : configuration        ? configuration
	                             : "every naming context");
}

static void look_inside(struct doctor *d, struct directory *directory, const struct examination *e,
                        enum directory_role role) {
	struct survey survey = { 0 };
	struct examined_user user;
	struct sample sample = { .how = "the first who has no mailbox" };
	size_t n;

	if (role == ROLE_MAILBOXES) {
		const struct connection *const *list = wishes(d, &n);
		decide(d, directory, &survey, list, n);
		judge_organisation(&d->checks, survey.world, &d->store);
		judge_schema(&d->checks, survey.world, e->root);
		sample = sample_of(d, &survey);
	}
	if (!sample.wrong) {
		directory_examine_user(directory, d->a, sample.dn,
		                       survey.world ? first_database(survey.world, d->a) : NULL,
		                       &user);
		judge_user(&d->checks, e, &user, role, sample.how);
	}
	survey_end(&survey);
}

/* One directory, from the way there to the rights. */
static void look_at_directory(struct doctor *d, const char *about,
                              const struct directory_options *o, enum directory_role role) {
	struct directory *directory = NULL;
	struct examination e;
	struct error err;

	d->checks.about = about;
	if (directory_new(o, &directory, &err) < 0) {
		d->invalid = true;
		check(&d->checks, "settings", VERDICT_FAULT, "correct the config", "%s", err.text);
		return;
	}
	directory_examine(directory, d->a, &e);
	judge_servers(&d->checks, &e, &o->bind);
	if (!d->checks.unreachable || e.root || e.readable) {
		if (directory_begin(directory, false, &err) == OK) {
			tell_base(d, o, e.root, role);
			look_inside(d, directory, &e, role);
		} else if (e.root || e.readable) {
			d->checks.unreachable = true;
			check(&d->checks, "base", VERDICT_FAULT,
			      "see directory.base and directory.configuration, and whether the "
			      "account may read them",
			      "%s", err.text);
		}
	}
	directory_end(directory);
	directory_free(directory);
}

/* ---- account forests ------------------------------------------------------------------------ */

static void look_at_forest(struct doctor *d, const char *about, const struct elsewhere *e) {
	struct directory_options o;
	struct error err;

	if (reach_elsewhere(d->s, d->a, e, &o, &err) == OK) {
		look_at_directory(d, about, &o, ROLE_ACCOUNTS);
		return;
	}
	d->invalid = true;
	d->checks.about = about;
	check(&d->checks, "settings", VERDICT_FAULT, "correct the config", "%s", err.text);
}

/* One that has no address of its own is used at those that linked connections name. */
static void look_where_used(struct doctor *d, const char *credential) {
	struct texts seen = { 0 };

	for (size_t i = 0; i < d->connections.n; i++) {
		const struct connection *c = d->connections.v + i;
		const char *by = c->linked.credential ? c->linked.credential : "";
		struct elsewhere e;
		bool known = false;
		if (c->type != TYPE_LINKED || strcmp(by, credential) != 0)
			continue;
		elsewhere_parse(d->a, elsewhere_forest(d->a, c), &e);
		for (size_t k = 0; k < seen.n && !known; k++)
			known = strcmp(seen.v[k], e.host) == 0;
		if (known)
			continue;
		ARENA_PUSH(d->a, &seen, e.host);
		look_at_forest(d,
		               arena_printf(d->a, "%s%s at %s",
		                            *by ? "credential " : "account forest", by, e.host),
		               &e);
	}
	if (seen.n || !*credential)
		return;
	d->checks.about = arena_printf(d->a, "credential %s", credential);
	check(&d->checks, "server", VERDICT_SKIPPED, NULL,
	      "it has no uri, and no linked connection uses it");
}

static void look_at_forests(struct doctor *d) {
	const struct config *c = &d->s->config;

	for (size_t i = 0; i < c->n_credentials; i++) {
		const struct credential *by = c->credentials + i;
		const struct elsewhere e = { .forest = true, .host = "", .credential = by->name };
		if (by->uri)
			look_at_forest(d, arena_printf(d->a, "credential %s", by->name), &e);
		else
			look_where_used(d, by->name);
	}
	look_where_used(d, "");
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
	look_at_directory(&d, "directory", &s.directory, ROLE_MAILBOXES);
	look_at_forests(&d);
	inventory_close(d.inventory);
	code = show(&d, &outputs);
	return code ? code : verdict_of(&d);
}
