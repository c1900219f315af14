#include "reconcile/plan.h"

#include <string.h>

#include "base/timestamp.h"
#include "reconcile/decide.h"

const char *const action_names[] = {
	"connect", "update", "none", "blocked", "unknown", "suspended"
};
const char *const outcome_names[] = { "",          "applied", "failed",       "stale",
	                              "uncertain", "held",    "not-attempted" };

/* What no rule decides yet is refused, never guessed. */
void rule_not_supported(struct decision *d) {
	const struct connection *c = d->c;

	if (c->type == TYPE_LINKED)
		reason(d, "not-supported", "linked mailboxes are not connected yet");
	if (c->archive)
		reason(d, "not-supported", "archives are not connected yet");
	if (c->addresses)
		reason(d, "not-supported", "`addresses` are not written yet");
	for (unsigned bit = 0; consent_names[bit]; bit++)
		if (c->allow & 1u << bit & ~(unsigned)(CONSENT_MATCH_BY_NAME | CONSENT_ADOPT))
			reason(d, "not-supported", "the consent `%s` is not honoured yet",
			       consent_names[bit]);
}

/* A pin holds for the texts that it was made for; editing one of them drops it. */
static const struct applied_row *valid_pin(const struct decision *d) {
	const struct connection *c = d->c;
	const struct applied_row *row = world_applied(d->w, c->manifest, c->name);

	if (!row || guid_none(row->mailbox) || !*row->user ||
	    strcmp(row->mailbox_text, c->mailbox) != 0)
		return NULL;
	bool same = c->user && row->user_text ? strcmp(row->user_text, c->user) == 0
	                                      : !c->user && !row->user_text;
	return same ? row : NULL;
}

static void dates(struct decision *d) {
	struct item *item = d->item;

	item->disconnected = item->purge = TIMESTAMP_NONE;
	if (!d->row || item->owned || d->row->disconnected == TIMESTAMP_NONE)
		return;
	item->disconnected = d->row->disconnected;
	item->purge = d->row->disconnected + d->row->database->retention;
}

bool item_writes(const struct item *item) {
	return item->action == ACTION_CONNECT || item->action == ACTION_UPDATE;
}

/* What the store merely takes note of hands no mail to anybody. */
bool changes_directory(const struct item *item) {
	for (size_t i = 0; i < item->changes.n; i++)
		if (!item->changes.v[i].store)
			return true;
	return false;
}

/* The action from what was found; an item that writes nothing lists neither changes nor holds. */
static enum action action_of(const struct decision *d) {
	const struct notes *reasons = &d->item->reasons;
	bool blocked = false;

	if (d->c->suspended)
		return ACTION_SUSPENDED;
	for (size_t i = 0; i < reasons->n; i++)
		blocked |= !code_unknown(reasons->v[i].code);
	if (blocked)
		return ACTION_BLOCKED;
	if (reasons->n)
		return ACTION_UNKNOWN;
	if (d->ownership == OWNER_NOBODY)
		return ACTION_CONNECT;
	return d->item->changes.n ? ACTION_UPDATE : ACTION_NONE;
}

static void conclude(struct decision *d) {
	struct item *item = d->item;
	const struct applied_row *applied = world_applied(d->w, d->c->manifest, d->c->name);

	reasons_sort(&item->reasons);
	item->type = d->c->archive ? TYPE_NONE : d->type;
	item->action = action_of(d);
	item->wish = connection_wish(d->a, d->c);
	if (item_writes(item))
		item->cause = applied && strcmp(applied->wish, item->wish) == 0 ? CAUSE_DRIFT
		                                                                : CAUSE_INTENT;
	else
		item->changes.n = item->holds.n = 0;
	item_fingerprint(item);
}

void plan_connection(struct arena *a, const struct connection *c, const struct world *w,
                     const struct settings *s, int64_t now, struct keys *needs, struct item *ret) {
	struct decision d = {
		.a = a, .c = c, .w = w, .s = s, .now = now, .needs = needs, .item = ret
	};

	*ret = (struct item){ .connection = c };
	d.pin = valid_pin(&d);
	rule_not_supported(&d);
	settle_database(&d);
	settle_mailbox(&d);
	settle_owner(&d);
	settle_user(&d);
	settle_ownership(&d);
	settle_policies(&d);
	rules_of_mailbox(&d);
	bool supported = c->type != TYPE_LINKED && !c->archive;
	if (d.ownership == OWNER_NOBODY && d.user && d.row && supported)
		plan_connect(&d);
	if (d.ownership == OWNER_WANTED && supported)
		plan_update(&d);
	if (d.by_name_alone && changes_directory(ret))
		hold(&d, "matched-by-name", CONSENT_MATCH_BY_NAME,
		     "no `user` was given and the displayName alone decided; a person has to "
		     "agree");
	dates(&d);
	warnings_of(&d);
	conclude(&d);
}
