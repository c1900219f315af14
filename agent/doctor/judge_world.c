/* What is in the directory: the organisation, its databases, the schema. */
#include <string.h>

#include "agent/doctor/checks.h"
#include "base/text.h"
#include "reconcile/writes.h"

static struct answer ask(struct checks *c, const struct world *w, const char *class_name) {
	return world_ask(w, KEY_CLASS, text_fold(c->a, class_name));
}

/* ---- the organisation ----------------------------------------------------------------------- */

static const char *name_of(struct arena *a, const struct entry *e) {
	const char *name = entry_text(e, ATTR_NAME);

	if (!name)
		name = entry_text(e, ATTR_CN);
	return name ? name : arena_strdup(a, e->dn);
}

static bool is_row(const struct entry *e, const struct database_row *row, const char *name) {
	if (!guid_none(row->guid) && !guid_none(e->guid))
		return guid_equal(row->guid, e->guid);
	return text_same(row->name, name);
}

/* Databases of the directory and of the store are the same ones. */
static void judge_databases(struct checks *c, const struct answer *databases,
                            const struct store_facts *store) {
	const struct database_row *rows = store->databases;
	size_t n_rows = store->n_databases;
	struct examined_texts unknown = { 0 }, gone = { 0 };
	bool *met = ARENA_ARRAY(c->a, bool, n_rows + 1);

	if (store->unreadable || store->n_faults) {
		check(c, "databases", VERDICT_SKIPPED, NULL,
		      "the store cannot be read: which of them it knows cannot be told");
		return;
	}
	for (size_t i = 0; i < databases->n; i++) {
		const char *name = name_of(c->a, databases->entries[i]);
		bool found = false;
		for (size_t k = 0; k < n_rows; k++)
			if (is_row(databases->entries[i], rows + k, name))
				found = met[k] = true;
		if (!found)
			ARENA_PUSH(c->a, &unknown, name);
	}
	for (size_t k = 0; k < n_rows; k++)
		if (!met[k])
			ARENA_PUSH(c->a, &gone, rows[k].name);
	if (unknown.n)
		check(c, "databases", VERDICT_WARNING,
		      "import their mailboxes: Get-MailboxStatistics -Database NAME, then `mbxctl "
		      "store import FILE`",
		      "never imported into the store: %s; none of their mailboxes is found",
		      listed(c->a, &unknown, 5));
	if (gone.n)
		check(c, "databases", VERDICT_WARNING,
		      "if they were removed, nothing is to be done; else see whether the account "
		      "may read them",
		      "in the store and not in the directory: %s", listed(c->a, &gone, 5));
	if (!unknown.n && !gone.n)
		check(c, "databases", VERDICT_OK, NULL,
		      "the store knows the same %zu as the directory", databases->n);
}

/* `4 mailbox databases, 2 servers, ...`; false where one class could not be read, for *ret. */
static bool count(struct checks *c, const struct world *w, const char **ret) {
	struct examined_texts counts = { 0 };

	for (int i = 0; i < CONFIG_CLASSES; i++) {
		struct answer answer = ask(c, w, config_classes[i].name);
		if (answer.state != ANSWER_COMPLETE) {
			*ret = answer.why ? answer.why : "it was not read";
			return false;
		}
		if (config_classes[i].exchange || i == CLASS_LISTS)
			ARENA_PUSH(c->a, &counts,
			           arena_printf(c->a, "%s: %zu", config_classes[i].what, answer.n));
	}
	*ret = listed(c->a, &counts, CONFIG_CLASSES);
	return true;
}

void judge_organisation(struct checks *c, const struct world *w, const struct store_facts *store) {
	const char *counted;

	if (!count(c, w, &counted)) {
		check(c, "organisation", VERDICT_FAULT,
		      "every plan would be `unknown` for this; see directory.configuration, and "
		      "whether the account may read it",
		      "the configuration objects cannot be read: %s", counted);
		return;
	}
	struct answer found = ask(c, w, config_classes[CLASS_DATABASES].name);
	if (!found.n) {
		check(c, "organisation", VERDICT_FAULT,
		      "let the account read CN=Microsoft Exchange,CN=Services below the "
		      "configuration (docs/delegation.md), or see directory.configuration",
		      "no mailbox database is seen: there is none, the account may not read the "
		      "organisation, or it is elsewhere (%s)",
		      counted);
		return;
	}
	struct answer servers = ask(c, w, config_classes[CLASS_SERVERS].name);
	if (servers.n)
		check(c, "organisation", VERDICT_OK, NULL, "%s", counted);
	else
		check(c, "organisation", VERDICT_FAULT,
		      "let the account read CN=Microsoft Exchange,CN=Services below the "
		      "configuration (docs/delegation.md)",
		      "databases are seen and no server: every connect would be "
		      "`home-server-unknown` (%s)",
		      counted);
	judge_databases(c, &found, store);
}

