/*
 * The cmdlets that do what a plan does. Connect-Mailbox takes another mailbox's worth of rules
 * with it, so each is preceded by its -ValidateOnly, which knows only the mailbox and its
 * database (connect-mailbox, syntax).
 */
#include <string.h>

#include "base/dn.h"
#include "base/text.h"
#include "reconcile/powershell.h"
#include "reconcile/render_parts.h"
#include "spec/address.h"

struct script {
	struct buf *out;
	struct arena *a;
	struct beside *partners;
	bool off; /* held: every line is a comment */
};

static void comment(struct script *s, const char *text) {
	buf_printf(s->out, "# %s\n", render_line(s->a, text));
}

/* In a comment a name must not begin a line; in quotes it may. */
static void command(struct script *s, const char *text) {
	if (s->off)
		comment(s, text);
	else
		buf_printf(s->out, "%s\n", text);
}

static const char *with(struct script *s, const char *so_far, const char *parameter,
                        const char *value) {
	if (!value)
		return so_far;
	return arena_printf(s->a, "%s -%s %s", so_far, parameter, ps_quoted(s->a, value));
}

/* ---- a connect ---- */

static const char *value_after(const struct item *item, enum attribute id) {
	const struct change *c = render_change_of(item, id);

	return c ? c->n_after ? c->after[0].data : NULL : entry_text(item->user, id);
}

static const char *type_switch(const struct item *item) {
	static const char *const switches[] = { [TYPE_NONE] = "",
		                                [TYPE_USER] = "",
		                                [TYPE_LINKED] = "",
		                                [TYPE_ROOM] = " -Room",
		                                [TYPE_EQUIPMENT] = " -Equipment",
		                                [TYPE_SHARED] = " -Shared" };

	return item->connection->archive ? " -Archive" : switches[item->type];
}

static const char *with_policies(struct script *s, const char *text, const struct item *item) {
	static const char *const parameters[] = {
		[POLICY_ACTIVE_SYNC] = "ActiveSyncMailboxPolicy",
		[POLICY_RETENTION] = "RetentionPolicy",
		[POLICY_ADDRESS_BOOK] = "AddressBookPolicy",
		[POLICY_MANAGED_FOLDER] = "ManagedFolderMailboxPolicy",
	};

	for (int kind = 0; kind < POLICY_KINDS; kind++) {
		const struct policy_wish *wish = item->connection->policies + kind;
		bool passed_over = kind == POLICY_ADDRESS_BOOK && item->type != TYPE_USER;
		if (wish->how == SET && !passed_over)
			text = with(s, text, parameters[kind], wish->text);
	}
	return text;
}

static const char *with_master(struct script *s, const char *text, const struct connection *c) {
	text = with(s, text, "LinkedMasterAccount", c->linked.master_account);
	text = with(s, text, "LinkedDomainController", c->linked.domain_controller);
	if (!c->linked.credential)
		return text;
	return arena_printf(s->a, "%s -LinkedCredential (Get-Credential -Message %s)", text,
	                    ps_quoted(s->a, c->linked.credential));
}

static void connect_mailbox(struct script *s, const struct item *item) {
	const struct connection *c = item->connection;
	char guid[GUID_TEXT];
	const char *text = with(s, "Connect-Mailbox", "Identity", guid_text(item->mailbox, guid));

	text = with(s, text, "Database", item->database);
	text = with(s, text, "DomainController", c->domain_controller);
	command(s, arena_printf(s->a, "%s -ValidateOnly", text));
	text = arena_printf(s->a, "%s%s", text, type_switch(item));
	text = with(s, text, "User", item->user->dn);
	if (!c->archive) {
		text = with_master(s, text, c);
		text = with(s, text, "Alias", value_after(item, ATTR_MAIL_NICKNAME));
		text = with_policies(s, text, item);
	}
	command(s, text);
}

/* ---- an update, and what a connect leaves to others ---- */

/* The parameters of each cmdlet, as far as there are any. */
enum cmdlet { SET_MAILBOX, SET_CAS_MAILBOX, SET_USER, CMDLETS };
struct calls {
	const char *parameters[CMDLETS];
};

static void add(struct script *s, struct calls *calls, enum cmdlet cmdlet, const char *parameter,
                const char *value) {
	calls->parameters[cmdlet] = arena_printf(
	        s->a, "%s -%s %s", calls->parameters[cmdlet] ? calls->parameters[cmdlet] : "",
	        parameter, value ? ps_quoted(s->a, value) : "$null");
}

static void add_raw(struct script *s, struct calls *calls, const char *text) {
	calls->parameters[SET_MAILBOX] = arena_printf(
	        s->a, "%s%s", calls->parameters[SET_MAILBOX] ? calls->parameters[SET_MAILBOX] : "",
	        text);
}

