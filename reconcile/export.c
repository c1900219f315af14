#include "reconcile/export.h"

#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "reconcile/decide.h"
#include "reconcile/render.h"
#include "spec/alias.h"
#include "spec/keys.h"

enum { ELC_RETENTION = 2 };

/* One row a policy link: whose class, and which key of `policies` it becomes. */
static const struct {
	enum attribute link;
	const char *class_name;
	enum policy_kind kind;
} links[] = {
	{ ATTR_MOBILE_POLICY_LINK, "msexchmobilemailboxpolicy", POLICY_ACTIVE_SYNC },
	{ ATTR_TEMPLATE_LINK, "msexchmailboxrecipienttemplate", POLICY_RETENTION },
	{ ATTR_ADDRESS_BOOK_POLICY_LINK, "msexchaddressbookmailboxpolicy", POLICY_ADDRESS_BOOK },
};
enum { LINKS = sizeof(links) / sizeof(*links) };

void export_keys(struct keys *keys, const struct mailbox_row *rows, size_t n) {
	char text[GUID_TEXT];

	for (size_t i = 0; i < LINKS; i++)
		keys_add(keys, KEY_CLASS, links[i].class_name);
	for (size_t i = 0; i < n; i++)
		keys_add(keys, owner_key(rows[i].archive), guid_text(rows[i].guid, text));
}

/* Those who hold the mailbox, not those who only remember a disabled archive; SIZE_MAX: unknown. */
static size_t owners(const struct mailbox_row *row, const struct world *w,
                     const struct entry **ret) {
	char text[GUID_TEXT];
	struct value v = { (const char *)row->guid.bytes, sizeof(row->guid.bytes) };
	struct answer answer = world_ask(w, owner_key(row->archive), guid_text(row->guid, text));
	size_t n = 0;

	if (answer.state != ANSWER_COMPLETE)
		return SIZE_MAX;
	for (size_t i = 0; i < answer.n; i++)
		if (entry_holds(answer.entries[i], ATTR_MAILBOX_GUID, v) ||
		    entry_holds(answer.entries[i], ATTR_ARCHIVE_GUID, v)) {
			*ret = answer.entries[i];
			n++;
		}
	return n;
}

bool export_unowned(const struct mailbox_row *row, const struct world *w) {
	const struct entry *ignored;

	return owners(row, w, &ignored) == 0;
}

bool export_unknown(const struct mailbox_row *row, const struct world *w) {
	char text[GUID_TEXT];

	return world_ask(w, owner_key(row->archive), guid_text(row->guid, text)).state ==
	       ANSWER_UNKNOWN;
}

static bool is_owner(const struct mailbox_row *row, const struct entry *user) {
	struct value v = { (const char *)row->guid.bytes, sizeof(row->guid.bytes) };
	enum attribute guid = row->archive ? ATTR_ARCHIVE_GUID : ATTR_MAILBOX_GUID;
	const char *home =
	        entry_text(user, row->archive ? ATTR_ARCHIVE_DATABASE_LINK : ATTR_HOME_MDB);

	if (!user->person || !home || !entry_holds(user, guid, v) || mail_enabled(user) ||
	    type_of(user) == TYPE_NONE)
		return false;
	if (row->database->dn && *row->database->dn)
		return dn_same(home, row->database->dn);
	struct arena *scratch = arena_new();
	const char *name = dn_name(scratch, home);
	bool there = name && text_same(name, row->database->name);
	arena_free(scratch);
	return there;
}

/* Line breaks and their like are refused in manifests. */
static const char *first_sayable(struct arena *a, const char *one, const char *two,
                                 const char *three) {
	if (one && *one && strcmp(render_line(a, one), one) == 0)
		return one;
	return two && strcmp(render_line(a, two), two) == 0 ? two : three;
}

const char *export_user_text(struct arena *a, const struct entry *user) {
	return first_sayable(a, entry_text(user, ATTR_USER_PRINCIPAL_NAME), user->dn,
	                     user->identity);
}

static const char *guid_of(struct arena *a, struct guid g) {
	char text[GUID_TEXT];

	return arena_strdup(a, guid_text(g, text));
}

static void remark(struct arena *a, struct manifest_entry *e, const char *text) {
	ARENA_PUSH(a, &e->below, text);
}

