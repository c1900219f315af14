#include "store/directory/ldap_apply.h"

#include <string.h>
#include <strings.h>

#include "store/directory/condition.h"
#include "store/directory/ldif_edit.h"

/* A modification on its way. */
struct going {
	struct modification *m;
	const struct entry *entry; /* as it was right before */
	struct ldap_ask ask;
	bool sent, again;
};

struct applying {
	struct ldap_reader *read;
	struct ldap_link *write;
	struct arena *a; /* the caller's: for messages */
	struct arena *scratch;
	struct world *w;
};

/* ---- what is there -------------------------------------------------------------------------- */

static void read_entries(struct applying *p, struct going *v, size_t n) {
	struct keys keys;

	world_free(p->w);
	p->w = world_new(p->scratch);
	keys_init(&keys, p->scratch);
	for (size_t i = 0; i < n; i++)
		keys_add(&keys, key_of_identity(v[i].m->identity).kind, v[i].m->identity);
	ldap_fetch(p->read, &keys, p->w);
	keys_done(&keys);
}

static void settle(struct going *g, enum outcome outcome, const char *message) {
	g->m->outcome = outcome;
	g->m->message = message;
}

/* False, with the outcome, where it is not as the modification says. */
static bool holds(struct applying *p, struct going *g) {
	struct key key = key_of_identity(g->m->identity);
	struct answer answer = world_ask(p->w, key.kind, key.text);
	const char *wrong = NULL;

	if (answer.state != ANSWER_COMPLETE) {
		settle(g, OUTCOME_FAILED, arena_strdup(p->a, answer.why ? answer.why : "not read"));
		return false;
	}
	if (!answer.n) {
		settle(g, OUTCOME_STALE, condition_gone(p->a, g->m->dn));
		return false;
	}
	g->entry = answer.entries[0];
	for (size_t i = 0; i < g->m->n_changes && !wrong; i++) {
		const struct change *c = g->m->changes + i;
		size_t n;
		const struct value *there = entry_values(g->entry, c->id, &n);
		if (c->store)
			continue;
		wrong = entry_incomplete(g->entry, c->id)
		                ? arena_printf(p->a, "%s could not be read whole",
		                               attributes[c->id].name)
		                : condition_refuses(p->a, c, there, n);
	}
	if (wrong)
		settle(g, OUTCOME_STALE, wrong);
	return !wrong;
}

/* ---- the Modify ----------------------------------------------------------------------------- */

/* The values of `v` that the others do not have, as one part of a Modify; NULL: none. */
static LDAPMod *part(struct arena *a, int operation, enum attribute id, const struct value *v,
                     size_t n, const struct value *others, size_t n_others) {
	LDAPMod *mod = ARENA_NEW(a, LDAPMod);
	size_t count = 0;

	mod->mod_op = operation | LDAP_MOD_BVALUES;
	mod->mod_type = (char *)(size_t)attributes[id].name;
	mod->mod_bvalues = ARENA_ARRAY(a, struct berval *, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (ldif_has_value(others, n_others, v[i]))
			continue;
		struct berval *value = ARENA_NEW(a, struct berval);
		*value = (struct berval){ v[i].len, (char *)(size_t)v[i].data };
		mod->mod_bvalues[count++] = value;
	}
	return count ? mod : NULL;
}

/* What goes before what comes: in other letters it is the same value. NULL: nothing is to do. */
static LDAPMod **mods_of(struct arena *a, const struct going *g) {
	LDAPMod **mods = ARENA_ARRAY(a, LDAPMod *, 2 * g->m->n_changes + 1), *mod;
	size_t count = 0, n;

	for (size_t i = 0; i < g->m->n_changes; i++) {
		const struct change *c = g->m->changes + i;
		if (c->store)
			continue;
		const struct value *there = entry_values(g->entry, c->id, &n);
		mod = part(a, LDAP_MOD_DELETE, c->id, there, n, c->after, c->n_after);
		if (mod)
			mods[count++] = mod;
		mod = part(a, LDAP_MOD_ADD, c->id, c->after, c->n_after, there, n);
		if (mod)
			mods[count++] = mod;
	}
	return count ? mods : NULL;
}

/* Active Directory is told the GUID (MS-ADTS 3.1.1.3.1.2.4): whoever renames or moves the entry now
 * changes nothing about which one is meant. */
static const char *name_of(struct applying *p, const struct entry *e) {
	char text[GUID_TEXT];

	if (!p->read->server->active_directory || guid_none(e->guid))
		return e->dn;
	return arena_printf(p->scratch, "<GUID=%s>", guid_text(e->guid, text));
}

static void send_modify(struct applying *p, struct going *g) {
	LDAPMod **mods = mods_of(p->scratch, g);

	settle(g, OUTCOME_APPLIED, NULL);
	if (!mods)
		return;
	g->ask = (struct ldap_ask){ .dn = name_of(p, g->entry), .mods = mods };
	g->sent = true;
	ldap_link_send(p->write, &g->ask);
}

/* ---- what became of it ---------------------------------------------------------------------- */

/* The server compared, and it was not so: who did what is seen by reading. */
static bool look_again(int code) {
	return code == LDAP_NO_SUCH_ATTRIBUTE || code == LDAP_CONSTRAINT_VIOLATION ||
	       code == LDAP_TYPE_OR_VALUE_EXISTS || code == LDAP_ALREADY_EXISTS ||
	       code == LDAP_ASSERTION_FAILED || code == LDAP_NO_SUCH_OBJECT;
}

