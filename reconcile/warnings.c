/* What an administrator should know although it stands in nobody's way. */
#include <inttypes.h>
#include <string.h>

#include "base/dn.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "reconcile/powershell.h"

enum { DAY = 86400, PURGE_SOON = 7 * DAY };

static void purge(struct decision *d) {
	char date[TIMESTAMP_TEXT], left[TIMESTAMP_TEXT];
	int64_t purge = d->item->purge;

	if (purge == TIMESTAMP_NONE)
		return;
	timestamp_text(purge, date);
	if (purge <= d->now)
		warning(d, "purge-due", "its retention ended at %s: it may be purged at any moment",
		        date);
	else if (purge - d->now < PURGE_SOON)
		warning(d, "purge-soon", "it is purged at %s, in %s", date,
		        duration_text(purge - d->now, left));
}

static void inventory_old(struct decision *d) {
	char date[TIMESTAMP_TEXT];

	if (!d->database_row)
		return;
	if (d->database_row->imported == TIMESTAMP_NONE)
		warning(d, "inventory-old", "the mailboxes of database %s were never imported",
		        d->item->database);
	else if (d->now - d->database_row->imported > DAY)
		warning(d, "inventory-old",
		        "the mailboxes of database %s were last imported at %s; import them again",
		        d->item->database, timestamp_text(d->database_row->imported, date));
}

static void of_connected(struct decision *d) {
	char text[TIMESTAMP_TEXT], guid[GUID_TEXT];
	const char *home =
	        entry_text(d->user, d->c->archive ? ATTR_ARCHIVE_DATABASE_LINK : ATTR_HOME_MDB);

	if (d->database && home && !dn_same(home, d->database->dn))
		warning(d, "mailbox-moved",
		        "the mailbox is in %s, not in database %s as the manifest says", home,
		        d->item->database);
	if (!d->row)
		return;
	if (d->row->kept != TIMESTAMP_NONE && d->now < d->row->kept + d->row->database->retention)
		warning(d, "not-confirmed",
		        "the mail server still shows the mailbox as disconnected at %s; run: %s, "
		        "and "
		        "import again",
		        timestamp_text(d->row->kept, text),
		        ps_update_state(d->a, database_name(d, d->row->database), d->mailbox));
	if (!guid_none(d->row->owner) && !guid_none(d->user->guid) &&
	    !guid_equal(d->row->owner, d->user->guid))
		warning(d, "owner-differs",
		        "the inventory names %s as the owner; the directory says %s, and counts",
		        guid_text(d->row->owner, guid), d->user->dn);
}

/* Of each hold, and of what is written besides. The others are about what is found. */
static bool about_a_write(const char *code) {
	static const char *const codes[] = { "matched-by-name",    "adopting",
		                             "reconnecting",       "type-change",
		                             "relinking",          "address-unchanged",
		                             "legacy-dn-replaced", "address-list-skipped",
		                             "purge-starts" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i], code) == 0)
			return true;
	return false;
}

void item_writes_nothing(struct item *item) {
	size_t kept = 0;

	item->changes.n = item->holds.n = 0;
	for (size_t i = 0; i < item->warnings.n; i++)
		if (!about_a_write(item->warnings.v[i].code))
			item->warnings.v[kept++] = item->warnings.v[i];
	item->warnings.n = kept;
}

/* Said first: what is planned beside it may be settled otherwise. */
static void intent_open(struct decision *d) {
	const struct intent_row *intent =
	        d->user ? world_intent(d->w, d->mailbox, d->user->identity) : NULL;
	struct notes *list = &d->item->warnings;
	static const char end[] =
	        "and nobody knows yet what became of it; the next apply settles it, "
	        "where it can: look at the entry if this is said again";

	if (!intent)
		return;
	if (intent->undoes)
		warning(d, "intent-open",
		        "run %" PRId64 " began to take back what run %" PRId64 " wrote to %s, %s",
		        intent->run, intent->undoes, d->user->dn, end);
	else
		warning(d, "intent-open", "run %" PRId64 " began a write to %s, %s", intent->run,
		        d->user->dn, end);
	struct note first = list->v[list->n - 1];
	memmove(list->v + 1, list->v, (list->n - 1) * sizeof(*list->v));
	list->v[0] = first;
}

void warnings_of(struct decision *d) {
	intent_open(d);
	inventory_old(d);
	if (d->ownership == OWNER_WANTED)
		of_connected(d);
	else
		purge(d);
}