static const char *quoted_list(struct script *s, const struct value *v, size_t n) {
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = arena_printf(s->a, "%s%s%s", text, i ? "," : "", ps_quoted(s->a, v[i].data));
	return text;
}

static const char *primary_of(const struct value *v, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (address_is_primary(v[i].data))
			return v[i].data;
	return NULL;
}

static bool gives_primary(const struct connection *c) {
	for (const char *const *p = c->addresses; p && *p; p++)
		if (address_is_primary(*p))
			return true;
	return false;
}

/* A primary of one's own is the end of the address policy; other addresses are added beside it. */
static void set_addresses(struct script *s, struct calls *calls, const struct item *item) {
	const struct change *c = render_change_of(item, ATTR_PROXY_ADDRESSES);
	const char *before, *after;
	size_t n_gone, n_new;

	/* What a connect makes of itself, Connect-Mailbox makes too. */
	if (!c || (item->action == ACTION_CONNECT && !item->connection->addresses))
		return;
	before = primary_of(c->before, c->n_before);
	after = primary_of(c->after, c->n_after);
	if (gives_primary(item->connection) || (before && !(after && text_same(before, after)))) {
		add_raw(s, calls,
		        arena_printf(s->a, " -EmailAddressPolicyEnabled $false -EmailAddresses %s",
		                     quoted_list(s, c->after, c->n_after)));
		return;
	}
	const struct value *gone =
	        render_missing(s->a, c->id, c->before, c->n_before, c->after, c->n_after, &n_gone);
	const struct value *fresh =
	        render_missing(s->a, c->id, c->after, c->n_after, c->before, c->n_before, &n_new);
	const char *list = "";
	if (n_new)
		list = arena_printf(s->a, "Add=%s", quoted_list(s, fresh, n_new));
	if (n_gone)
		list = arena_printf(s->a, "%s%sRemove=%s", list, n_new ? "; " : "",
		                    quoted_list(s, gone, n_gone));
	add_raw(s, calls, arena_printf(s->a, " -EmailAddresses @{%s}", list));
}

/* One attribute holds a policy of either kind; its container tells which. */
static void set_template(struct script *s, struct calls *calls, const struct change *c) {
	const char *dn = c->n_after ? c->after[0].data : c->before[0].data;
	const char *parent = dn_parent(s->a, dn), *name = parent ? dn_name(s->a, parent) : NULL;
	bool folder = name && text_same(name, "ELC Mailbox Policies");

	add(s, calls, SET_MAILBOX, folder ? "ManagedFolderMailboxPolicy" : "RetentionPolicy",
	    c->n_after ? c->after[0].data : NULL);
}

static void set_type(struct script *s, struct calls *calls, const struct item *item) {
	static const struct {
		const char *details, *type;
	} types[] = {
		{ "1", "Regular" }, { "4", "Shared" }, { "16", "Room" }, { "32", "Equipment" }
	};
	const struct change *c = render_change_of(item, ATTR_RECIPIENT_TYPE_DETAILS);
	const struct change *master = render_change_of(item, ATTR_MASTER_ACCOUNT_SID);
	const struct connection *wish = item->connection;
	const char *details = value_after(item, ATTR_RECIPIENT_TYPE_DETAILS);
	bool links = (c || master) && details && strcmp(details, "2") == 0;

	if (links && wish->linked.master_account)
		calls->parameters[SET_USER] = with_master(s, "", wish);
	else if (links)
		/* An undo gives it back to whom no manifest names. */
		comment(s, "Set-User -LinkedMasterAccount takes no SID, and only that is known of "
		           "the account: see -o ldif");
	else if (c && c->n_before && strcmp(c->before[0].data, "2") == 0)
		add(s, calls, SET_USER, "LinkedMasterAccount", NULL);
	for (size_t i = 0; c && c->n_after && i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(c->after[0].data, types[i].details) == 0)
			add(s, calls, SET_MAILBOX, "Type", types[i].type);
}

