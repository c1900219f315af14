#include "reconcile/plan.h"

#include <inttypes.h>
#include <string.h>

#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "reconcile/elsewhere.h"

const char *const action_names[] = { "connect", "update",    "none",      "blocked",
	                             "unknown", "suspended", "disconnect" };
const char *const outcome_names[] = { "",          "applied", "failed",       "stale",
	                              "uncertain", "held",    "not-attempted" };

static bool same_texts(const struct applied_row *row, const struct connection *c) {
	if (strcmp(row->mailbox_text, c->mailbox) != 0)
		return false;
	return c->user && row->user_text ? strcmp(row->user_text, c->user) == 0
	                                 : !c->user && !row->user_text;
}

/* A pin holds for the texts that it was made for; editing one of them drops it. */
static const struct applied_row *valid_pin(const struct decision *d) {
	const struct connection *c = d->c;
	const struct applied_row *row = world_applied(d->w, c->manifest, c->name);

	bool pinned = row && !guid_none(row->mailbox) && *row->user && same_texts(row, c);
	return pinned ? row : NULL;
}

/* An edited `mailbox` or `user` is a new wish of a person. */
bool disconnected_since(const struct decision *d) {
	size_t n;
	const struct applied_row *const *rows =
	        world_applied_pair(d->w, d->mailbox, d->user->identity, &n);

	for (size_t i = 0; i < n; i++)
		if (same_texts(rows[i], d->c))
			return true;
	return false;
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
	return item->action == ACTION_CONNECT || item->action == ACTION_UPDATE ||
	       item->action == ACTION_DISCONNECT;
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

	if (d->item->suspended)
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

/* The connection as it stood when it was last applied: an undo changes that row no more, so what
 * differs from it was edited since. NULL: it was another's. */
static const struct applied_row *last_applied(const struct decision *d) {
	const struct applied_row *row = world_applied(d->w, d->c->manifest, d->c->name);

	bool ours = row && guid_equal(row->mailbox, d->mailbox) &&
	            strcmp(row->user, d->user->identity) == 0;
	return ours ? row : NULL;
}

/* By the manifest, or because a run was taken back and nobody asked for it anew since. */
static const char *suspension(struct decision *d) {
	const struct undone_row *u;

	if (d->c->suspended)
		return d->c->suspend_reason ? d->c->suspend_reason : "by the manifest";
	u = d->user ? world_undone(d->w, d->mailbox, d->user->identity) : NULL;
	if (!u)
		return NULL;
	const struct applied_row *row = last_applied(d);
	const char *mailbox = row ? row->mailbox_text : u->mailbox_text;
	const char *user = row ? row->user_text : u->user_text;
	if (strcmp(mailbox, d->c->mailbox) != 0 ||
	    strcmp(user ? user : "", d->c->user ? d->c->user : "") != 0)
		return NULL;
	bool had = row ? wish_reconnects(row->wish, u->reconnect) : u->reconnect;
	bool lifted = u->connect ? allows(d, CONSENT_RECONNECT) && !had
	                         : !wish_own_equal(row ? row->wish : u->wish, d->item->wish);
	const char * or = !u->connect ? ", or a managed field of its own,"
	                  : had       ? ""
	                              : ", or add `allow: [reconnect]`,";
	return lifted ? NULL
	              : arena_printf(d->a,
	                             "run %" PRId64
	                             " was undone; edit `mailbox` or `user`%s to have it done "
	                             "again",
	                             u->run, or);
}

static void conclude(struct decision *d) {
	struct item *item = d->item;
	const struct applied_row *applied = world_applied(d->w, d->c->manifest, d->c->name);

	reasons_sort(&item->reasons);
	item->type = d->c->archive ? TYPE_NONE : d->type;
	item->wish = connection_wish(d->a, d->c);
	item->suspended = suspension(d);
	item->action = action_of(d);
	if (item_writes(item))
		item->cause = applied && wish_equal(applied->wish, item->wish) ? CAUSE_DRIFT
		                                                               : CAUSE_INTENT;
	else if (!d->trace)
		item_writes_nothing(item);
	item_fingerprint(item);
}

void plan_connection(struct arena *a, const struct connection *c, const struct world *w,
                     const struct settings *s, int64_t now, const struct beside *beside,
                     struct keys *needs, struct item *ret) {
	struct decision d = { .a = a,
		              .c = c,
		              .w = w,
		              .s = s,
		              .now = now,
		              .beside = beside,
		              .needs = needs,
		              .item = ret };

	*ret = (struct item){ .connection = c };
	decide(&d);
}

/*
 * Is it still to be fetched who owns the mailbox, and does it look like nobody? Then what a connect
 * needs is asked for at the same time: a round trip less. Nothing is concluded from it.
 */
static bool seems_free(const struct decision *d) {
	return pending(d) && !d->owners_known && d->user && d->row && !d->c->archive &&
	       d->row->state != MAILBOX_CONNECTED && !entry_has(d->user, ATTR_MAILBOX_GUID);
}

void decide(struct decision *d) {
	const struct connection *c = d->c;

	d->asked = d->needs->asked;
	d->pin = valid_pin(d);
	d->server = d->item->server = elsewhere_server(d->a, c, d->s);
	settle_database(d);
	settle_mailbox(d);
	settle_owner(d);
	settle_user(d);
	settle_master(d);
	settle_ownership(d);
	settle_policies(d);
	rules_of_mailbox(d);
	bool connects = (d->ownership == OWNER_NOBODY || seems_free(d)) && d->user && d->row &&
	                d->row->vanished == TIMESTAMP_NONE;
	bool updates = d->ownership == OWNER_WANTED;
	if (c->archive && (connects || updates))
		plan_archive(d);
	else if (connects)
		plan_connect(d);
	else if (updates)
		plan_update(d);
	if (pending(d))
		return;
	if (!c->user && d->user)
		asks(d, "matched-by-name");
	if (d->item->by_name_alone && changes_directory(d->item))
		hold(d, "matched-by-name", CONSENT_MATCH_BY_NAME,
		     "no `user` was given and the displayName alone decided");
	dates(d);
	warnings_of(d);
	conclude(d);
}

void item_stamp(struct arena *a, struct item *item, int64_t now) {
	char text[TIMESTAMP_TEXT];

	for (size_t i = 0; i < item->changes.n; i++) {
		struct change *c = item->changes.v + i;
		if (c->store || c->id != ATTR_WHEN_MAILBOX_CREATED || !c->n_after)
			continue;
		/* Generalized time, as Active Directory writes it (MS-ADTS 3.1.1.2.2.4.5). */
		const char *p = timestamp_text(now, text);
		char *written = arena_printf(a, "%.4s%.2s%.2s%.2s%.2s%.2s.0Z", p, p + 5, p + 8,
		                             p + 11, p + 14, p + 17);
		struct value *v = ARENA_NEW(a, struct value);
		*v = (struct value){ written, strlen(written) };
		c->after = v;
	}
}
