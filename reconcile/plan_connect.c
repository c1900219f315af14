/* The changes of a connect: one column of directory.md's table. */
#include <stdlib.h>
#include <string.h>

#include "base/dn.h"
#include "base/sid.h"
#include "base/text.h"
#include "reconcile/decide.h"

enum { RECIPIENT_USER = 1073741824, RECIPIENT_ROOM = 7, RECIPIENT_EQUIPMENT = 8 };

/* One row a type: what its column of the table says. */
static const struct column {
	int64_t details, display, account_control;
	bool self; /* NT AUTHORITY\SELF is the master account */
} columns[] = {
	[TYPE_USER] = { 1, RECIPIENT_USER, 0, false },
	[TYPE_SHARED] = { 4, 0, 2, true },
	[TYPE_ROOM] = { 16, RECIPIENT_ROOM, 2, true },
	[TYPE_EQUIPMENT] = { 32, RECIPIENT_EQUIPMENT, 2, true },
};

static int compare_ints(const void *pa, const void *pb) {
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return (a > b) - (a < b);
}

/* The commonest value of a list; of several the largest. */
static int64_t commonest(int64_t *list, size_t n) {
	int64_t best = 0;
	size_t best_run = 0;

	qsort(list, n, sizeof(*list), compare_ints);
	for (size_t i = 0, run = 0; i < n; i++) {
		run = i && list[i] == list[i - 1] ? run + 1 : 1;
		if (run >= best_run) {
			best_run = run;
			best = list[i];
		}
	}
	return best;
}

/* Sources disagree on a shared mailbox's display type: the config says, else the site's others. */
static bool shared_display_type(struct decision *d, int64_t *ret) {
	struct answer others;
	size_t n = 0;

	*ret = d->s->shared_display_type;
	if (d->s->has_shared_display_type)
		return true;
	if (!ask(d, KEY_TYPE_DETAILS, "4", &others))
		return false;
	int64_t *seen = ARENA_ARRAY(d->a, int64_t, others.n + 1);
	for (size_t i = 0; i < others.n; i++)
		if (others.entries[i] != d->user &&
		    entry_has(others.entries[i], ATTR_RECIPIENT_DISPLAY_TYPE))
			seen[n++] = entry_int(others.entries[i], ATTR_RECIPIENT_DISPLAY_TYPE, 0);
	*ret = n ? commonest(seen, n) : 0;
	return true;
}

static void change_type(struct decision *d) {
	const struct column *column = columns + d->type;
	struct value self = { SID_SELF, SID_SELF_LEN };
	int64_t display = column->display;

	change_to_int(d, ATTR_RECIPIENT_TYPE_DETAILS, column->details);
	if (d->type != TYPE_SHARED || shared_display_type(d, &display))
		change_to_int(d, ATTR_RECIPIENT_DISPLAY_TYPE, display);
	change_to_int(d, ATTR_EXCH_USER_ACCOUNT_CONTROL, column->account_control);
	change_to(d, ATTR_MASTER_ACCOUNT_SID, &self, column->self ? 1 : 0);
}

/* msExchHomeServerName is the legacyExchangeDN of the database's server. */
void rules_of_home_server(struct decision *d) {
	const char *dn = entry_text(d->database, ATTR_OWNING_SERVER);
	const char *normal = dn ? dn_normal(d->a, dn) : NULL;
	struct answer servers;

	if (!ask_class(d, "msExchExchangeServer", &servers))
		return;
	for (size_t i = 0; normal && i < servers.n; i++)
		if (strcmp(servers.entries[i]->normal, normal) == 0)
			d->home_server = entry_text(servers.entries[i], ATTR_LEGACY_EXCHANGE_DN);
	if (!d->home_server)
		reason(d, "home-server-unknown",
		       "the legacyExchangeDN of the server that owns database %s (%s) cannot be "
		       "read",
		       d->item->database, dn ? dn : "it names no msExchOwningServer");
}

/* An address policy decides about addresses by rules that are not read yet. */
static void check_address_policies(struct decision *d) {
	struct answer policies;

	if (ask_class(d, "msExchRecipientPolicy", &policies) && policies.n)
		reason(d, "not-supported",
		       "the organisation has email address policies (%s); they are not followed "
		       "yet",
		       policies.entries[0]->dn);
}

void plan_connect(struct decision *d) {
	struct value guid = { (const char *)d->item->mailbox.bytes,
		              sizeof(d->item->mailbox.bytes) };

	check_address_policies(d);
	rules_of_user(d);
	change_to(d, ATTR_MAILBOX_GUID, &guid, 1);
	change_to_text(d, ATTR_HOME_MDB, d->database->dn);
	rules_of_home_server(d);
	if (d->home_server)
		change_to_text(d, ATTR_HOME_SERVER_NAME, d->home_server);
	rules_of_alias(d);
	rules_of_legacy_dn(d);
	rules_of_addresses(d);
	change_type(d);
	if (entry_int(d->user, ATTR_EXCH_VERSION, INT64_MIN) < d->s->exchange_version)
		change_to_int(d, ATTR_EXCH_VERSION, d->s->exchange_version);
	change_policies(d, true);
	rules_of_schema(d);
	change_store(d, "state", mailbox_state_names[d->row->state],
	             mailbox_state_names[MAILBOX_CONNECTED]);
}