/* ---- the schema ----------------------------------------------------------------------------- */

static bool describes(const struct answer *schema, const char *name) {
	for (size_t i = 0; i < schema->n; i++) {
		const char *known = entry_text(schema->entries[i], ATTR_LDAP_DISPLAY_NAME);
		if (known && text_same(known, name))
			return true;
	}
	return false;
}

/* `msExchMailboxGuid, homeMDB (a connect), ...`: what cannot be written, by what it is for. */
static const char *by_use(struct arena *a, const struct examined_texts missing[WRITE_USES]) {
	struct examined_texts parts = { 0 };

	for (int use = 0; use < WRITE_USES; use++)
		if (missing[use].n)
			ARENA_PUSH(a, &parts,
			           arena_printf(a, "%s (%s)", listed(a, missing + use, 12),
			                        write_use_texts[use]));
	return listed(a, &parts, WRITE_USES);
}

static void judge_attributes(struct checks *c, const struct answer *schema) {
	struct examined_texts missing[WRITE_USES] = { 0 }, left_out = { 0 };
	size_t n = 0, total = 0;

	for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++, total++) {
		const char *name = attributes[w->id].name;
		if (describes(schema, name))
			continue;
		if (w->optional)
			ARENA_PUSH(c->a, &left_out, name);
		else {
			ARENA_PUSH(c->a, missing + w->use, name);
			n++;
		}
	}
	if (n)
		check(c, "schema", VERDICT_FAULT,
		      "extend the schema (Exchange Setup /PrepareSchema)",
		      "it lacks %s: what needs them is `schema-missing`", by_use(c->a, missing));
	else if (left_out.n)
		check(c, "schema", VERDICT_OK, NULL,
		      "it has all attributes that are needed; a connect leaves out %s",
		      listed(c->a, &left_out, 12));
	else
		check(c, "schema", VERDICT_OK, NULL, "it has all %zu attributes that are written",
		      total);
}

static void judge_classes(struct checks *c, const struct world *w,
                          const struct examined_root *root) {
	struct answer classes = ask(c, w, "classSchema");
	struct examined_texts missing = { 0 };
	bool none = false; /* of what every connect needs */

	if (root && root->tells_classes)
		missing = root->missing_classes;
	else if (classes.state != ANSWER_COMPLETE || !classes.n)
		return;
	else
		for (int i = 0; i < CONFIG_CLASSES; i++)
			if (config_classes[i].exchange &&
			    !describes(&classes, config_classes[i].name))
				ARENA_PUSH(c->a, &missing, config_classes[i].name);
	for (size_t i = 0; i < missing.n; i++)
		none |= text_same(missing.v[i], config_classes[CLASS_DATABASES].name) ||
		        text_same(missing.v[i], config_classes[CLASS_SERVERS].name);
	if (missing.n)
		check(c, "classes", none ? VERDICT_FAULT : VERDICT_WARNING,
		      "extend the schema (Exchange Setup /PrepareSchema)",
		      "the schema lacks the classes %s: none of their objects can be there",
		      listed(c->a, &missing, CONFIG_CLASSES));
	else
		check(c, "classes", VERDICT_OK, NULL,
		      "the schema has all classes that are asked for");
}

void judge_schema(struct checks *c, const struct world *w, const struct examined_root *root) {
	struct answer schema = ask(c, w, config_classes[CLASS_SCHEMA].name);

	if (schema.state != ANSWER_COMPLETE)
		check(c, "schema", VERDICT_FAULT, "let the account read the schema",
		      "it cannot be read: %s", schema.why ? schema.why : "it was not asked");
	else if (!schema.n)
		check(c, "schema", VERDICT_SKIPPED, NULL,
		      "the directory shows none: it is taken to have every attribute");
	else {
		judge_attributes(c, &schema);
		judge_classes(c, w, root);
	}
}