/* The name where it is the only one of its kind, else the DN; NULL where the link leads nowhere. */
static const char *policy_text(struct arena *a, const struct answer *all, const struct entry *it,
                               enum policy_kind kind) {
	const char *name = dn_name(a, it->dn), *folded = text_fold(a, name);
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct entry *e = all->entries[i];
		bool same = kind == POLICY_RETENTION        ? policy_is_retention(e)
		            : kind == POLICY_MANAGED_FOLDER ? policy_is_managed_folder(e)
		                                            : true;
		n += same && entry_named(e, folded);
	}
	bool is_name = object_key_parse(name, &(struct guid){ 0 }) == OBJECT_BY_NAME;
	return first_sayable(a, n == 1 && is_name ? name : NULL, it->dn, guid_of(a, it->guid));
}

static const struct entry *object_of(struct arena *a, const struct answer *all, const char *dn) {
	const char *normal = dn_normal(a, dn);

	for (size_t i = 0; normal && i < all->n; i++)
		if (strcmp(all->entries[i]->normal, normal) == 0)
			return all->entries[i];
	return NULL;
}

/* Which key the template link becomes: false where a plan would change msExchELCMailboxFlags. */
static bool template_kind(const struct entry *user, const struct entry *policy,
                          enum policy_kind *ret) {
	bool marked = entry_int(user, ATTR_ELC_FLAGS, 0) & ELC_RETENTION;

	*ret = policy_is_retention(policy) ? POLICY_RETENTION : POLICY_MANAGED_FOLDER;
	return *ret == POLICY_RETENTION ? marked : policy_is_managed_folder(policy) && !marked;
}

static void export_policy(struct arena *a, const struct entry *user, const struct world *w,
                          size_t i, struct manifest_entry *e) {
	const char *dn = entry_text(user, links[i].link);
	struct answer all = world_ask(w, KEY_CLASS, links[i].class_name);
	enum policy_kind kind = links[i].kind;

	if (!dn || (kind == POLICY_ADDRESS_BOOK && type_of(user) != TYPE_USER))
		return;
	const struct entry *policy = object_of(a, &all, dn);
	bool sayable = policy != NULL;
	if (policy && links[i].link == ATTR_TEMPLATE_LINK)
		sayable = template_kind(user, policy, &kind);
	if (!sayable) {
		remark(a, e,
		       arena_printf(a, "%s leads to %s, which a manifest cannot say as it is",
		                    attributes[links[i].link].name, dn));
		return;
	}
	struct policy_wish *wish = e->connection.policies + kind;
	wish->how = SET;
	wish->text = policy_text(a, &all, policy, kind);
}

static void of_primary(struct arena *a, const struct entry *user, const struct world *w,
                       struct manifest_entry *e) {
	struct connection *c = &e->connection;

	c->type = type_of(user);
	if (c->type == TYPE_LINKED) {
		c->type = TYPE_NONE;
		remark(a, e, "type: linked; the master account is in another forest: add `linked`");
	}
	c->alias = entry_text(user, ATTR_MAIL_NICKNAME);
	const char *fault = c->alias ? alias_fault(a, c->alias) : NULL;
	if (fault) {
		remark(a, e, arena_printf(a, "alias: %s %s", c->alias, fault));
		c->alias = NULL;
	}
	for (size_t i = 0; i < LINKS; i++)
		export_policy(a, user, w, i, e);
}

bool export_row(struct arena *a, const struct mailbox_row *row, const struct world *w,
                struct manifest_entry *ret) {
	const struct entry *user = NULL;

	if (row->state != MAILBOX_CONNECTED || row->vanished != TIMESTAMP_NONE ||
	    owners(row, w, &user) != 1 || !is_owner(row, user))
		return false;
	*ret = (struct manifest_entry){ 0 };
	struct connection *c = &ret->connection;
	c->mailbox = guid_of(a, row->guid);
	c->database = first_sayable(a, row->database->name, NULL, guid_of(a, row->database->guid));
	c->user = export_user_text(a, user);
	c->archive = row->archive;
	ARENA_PUSH(a, &ret->above, row->display_name);
	if (!row->archive)
		of_primary(a, user, w, ret);
	return true;
}