/* What the cmdlets write along with something else. */
static bool follows(enum attribute id) {
	static const enum attribute list[] = {
		ATTR_RECIPIENT_TYPE_DETAILS,
		ATTR_RECIPIENT_DISPLAY_TYPE,
		ATTR_EXCH_USER_ACCOUNT_CONTROL,
		ATTR_MASTER_ACCOUNT_SID,
		ATTR_SECURITY_DESCRIPTOR,
		ATTR_RESOURCE_META_DATA,
		ATTR_RESOURCE_SEARCH_PROPERTIES,
		ATTR_RESOURCE_DISPLAY,
		ATTR_PROXY_ADDRESSES,
		ATTR_MAIL,
		ATTR_POLICIES_INCLUDED,
		ATTR_POLICIES_EXCLUDED,
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (list[i] == id)
			return true;
	return false;
}

static void set_one(struct script *s, struct calls *calls, const struct item *item,
                    const struct change *c) {
	const char *after = c->n_after ? c->after[0].data : NULL;

	switch ((int)c->id) {
	case ATTR_MAIL_NICKNAME:
		add(s, calls, SET_MAILBOX, "Alias", after);
		return;
	case ATTR_TEMPLATE_LINK:
		set_template(s, calls, c);
		return;
	case ATTR_ADDRESS_BOOK_POLICY_LINK:
		add(s, calls, SET_MAILBOX, "AddressBookPolicy", after);
		return;
	case ATTR_MOBILE_POLICY_LINK:
		add(s, calls, SET_CAS_MAILBOX, "ActiveSyncMailboxPolicy", after);
		return;
	case ATTR_ELC_FLAGS:
		if (render_change_of(item, ATTR_TEMPLATE_LINK))
			return;
		break;
	}
	if (!follows(c->id))
		comment(s, arena_printf(s->a, "no cmdlet writes %s alone: see -o ldif",
		                        attributes[c->id].name));
}

static void set_mailbox(struct script *s, const struct item *item) {
	static const char *const names[] = { "Set-Mailbox", "Set-CASMailbox", "Set-User" };
	struct calls calls = { 0 };

	if (item->action == ACTION_UPDATE) {
		set_type(s, &calls, item);
		for (size_t i = 0; i < item->changes.n; i++)
			if (!item->changes.v[i].store)
				set_one(s, &calls, item, item->changes.v + i);
	}
	set_addresses(s, &calls, item);
	for (int i = CMDLETS; i-- > 0;) {
		if (!calls.parameters[i])
			continue;
		const char *text = with(s, names[i], "Identity", item->user->dn);
		text = with(s, text, "DomainController", item->connection->domain_controller);
		command(s, arena_printf(s->a, "%s%s", text, calls.parameters[i]));
	}
}

/* ---- items ---- */

static void title(struct script *s, const struct item *item) {
	buf_putc(s->out, '\n');
	comment(s, arena_printf(s->a, "%s: %s (%s)", action_names[item->action],
	                        item->connection->name, render_place(s->a, item)));
}

static void write_item(struct script *s, const struct item *item) {
	title(s, item);
	if (item->action == ACTION_DISCONNECT) {
		comment(s, "  Disable-Mailbox takes away more than the run gave and is not written "
		           "here: "
		           "use mbxctl undo --save FILE, then mbxctl apply --plan FILE");
		return;
	}
	const char *const *held = render_held(s->a, s->partners, item);
	s->off = held != NULL;
	for (size_t i = 0; held && held[i]; i++)
		comment(s, held[i]);
	if (item->action == ACTION_CONNECT)
		connect_mailbox(s, item);
	set_mailbox(s, item);
	if (render_tells_server(item))
		command(s, ps_update_state(s->a, item->database, item->mailbox));
	s->off = false;
}

static void leave_out(struct script *s, const struct item *item) {
	title(s, item);
	for (size_t i = 0; i < item->reasons.n; i++)
		comment(s, arena_printf(s->a, "  %s: %s", item->reasons.v[i].code,
		                        item->reasons.v[i].message));
	if (item->suspended)
		comment(s, arena_printf(s->a, "  suspended: %s", item->suspended));
}

/* What was written is in the directory; the mail server has still to be told. */
static void ended(struct script *s, const struct item *item) {
	title(s, item);
	comment(s, arena_printf(s->a, "  %s%s%s", outcome_names[item->outcome],
	                        item->message ? ": " : "", item->message ? item->message : ""));
	if (item->outcome == OUTCOME_APPLIED && render_tells_server(item))
		command(s, ps_update_state(s->a, item->database, item->mailbox));
}

void render_powershell(const struct plan *p, const struct render_options *o, struct buf *out) {
	struct script s = { .out = out,
		            .a = arena_new(),
		            .partners = beside_new(p->items, p->n, p->undo) };
	const struct item **order = render_order(s.a, p);

	/* Without the mark, Windows PowerShell takes a file for the code page's, and finds
	 * quotation marks in the middle of letters. */
	buf_puts(out,
	         "\xef\xbb\xbf# For the Exchange Management Shell; it stops at the first error.\n"
	         "$ErrorActionPreference = 'Stop'\n");
	for (size_t i = 0; i < p->n; i++) {
		const struct item *item = order[i];
		if (o->applied && item->outcome != OUTCOME_NONE)
			ended(&s, item);
		else if (item_writes(item))
			write_item(&s, item);
		else if (item->action != ACTION_NONE)
			leave_out(&s, item);
	}
	beside_free(s.partners);
	arena_free(s.a);
}
