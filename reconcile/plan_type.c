/* What makes a mailbox a user's, a room's ...: one column of directory.md's table. */
#include <stdlib.h>
#include <string.h>

#include "base/sid.h"
#include "base/text.h"
#include "reconcile/decide.h"
#include "reconcile/descriptor.h"

enum { RECIPIENT_USER = 1073741824, RECIPIENT_ROOM = 7, RECIPIENT_EQUIPMENT = 8 };

/* One row a type. */
static const struct column {
	int64_t details, display, account_control;
	bool associated; /* the master account is another than the user: SELF, where none is given
	                  */
	const char *resource; /* what its resource attributes say; NULL: none */
} columns[] = {
	[TYPE_USER] = { 1, RECIPIENT_USER, 0, false, NULL },
	[TYPE_LINKED] = { 2, RECIPIENT_USER, 2, true, NULL },
	[TYPE_SHARED] = { 4, 0, 2, true, NULL },
	[TYPE_ROOM] = { 16, RECIPIENT_ROOM, 2, true, "Room" },
	[TYPE_EQUIPMENT] = { 32, RECIPIENT_EQUIPMENT, 2, true, "Equipment" },
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

static const struct value self = { SID_SELF, SID_SELF_LEN };

/* At a change of type or master account, what was granted to others stays; what stood there for
 * the old one is the new one's, and nothing is the old one's any more. */
static bool changed_descriptor(struct decision *d, struct value to, uint32_t rights,
                               struct value *ret) {
	size_t n, n_masters;
	const struct value *have = entry_values(d->seen, ATTR_SECURITY_DESCRIPTOR, &n);
	const struct value *master = entry_values(d->seen, ATTR_MASTER_ACCOUNT_SID, &n_masters);

	if (!n)
		return false;
	return (n_masters && descriptor_names(have[0], master[0]) &&
	        descriptor_change(d->a, have[0], master[0], to, rights, ret)) ||
	       descriptor_change(d->a, have[0], self, to, rights, ret);
}

static void change_descriptor(struct decision *d, struct value to, uint32_t rights,
                              bool connecting) {
	struct value after;

	if (connecting || !changed_descriptor(d, to, rights, &after))
		after = descriptor_new(d->a, to, rights);
	change_to(d, ATTR_SECURITY_DESCRIPTOR, &after, 1);
}

/* `Room,FlatScreenTV` with one word of the list replaced; NULL or "" : taken away, added. */
static const char *replace_word(struct arena *a, const char *list, const char *old,
                                const char *fresh) {
	struct buf out = { 0 };

	if (fresh)
		buf_puts(&out, fresh);
	while (list && *list) {
		size_t n = strcspn(list, ",");
		const char *word = arena_copy(a, list, n);
		if (!(old && text_same(word, old)) && !(fresh && text_same(word, fresh)))
			buf_printf(&out, "%s%s", out.len ? "," : "", word);
		list += n + (list[n] == ',');
	}
	const char *text = out.len ? arena_copy(a, out.data, out.len) : NULL;
	buf_done(&out);
	return text;
}

/* The list of values with one replaced. */
static void replace_value(struct decision *d, enum attribute id, const char *old,
                          const char *fresh) {
	size_t n, kept = 0;
	const struct value *have = entry_values(d->seen, id, &n);
	struct value *after = ARENA_ARRAY(d->a, struct value, n + 1);

	for (size_t i = 0; i < n; i++)
		if (!(old && text_same(have[i].data, old)) &&
		    !(fresh && text_same(have[i].data, fresh)))
			after[kept++] = have[i];
	if (fresh)
		after[kept++] = (struct value){ fresh, strlen(fresh) };
	change_to(d, id, after, kept);
}

static const char *meta(struct arena *a, const char *resource) {
	return resource ? arena_printf(a, "ResourceType:%s", resource) : NULL;
}

/* Resource attributes gain or lose only a type's own value. */
static void change_resource(struct decision *d, const char *fresh) {
	static const char *const resources[] = { "Room", "Equipment" };
	const char *old = NULL;

	for (size_t i = 0; i < 2; i++)
		if (!fresh || strcmp(fresh, resources[i]) != 0) {
			const char *gone = meta(d->a, resources[i]);
			struct value v = { gone, strlen(gone) };
			if (entry_holds(d->seen, ATTR_RESOURCE_META_DATA, v))
				old = resources[i];
		}
	if (!old && !fresh)
		return;
	replace_value(d, ATTR_RESOURCE_META_DATA, meta(d->a, old), meta(d->a, fresh));
	replace_value(d, ATTR_RESOURCE_SEARCH_PROPERTIES, old, fresh);
	change_to_text(d, ATTR_RESOURCE_DISPLAY,
	               replace_word(d->a, entry_text(d->seen, ATTR_RESOURCE_DISPLAY), old, fresh));
}

void change_type(struct decision *d, bool connecting) {
	/* Whose it would be is not known: there is a reason, or it is still to be fetched. */
	if (d->type == TYPE_LINKED && !d->master)
		return;
	struct column column = columns[d->type];
	struct value owner = d->type == TYPE_LINKED ? d->master_sid : self;

	/* A user mailbox on a disabled account, as a person agreed to, is held as a shared one is.
	 */
	if (d->type == TYPE_USER && d->account_lifted) {
		column.account_control = 2;
		column.associated = true;
	}
	change_to_int(d, ATTR_RECIPIENT_TYPE_DETAILS, column.details);
	if (d->type != TYPE_SHARED || shared_display_type(d, &column.display))
		change_to_int(d, ATTR_RECIPIENT_DISPLAY_TYPE, column.display);
	change_to_int(d, ATTR_EXCH_USER_ACCOUNT_CONTROL, column.account_control);
	change_to(d, ATTR_MASTER_ACCOUNT_SID, &owner, column.associated ? 1 : 0);
	change_descriptor(d, owner,
	                  d->type == TYPE_USER ? MAILBOX_RIGHTS_USER : MAILBOX_RIGHTS_ASSOCIATED,
	                  connecting);
	change_resource(d, column.resource);
}

static void if_absent(struct decision *d, enum attribute id, const char *text) {
	const struct rulebook *r = world_rulebook(d->w);

	if (!entry_has(d->seen, id) && (!r || !r->has_schema || r->attribute_known[id]))
		change_to_text(d, id, text);
}

/* Defaults of a new mailbox; afterwards they belong to the administrator. */
void change_if_absent(struct decision *d) {
	struct answer policies;
	const struct entry *roles = NULL;

	if_absent(d, ATTR_MDB_USE_DEFAULTS, "TRUE");
	if (!d->policies[POLICY_RETENTION] && !d->policies[POLICY_MANAGED_FOLDER])
		if_absent(d, ATTR_ELC_FLAGS, "130");
	if (ask_class(d, "msExchRBACPolicy", &policies) &&
	    match_objects(d, &policies, "Default Role Assignment Policy", &roles, 1) && roles)
		if_absent(d, ATTR_RBAC_POLICY_LINK, roles->dn);
	if_absent(d, ATTR_ARCHIVE_QUOTA, "104857600");
	if_absent(d, ATTR_ARCHIVE_WARN_QUOTA, "94371840");
	if_absent(d, ATTR_DUMPSTER_QUOTA, "31457280");
	if_absent(d, ATTR_DUMPSTER_WARNING_QUOTA, "20971520");
	if_absent(d, ATTR_CALENDAR_LOGGING_QUOTA, "6291456");
	if_absent(d, ATTR_WHEN_MAILBOX_CREATED, TIME_OF_APPLY);
}
