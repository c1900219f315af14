#include "reconcile/recover.h"

#include <string.h>

#include "base/buf.h"

static bool is(const struct entry *e, const struct change *c, const struct value *list, size_t n) {
	size_t have_n;
	const struct value *have = entry_values(e, c->id, &have_n);

	return values_equal(c->id, have, have_n, list, n);
}

enum recovery recover(const struct entry *entry, const struct change *changes, size_t n,
                      struct arena *a, const char **ret_why) {
	size_t as_before = 0, as_after = 0;
	bool ours = false;

	if (!entry) {
		*ret_why = "the user's entry is gone";
		return RECOVERY_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		const struct change *c = changes + i;
		if (entry_incomplete(entry, c->id))
			return RECOVERY_LEAVE;
		bool after = is(entry, c, c->after, c->n_after);
		as_after += after;
		as_before += is(entry, c, c->before, c->n_before);
		ours |= after && (c->id == ATTR_MAILBOX_GUID || c->id == ATTR_ARCHIVE_GUID);
	}
	if (as_after == n || ours)
		return RECOVERY_DONE;
	if (as_before == n)
		return RECOVERY_DROP;
	*ret_why = arena_printf(a, "%s is neither as it was before the write nor as after it",
	                        entry->dn);
	return RECOVERY_FAILED;
}

static const char *joined(struct arena *a, const struct change *c) {
	struct buf out = { 0 };

	for (size_t i = 0; i < c->n_before; i++)
		buf_printf(&out, "%s%s", i ? ", " : "",
		           c->store ? c->before[i].data : value_text(a, c->id, c->before[i]));
	const char *text = out.len ? arena_copy(a, out.data, out.len) : "(none)";
	buf_done(&out);
	return text;
}

static const struct change *same_attribute(const struct item *item, const struct change *c) {
	for (size_t i = 0; i < item->changes.n; i++) {
		const struct change *other = item->changes.v + i;
		if (other->store == c->store &&
		    (c->store ? strcmp(other->column, c->column) == 0 : other->id == c->id))
			return other;
	}
	return NULL;
}

static const char *name_of(const struct change *c) {
	return c->store ? c->column : attributes[c->id].name;
}

static const char *other_changes(struct arena *a, const struct item *shown,
                                 const struct item *anew) {
	for (size_t i = 0; i < shown->changes.n; i++) {
		const struct change *c = shown->changes.v + i, *now = same_attribute(anew, c);
		if (!now)
			return arena_printf(a, "%s was changed by somebody else since the plan",
			                    name_of(c));
		if (strcmp(joined(a, c), joined(a, now)) != 0)
			return arena_printf(a, "%s was %s in the plan and is %s now", name_of(c),
			                    joined(a, c), joined(a, now));
	}
	for (size_t i = 0; i < anew->changes.n; i++)
		if (!same_attribute(shown, anew->changes.v + i))
			return arena_printf(a, "%s would have to be changed now, too",
			                    name_of(anew->changes.v + i));
	return "what it was decided from has changed; plan again";
}

const char *stale_message(struct arena *a, const struct item *shown, const struct item *anew) {
	if (anew->reasons.n)
		return arena_printf(a, "%s: %s", anew->reasons.v[0].code,
		                    anew->reasons.v[0].message);
	if (!guid_equal(shown->mailbox, anew->mailbox))
		return "it leads to another mailbox now; plan again";
	if (shown->user && anew->user && strcmp(shown->user->identity, anew->user->identity) != 0)
		return arena_printf(a, "it leads to another user now: %s", anew->user->dn);
	if (anew->action == ACTION_NONE)
		return "somebody else did it since the plan: nothing is left to do";
	return other_changes(a, shown, anew);
}
