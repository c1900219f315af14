/* What we may do with a user: what lacks, what cannot be seen, what is more than is needed. */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "agent/doctor/checks.h"
#include "base/dn.h"
#include "reconcile/writes.h"

enum { SHOWN = 12, WORST_SHOWN = 6 };

/* Who may write one of these can take the account over, or more than it. */
static const char *const dangerous[] = { "unicodePwd",
	                                 "userPassword",
	                                 "nTSecurityDescriptor",
	                                 "member",
	                                 "userAccountControl",
	                                 "servicePrincipalName",
	                                 "msDS-KeyCredentialLink",
	                                 "msDS-AllowedToDelegateTo",
	                                 "msDS-AllowedToActOnBehalfOfOtherIdentity",
	                                 "altSecurityIdentities",
	                                 "sIDHistory",
	                                 "primaryGroupID",
	                                 "sAMAccountName",
	                                 "userPrincipalName",
	                                 "scriptPath",
	                                 "adminCount",
	                                 "lockoutTime",
	                                 "pwdLastSet",
	                                 "gPLink" };

static bool holds(const struct examined_texts *list, const char *name) {
	for (size_t i = 0; i < list->n; i++)
		if (strcasecmp(list->v[i], name) == 0)
			return true;
	return false;
}

static bool is_ours(const char *name) {
	int id = attribute_find(name, strlen(name));

	return id >= 0 && attribute_written((enum attribute)id);
}

/* ---- what lacks ----------------------------------------------------------------------------- */

static const char *advice_of(const struct examined_user *u) {
	return u->protected ? "AdminSDHolder decides about this account: choose another with "
	                      "--user; what protected accounts need is told in docs/delegation.md"
	                    : "let the account write them: examples/active-directory, "
	                      "docs/delegation.md; if other users are meant, name one with --user";
}

/* Of what a user of its classes can have: the schema is another question. */
static void judge_writable(struct checks *c, const struct examined_user *u) {
	struct examined_texts lacks[WRITE_USES] = { 0 }, parts = { 0 };
	size_t n = 0, total = 0;

	for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++) {
		const char *name = attributes[w->id].name;
		if (!holds(&u->allowed, name))
			continue;
		total++;
		if (holds(&u->writable, name))
			continue;
		ARENA_PUSH(c->a, lacks + w->use, name);
		n++;
	}
	for (int use = 0; use < WRITE_USES; use++)
		if (lacks[use].n)
			ARENA_PUSH(c->a, &parts,
			           arena_printf(c->a, "%s (needed for %s)",
			                        listed(c->a, lacks + use, SHOWN * 2),
			                        write_use_texts[use]));
	if (!total)
		check(c, "write", VERDICT_FAULT,
		      "extend the schema (Exchange Setup /PrepareSchema)",
		      "its object classes have no room for any attribute of a mailbox");
	else if (n == total)
		check(c, "write", VERDICT_FAULT, advice_of(u),
		      "none of the %zu attributes of a mailbox may be written", total);
	else if (n)
		check(c, "write", VERDICT_FAULT, advice_of(u), "may not be written: %s",
		      listed(c->a, &parts, WRITE_USES));
	else
		check(c, "write", VERDICT_OK, NULL,
		      "all %zu attributes that mbxctl writes may be written", total);
}

static void judge_write(struct checks *c, const struct examination *e,
                        const struct examined_user *u) {
	if (e->file)
		check(c, "write", VERDICT_SKIPPED, NULL,
		      "a file has no rights of its own: who may rewrite it may write all of it");
	else if (u->tells_writable)
		judge_writable(c, u);
	else
		check(c, "write", VERDICT_SKIPPED, NULL,
		      "this server cannot be asked what may be written; "
		      "examples/openldap/README.md says which rules OpenLDAP needs");
}

/* ---- what cannot be seen -------------------------------------------------------------------- */

static void judge_read(struct checks *c, const struct examination *e,
                       const struct examined_user *u) {
	if (e->file || !e->root || !e->root->active_directory)
		return;
	if (u->tells_readable && !u->unreadable.n)
		check(c, "read", VERDICT_OK, NULL,
		      "what is decided from may be read, by the user's access list");
	else if (u->tells_readable)
		check(c, "read", VERDICT_FAULT, "let the account read them: docs/delegation.md",
		      "may not be read: %s; each looks as if the user did not have it, and what is "
		      "decided from that is wrong",
		      listed(c->a, &u->unreadable, SHOWN));
	else
		check(c, "read", VERDICT_SKIPPED, NULL,
		      "the user's access list cannot be read: whether an attribute is not there or "
		      "only hidden cannot be told");
}

/* ---- what is more than is needed ------------------------------------------------------------ */

struct excess {
	struct checks *c;
	const char *text; /* NULL: nothing yet */
};

__attribute__((format(printf, 2, 3))) static void more(struct excess *x, const char *format, ...) {
	va_list args;

	va_start(args, format);
	const char *text = arena_vprintf(x->c->a, format, args);
	va_end(args);
	x->text = x->text ? arena_printf(x->c->a, "%s; %s", x->text, text) : text;
}

