/* The changes of a connect: one column of directory.md's table. */
#include <string.h>

#include "base/dn.h"
#include "reconcile/decide.h"

/* msExchHomeServerName is the legacyExchangeDN of the database's server. */
void rules_of_home_server(struct decision *d) {
	const char *dn = entry_text(d->database, ATTR_OWNING_SERVER);
	const char *normal = dn ? dn_normal(d->a, dn) : NULL;
	struct answer servers;

	if (!ask_class(d, "msExchExchangeServer", &servers))
		return;
	asks(d, "home-server-unknown");
	for (size_t i = 0; normal && i < servers.n; i++)
		if (strcmp(servers.entries[i]->normal, normal) == 0)
			d->home_server = entry_text(servers.entries[i], ATTR_LEGACY_EXCHANGE_DN);
	if (!d->home_server)
		reason(d, "home-server-unknown",
		       "the legacyExchangeDN of the server that owns database %s (%s) cannot be "
		       "read",
		       d->item->database, dn ? dn : "it names no msExchOwningServer");
}

void plan_connect(struct decision *d) {
	struct value guid = { (const char *)d->item->mailbox.bytes,
		              sizeof(d->item->mailbox.bytes) };

	rules_of_user(d);
	change_to(d, ATTR_MAILBOX_GUID, &guid, 1);
	change_to_text(d, ATTR_HOME_MDB, d->database->dn);
	rules_of_home_server(d);
	if (d->home_server)
		change_to_text(d, ATTR_HOME_SERVER_NAME, d->home_server);
	rules_of_alias(d);
	rules_of_legacy_dn(d);
	change_type(d, true);
	if (entry_int(d->seen, ATTR_EXCH_VERSION, INT64_MIN) < d->s->exchange_version)
		change_to_int(d, ATTR_EXCH_VERSION, d->s->exchange_version);
	change_policies(d, true);
	change_if_absent(d);
	/* Policies and lists are asked about the entry as it will be: they come last. */
	rules_of_addresses(d);
	if (pending(d))
		return;
	change_address_lists(d);
	rules_of_schema(d);
	if (d->row->state != MAILBOX_CONNECTED)
		change_store(d, "state", mailbox_state_names[d->row->state],
		             mailbox_state_names[MAILBOX_CONNECTED]);
	asks(d, "reconnecting");
	if (disconnected_since(d))
		hold(d, "reconnecting", CONSENT_RECONNECT,
		     "mbxctl connected it before and it was disconnected since");
}
