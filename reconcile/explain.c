#include "reconcile/explain.h"

#include <string.h>

#include "base/dn.h"
#include "base/sid.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "spec/keys.h"

const char *const rule_outcome_names[] = { "not asked", "passed",  "lifted",
	                                   "held",      "blocked", "unknown" };

/* ---- questions ---- */

static void answer(struct decision *d, struct explanation *e, const char *name,
                   const char *answer) {
	struct question q = { name, answer };

	ARENA_PUSH(d->a, &e->questions, q);
}

static void database(struct decision *d, struct explanation *e) {
	static const char *const how[] = {
		[OBJECT_BY_NAME] = "name", [OBJECT_BY_DN] = "DN", [OBJECT_BY_GUID] = "GUID"
	};
	struct guid guid;

	answer(d, e, "database",
	       d->database ? arena_printf(d->a, "%s; found by its %s", d->database->dn,
	                                  how[object_key_parse(d->c->database, &guid)])
	                   : "not found");
}

static void mailbox(struct decision *d, struct explanation *e) {
	static const char *const how[] = { [MAILBOX_BY_NAME] = "its display name",
		                           [MAILBOX_BY_GUID] = "its GUID",
		                           [MAILBOX_BY_LEGACY_DN] = "its legacyExchangeDN" };
	char guid[GUID_TEXT], date[TIMESTAMP_TEXT];
	struct guid ignored;
	const struct mailbox_row *row = d->row;

	if (guid_none(d->mailbox)) {
		answer(d, e, "mailbox", "not found");
		return;
	}
	const char *text = guid_text(d->mailbox, guid);
	if (row)
		text = arena_printf(d->a, "%s \"%s\", %s%s%s", text, row->display_name,
		                    mailbox_state_names[row->state],
		                    row->disconnected == TIMESTAMP_NONE ? "" : " since ",
		                    row->disconnected == TIMESTAMP_NONE
		                            ? ""
		                            : timestamp_text(row->disconnected, date));
	answer(d, e, "mailbox",
	       arena_printf(d->a, "%s; found by %s", text,
	                    d->pin ? "the pin of an earlier apply"
	                           : how[mailbox_key_parse(d->c->mailbox, &ignored)]));
}

static void owner(struct decision *d, struct explanation *e) {
	const char *text = d->owners_known ? "nobody" : "not known";

	for (size_t i = 0; i < d->n_owners; i++)
		text = i ? arena_printf(d->a, "%s; %s", text, d->owners[i]->dn) : d->owners[i]->dn;
	answer(d, e, "owner", text);
}

static void user(struct decision *d, struct explanation *e) {
	if (!d->user)
		answer(d, e, "user", "not found");
	else
		answer(d, e, "user", arena_printf(d->a, "%s; found: %s", d->user->dn, d->user_why));
	if (d->type != TYPE_NONE && !d->c->archive)
		answer(d, e, "type",
		       arena_printf(d->a, "%s%s", recipient_type_names[d->type],
		                    d->c->type == TYPE_NONE ? "; the manifest does not say" : ""));
}

static void master_account(struct decision *d, struct explanation *e) {
	if (!d->forest)
		return;
	answer(d, e, "master account",
	       d->master ? arena_printf(d->a, "%s, %s; found: %s", d->master->dn,
	                                sid_text(d->a, d->master_sid.data, d->master_sid.len),
	                                d->master_why)
	       : has_reason(d->item, "master-account-not-found") ? "not found"
	                                                         : "not known");
}

static void policies(struct decision *d, struct explanation *e) {
	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		const char *text = d->policies[kind] ? d->policies[kind]->dn : "not found";
		if (!policy_managed(d, kind))
			continue;
		if (d->c->policies[kind].how == CLEAR)
			text = "none; what is there is cleared";
		answer(d, e, arena_printf(d->a, "%s policy", policy_names[kind]), text);
	}
}

/* ---- rules ---- */

static const struct {
	const char *code;
	enum consent consent;
} holds[] = {
	{ "matched-by-name", CONSENT_MATCH_BY_NAME },
	{ "adopting", CONSENT_ADOPT },
	{ "reconnecting", CONSENT_RECONNECT },
	{ "type-change", CONSENT_TYPE_CHANGE },
	{ "relinking", CONSENT_RELINK },
};

static const struct note *find(const struct notes *notes, const char *code) {
	for (size_t i = 0; i < notes->n; i++)
		if (strcmp(notes->v[i].code, code) == 0)
			return notes->v + i;
	return NULL;
}

static bool was_asked(const struct trace *trace, const char *code) {
	for (size_t i = 0; i < trace->n; i++)
		if (strcmp(trace->v[i], code) == 0)
			return true;
	return false;
}

static void rule(struct decision *d, struct explanation *e, const char *code,
                 enum rule_outcome outcome, const struct note *note) {
	struct rule_tried r = { code, outcome, note ? note->message : NULL };

	ARENA_PUSH(d->a, &e->rules, r);
}

/* One code may apply more than once: each time is told. */
static void reason_rule(struct decision *d, struct explanation *e, const char *code) {
	const struct notes *reasons = &e->item->reasons;
	const struct note *lifted = find(&e->item->warnings, code);
	/* Claims are compared, and readings are looked at, whatever else is found. */
	bool always = code_unknown(code) ? strncmp(code, "read-", 5) == 0
	                                 : strcmp(code, "claimed-twice") == 0 && e->item->claims.n;
	bool applies = false;

	for (size_t i = 0; i < reasons->n; i++) {
		if (strcmp(reasons->v[i].code, code) != 0)
			continue;
		rule(d, e, code, code_unknown(code) ? RULE_UNKNOWN : RULE_BLOCKED, reasons->v + i);
		applies = true;
	}
	if (applies)
		return;
	if (lifted)
		rule(d, e, code, RULE_LIFTED, lifted);
	else
		rule(d, e, code, always || was_asked(d->trace, code) ? RULE_PASSED : RULE_NOT_ASKED,
		     NULL);
}

static void hold_rule(struct decision *d, struct explanation *e, size_t i) {
	/* What is blocked for another reason has no warnings about a write. */
	const struct note *note = find(&d->item->warnings, holds[i].code);
	enum rule_outcome outcome = RULE_NOT_ASKED;

	if (note)
		outcome = allows(d, holds[i].consent) ? RULE_LIFTED : RULE_HELD;
	else if (was_asked(d->trace, holds[i].code))
		outcome = RULE_PASSED;
	rule(d, e, holds[i].code, outcome, note);
}

void plan_explain(struct arena *a, const struct item *item, const struct world *w,
                  const struct settings *s, int64_t now, const struct beside *beside,
                  struct explanation *ret) {
	struct trace trace = { 0 };
	struct keys needs;
	struct item again = { .connection = item->connection };
	struct decision d = { .a = a,
		              .trace = &trace,
		              .c = item->connection,
		              .w = w,
		              .s = s,
		              .now = now,
		              .beside = beside,
		              .needs = &needs,
		              .item = &again };

	*ret = (struct explanation){ .item = item };
	keys_init(&needs, a);
	decide(&d);
	keys_done(&needs);
	database(&d, ret);
	mailbox(&d, ret);
	owner(&d, ret);
	user(&d, ret);
	master_account(&d, ret);
	policies(&d, ret);
	for (size_t i = 0; code_at(i); i++)
		reason_rule(&d, ret, code_at(i));
	for (size_t i = 0; i < sizeof(holds) / sizeof(*holds); i++)
		hold_rule(&d, ret, i);
}