/* `ours`: those that a connect writes are needed. */
static void more_attributes(struct excess *x, const struct examined_texts *writable, const char *of,
                            bool ours) {
	struct examined_texts worst = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < writable->n; i++)
		n += !ours || !is_ours(writable->v[i]);
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(*dangerous); i++)
		if (holds(writable, dangerous[i]))
			ARENA_PUSH(x->c->a, &worst, dangerous[i]);
	if (n)
		more(x, "write %zu %sattribute%s of %s%s%s", n, ours ? "other " : "",
		     n == 1 ? "" : "s", of, worst.n ? ", among them " : "",
		     listed(x->c->a, &worst, WORST_SHOWN));
}

static void more_children(struct excess *x, const struct examined_texts *classes, const char *of) {
	if (classes->n)
		more(x, "create objects (%s) below %s", listed(x->c->a, classes, 3), of);
}

/* What it may do as a member, before any single right. */
static void judge_powers(struct checks *c, const struct examined_root *root) {
	if (root && root->powers.n)
		check(c, "power", VERDICT_WARNING,
		      "use an account of its own that has only what docs/delegation.md lists",
		      "the account is a member of %s: whoever gets hold of it has the domain",
		      listed(c->a, &root->powers, SHOWN));
}

static void judge_excess(struct checks *c, const struct examined_user *u,
                         enum directory_role role) {
	struct excess x = { .c = c };

	if (!u->tells_writable)
		return;
	more_attributes(&x, &u->writable, "this user", role == ROLE_MAILBOXES);
	more_children(&x, &u->children, "this user");
	if (u->descriptor)
		more(&x, "change who may do what to this user");
	if (u->may_reset)
		more(&x, "reset the password");
	if (u->may_delete)
		more(&x, "delete this user");
	if (u->parent) {
		more_attributes(&x, &u->parent_writable, dn_name(c->a, u->parent), false);
		more_children(&x, &u->parent_children, dn_name(c->a, u->parent));
	}
	if (u->object)
		more_attributes(&x, &u->object_writable,
		                arena_printf(c->a, "database %s", dn_name(c->a, u->object)), false);
	if (x.text)
		check(c, "excess", VERDICT_WARNING,
		      "take it away: docs/delegation.md lists what is needed, and nothing else is",
		      "the account may do more than it needs: %s", x.text);
	else
		check(c, "excess", VERDICT_OK, NULL,
		      "nothing more than is needed: no other attribute, no other object%s",
		      u->tells_readable ? ", no password" : "");
}

/* ---- protected accounts --------------------------------------------------------------------- */

static void judge_protected(struct checks *c, const struct examined_user *u) {
	if (!u->tells_writable)
		return;
	if (u->protected)
		check(c, "protected", VERDICT_WARNING,
		      "connect it with an account that AdminSDHolder allows, or take it out of the "
		      "protected groups and clear adminCount (docs/delegation.md)",
		      "this user is protected (adminCount): what was delegated on its OU is taken "
		      "away again within an hour");
	else if (u->n_protected)
		check(c, "protected", VERDICT_OK, NULL,
		      "%zu account%s protected (adminCount), and no delegation on an OU reaches "
		      "%s: %s",
		      u->n_protected, u->n_protected == 1 ? " is" : "s are",
		      u->n_protected == 1 ? "it" : "them", listed(c->a, &u->protected_names, 3));
	else
		check(c, "protected", VERDICT_OK, NULL, "no account is protected by AdminSDHolder");
}

/* ---- the forest ------------------------------------------------------------------------------ */

/* Who has an address may be in a domain that nobody is asked for. */
static void judge_forest(struct checks *c, const struct examined_user *u) {
	if (!u->domains_elsewhere.n)
		return;
	const char *domains = listed(c->a, &u->domains_elsewhere, SHOWN);
	if (u->catalog_asked)
		check(c, "forest", VERDICT_OK, NULL,
		      "the global catalogue is asked for what the server does not hold: %s",
		      domains);
	else
		check(c, "forest", VERDICT_FAULT,
		      "write directory.globalCatalog: ldaps://HOST:3269 into the config",
		      "the server does not hold %s, and nobody is asked for it: connections will "
		      "be "
		      "`unknown` (read-incomplete)",
		      domains);
}

/* ---- all of it ------------------------------------------------------------------------------ */

void judge_user(struct checks *c, const struct examination *e, const struct examined_user *u,
                enum directory_role role, const char *how) {
	if (role == ROLE_MAILBOXES)
		judge_forest(c, u);
	judge_powers(c, e->root);
	if (!u->dn) {
		check(c, "user", VERDICT_WARNING, "name one: mbxctl doctor --user TEXT",
		      "no user was examined: %s", u->why ? u->why : "none is known");
		return;
	}
	check(c, "user", VERDICT_OK, NULL, "examined is %s, %s", u->dn, how);
	if (role == ROLE_MAILBOXES)
		judge_write(c, e, u);
	judge_read(c, e, u);
	judge_excess(c, u, role);
	if (role == ROLE_MAILBOXES)
		judge_protected(c, u);
}
