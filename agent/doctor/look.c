#include "agent/doctor/look.h"

#include <string.h>

#include "agent/survey.h"
#include "base/text.h"
#include "reconcile/writes.h"

enum { TRIED = 50 }; /* connections, until one has a user to look at */

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

/* Whom else connections ask (account forests, other servers) is looked at by itself. */
static void fetch_entries(struct directory *directory, const struct keys *keys, struct world *w) {
	struct arena *a = arena_new();
	struct keys own = { .arena = a };

	for (size_t i = 0; i < keys->n; i++)
		if (keys->v[i].directory)
			world_unknown(world_elsewhere(w, keys->v[i].directory), keys->v[i],
			              "read-failed", "it was not asked");
		else
			keys_add(&own, keys->v[i].kind, keys->v[i].text);
	directory_fetch(directory, &own, w);
	arena_free(a);
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
		fetch_entries(directory, &survey->needs, survey->world);
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

/* A connection that is in no manifest, for the user of --user. */
static const struct connection *const *wishes(struct doctor *d, size_t *ret_n) {
	size_t n = d->connections.n < TRIED ? d->connections.n : TRIED;
	const struct connection **list = ARENA_ARRAY(d->a, const struct connection *, n + 1);

	for (size_t i = 0; i < n; i++)
		list[i] = d->connections.v + i;
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
void doctor_look(struct doctor *d, const char *about, const struct directory_options *o,
                 enum directory_role role) {
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
	if (!e.root && !e.readable) {
		directory_free(directory);
		return;
	}
	if (directory_begin(directory, false, &err) == OK) {
		tell_base(d, o, e.root, role);
		look_inside(d, directory, &e, role);
	} else {
		d->checks.unreachable = true;
		check(&d->checks, "base", VERDICT_FAULT,
		      "see directory.base and directory.configuration (of a credential: its base), "
		      "and whether the account may read them",
		      "%s", err.text);
	}
	directory_end(directory);
	directory_free(directory);
}
