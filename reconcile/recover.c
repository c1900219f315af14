#include "reconcile/recover.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/sid.h"
#include "base/text.h"

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

/* ---- second holders ---- */

static bool in(const struct change *c, struct value v) {
	for (size_t i = 0; i < c->n_before; i++)
		if (value_equal(c->id, c->before[i], v))
			return true;
	return false;
}

/* The key by which others are found who hold a value; false where anybody may. */
static bool key_of(struct arena *a, const struct change *c, struct value v, struct key *ret) {
	char text[GUID_TEXT];
	struct guid guid;

	switch ((int)c->id) {
	case ATTR_MAILBOX_GUID:
	case ATTR_ARCHIVE_GUID:
		if (!guid_from_bytes(v.data, v.len, &guid))
			return false;
		*ret = (struct key){ .kind = owner_key(c->id == ATTR_ARCHIVE_GUID),
			             .text = arena_strdup(a, guid_text(guid, text)) };
		return true;
	case ATTR_MAIL_NICKNAME:
		*ret = (struct key){ KEY_HOLDER_ALIAS, text_fold(a, v.data), NULL };
		return true;
	case ATTR_LEGACY_EXCHANGE_DN:
		*ret = (struct key){ KEY_HOLDER_LEGACY_DN, text_fold(a, v.data), NULL };
		return true;
	case ATTR_MASTER_ACCOUNT_SID:
		/* NT AUTHORITY\SELF is whoever has the mailbox. */
		*ret = (struct key){ KEY_HOLDER_SID, value_text(a, c->id, v), NULL };
		return v.len != SID_SELF_LEN || memcmp(v.data, SID_SELF, v.len) != 0;
	case ATTR_PROXY_ADDRESSES:
		if (strncasecmp(v.data, "x500:", 5) == 0)
			*ret = (struct key){ KEY_HOLDER_LEGACY_DN, text_fold(a, v.data + 5), NULL };
		else
			*ret = (struct key){ KEY_HOLDER_ADDRESS, text_fold(a, v.data), NULL };
		return true;
	default:
		return false;
	}
}

void second_holder_keys(const struct change *changes, size_t n, const char *server,
                        struct keys *needs) {
	struct key key;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; !changes[i].store && k < changes[i].n_after; k++)
			if (!in(changes + i, changes[i].after[k]) &&
			    key_of(needs->arena, changes + i, changes[i].after[k], &key))
				keys_add_to(needs, server, key.kind, key.text);
}

/* An archive that somebody only remembers (msExchDisabledArchiveGUID) is not held by them, nor is
 * a SID by who has no mailbox. */
static bool holds(const struct entry *e, enum key_kind kind, struct value v) {
	if (kind == KEY_HOLDER_SID)
		return e->person && has_mailbox(e);
	return !key_of_owner(kind) || entry_holds(e, ATTR_MAILBOX_GUID, v) ||
	       entry_holds(e, ATTR_ARCHIVE_GUID, v);
}

/* The reason of a plan that finds it held. */
static const char *code_of(enum key_kind kind) {
	return key_of_owner(kind)         ? "mailbox-owned"
	       : kind == KEY_HOLDER_ALIAS ? "alias-taken"
	       : kind == KEY_HOLDER_SID   ? "master-account-linked"
	                                  : "address-taken";
}

/* Somebody else among those who hold a value; NULL: nobody. */
static const struct entry *other_holder(const struct answer *answer, const struct entry *entry,
                                        enum key_kind kind, struct value v) {
	for (size_t i = 0; i < answer->n; i++)
		if (answer->entries[i] != entry && holds(answer->entries[i], kind, v))
			return answer->entries[i];
	return NULL;
}

const char *second_holder(const struct entry *entry, const struct change *changes, size_t n,
                          const struct world *w, const char *server, struct arena *a,
                          const char **ret_code, const char **ret_unknown) {
	struct key key;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; !changes[i].store && k < changes[i].n_after; k++) {
			struct value v = changes[i].after[k];
			if (in(changes + i, v) || !key_of(a, changes + i, v, &key))
				continue;
			struct answer answer = world_ask_in(w, server, key.kind, key.text);
			if (ret_unknown && answer.state != ANSWER_COMPLETE)
				*ret_unknown = answer.why ? answer.why : "nobody was asked";
			const struct entry *other = other_holder(&answer, entry, key.kind, v);
			if (!other)
				continue;
			if (ret_code)
				*ret_code = code_of(key.kind);
			return arena_printf(a, "%s %s belongs to %s, too",
			                    attributes[changes[i].id].name,
			                    value_text(a, changes[i].id, v), other->dn);
		}
	return NULL;
}

struct change *reversed(struct arena *a, const struct change *changes, size_t n) {
	struct change *back = ARENA_ARRAY(a, struct change, n + 1);

	for (size_t i = 0; i < n; i++) {
		back[i] = changes[i];
		back[i].before = changes[i].after;
		back[i].n_before = changes[i].n_after;
		back[i].after = changes[i].before;
		back[i].n_after = changes[i].n_before;
	}
	return back;
}

/* ---- stale items ---- */

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