/* So answers a server that passes requests on, too, where it lost the one that it asked: whether
 * that one wrote is seen by reading. */
static bool in_doubt(int code) {
	return code == LDAP_TIMELIMIT_EXCEEDED || code == LDAP_ADMINLIMIT_EXCEEDED ||
	       code == LDAP_BUSY || code == LDAP_UNAVAILABLE || code == LDAP_OTHER;
}

/* What of the modification may not be written; NULL where the server has no way to say. */
static const char *forbidden(struct applying *p, const struct going *g) {
	static const char *const names[] = { "allowedAttributesEffective", NULL };
	struct ldap_ask ask = { .dn = g->entry->dn,
		                .scope = LDAP_SCOPE_BASE,
		                .filter = "(objectClass=*)",
		                .names = names };
	const char *text = NULL;

	if (!p->read->server->active_directory || !p->read->link)
		return NULL;
	ldap_link_ask(p->read->link, &ask);
	bool told = !ldap_ask_fault(p->scratch, p->read->link, &ask) && ask.found.n;
	for (size_t i = 0; told && i < g->m->n_changes; i++) {
		const struct change *c = g->m->changes + i;
		bool may = c->store;
		for (size_t k = 0; !may && k < ask.found.v[0].n; k++)
			may = strcasecmp(ask.found.v[0].lines[k].value.data,
			                 attributes[c->id].name) == 0;
		if (!may)
			text = arena_printf(p->a, "%s%s%s", text ? text : "", text ? ", " : "",
			                    attributes[c->id].name);
	}
	arena_free(ask.arena);
	return text;
}

static const char *insufficient(struct applying *p, const struct going *g) {
	const char *what = forbidden(p, g);

	return arena_printf(p->a,
	                    "; the bind account may not write %s%s: `mbxctl doctor` tells what it "
	                    "lacks",
	                    what ? what : "this", what ? " of this user" : "");
}

static const char *advice(struct applying *p, const struct going *g) {
	switch (g->ask.code) {
	case LDAP_INSUFFICIENT_ACCESS:
		return insufficient(p, g);
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return "; try again later";
	case LDAP_OBJECT_CLASS_VIOLATION:
		return "; the entry's object classes do not allow what a mailbox needs";
	case LDAP_REFERRAL:
		return "; it is no server that may be written to: name such a one in directory.uri";
	default:
		return "";
	}
}

static void refused(struct applying *p, struct going *g) {
	const char *fault = ldap_ask_fault(p->a, p->write, &g->ask);

	settle(g, in_doubt(g->ask.code) ? OUTCOME_UNCERTAIN : OUTCOME_FAILED,
	       arena_printf(p->a, "%s%s", fault, advice(p, g)));
}

static void judge(struct applying *p, struct going *g) {
	if (!g->sent)
		return;
	if (g->ask.end == LDAP_ASK_LOST)
		settle(g, OUTCOME_UNCERTAIN,
		       arena_printf(p->a, "no answer came to the write: %s", g->ask.text));
	else if (look_again(g->ask.code))
		g->again = true;
	else if (g->ask.code != LDAP_SUCCESS)
		refused(p, g);
	/* Its words may be needed after the second look. */
	g->ask.text = arena_strdup(p->scratch, g->ask.text);
	g->ask.arena = arena_free(g->ask.arena);
}

/* Moved, it is written where it is now, once; what is as it was was refused for another reason. */
static void look(struct applying *p, struct going *v, size_t n) {
	struct going *again = ARENA_ARRAY(p->scratch, struct going, n + 1);
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (v[i].again)
			again[count++] = v[i];
	if (!count)
		return;
	read_entries(p, again, count);
	for (size_t i = 0; i < count; i++) {
		struct going *g = again + i;
		bool moved = g->ask.code == LDAP_NO_SUCH_OBJECT;
		g->sent = false;
		if (!holds(p, g))
			continue;
		if (!moved) {
			refused(p, g);
			continue;
		}
		send_modify(p, g);
		if (g->sent)
			(void)ldap_link_wait(p->write);
		judge(p, g);
		if (g->sent && g->m->outcome == OUTCOME_APPLIED && g->ask.code != LDAP_SUCCESS)
			refused(p, g);
	}
}

static void apply_some(struct applying *p, struct modification *batch, size_t n) {
	struct going *v = ARENA_ARRAY(p->scratch, struct going, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i].m = batch + i;
	read_entries(p, v, n);
	for (size_t i = 0; i < n; i++)
		if (holds(p, v + i))
			send_modify(p, v + i);
	for (size_t i = 0; i < n; i++)
		if (v[i].sent)
			(void)ldap_link_wait(p->write);
	for (size_t i = 0; i < n; i++)
		judge(p, v + i);
	look(p, v, n);
}

/* What is written twice is looked at in between: the second is decided on what the first left. */
static bool named_before(const struct modification *batch, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (strcmp(batch[i].identity, batch[n].identity) == 0)
			return true;
	return false;
}

void ldap_apply(struct ldap_reader *read, struct ldap_link *write, struct arena *a,
                struct modification *batch, size_t n) {
	struct applying p = { .read = read, .write = write, .a = a, .scratch = arena_new() };
	size_t some;

	for (size_t i = 0; i < n; i += some) {
		for (some = 1; i + some < n && !named_before(batch + i, some); some++)
			;
		apply_some(&p, batch + i, some);
	}
	world_free(p.w);
	arena_free(p.scratch);
}
