/* What a server says of itself, and as whom it knows us. */
#include <ctype.h>
#include <ldap_schema.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/sid.h"
#include "base/timestamp.h"
#include "reconcile/writes.h"
#include "store/directory/ldap_dn.h"
#include "store/directory/ldap_examine.h"

#define CAPABILITY_AD        "1.2.840.113556.1.4.800"
#define CAPABILITY_READ_ONLY "1.2.840.113556.1.4.1920"

/* ---- asking --------------------------------------------------------------------------------- */

const struct value *ldap_examine_values(struct arena *a, const struct ldap_ask *ask,
                                        const char *name, size_t *ret_n) {
	struct value *v = NULL;

	*ret_n = 0;
	if (!ask->found.n)
		return NULL;
	const struct ldap_found *found = ask->found.v;
	v = ARENA_ARRAY(a, struct value, found->n + 1);
	for (size_t i = 0; i < found->n; i++)
		if (strcasecmp(found->lines[i].name, name) == 0)
			v[(*ret_n)++] = found->lines[i].value;
	return v;
}

const char *ldap_examine_text(const struct ldap_ask *ask, const char *name) {
	for (size_t i = 0; ask->found.n && i < ask->found.v[0].n; i++)
		if (strcasecmp(ask->found.v[0].lines[i].name, name) == 0)
			return ask->found.v[0].lines[i].value.data;
	return NULL;
}

static bool has(const struct ldap_ask *ask, const char *name, const char *value) {
	for (size_t i = 0; ask->found.n && i < ask->found.v[0].n; i++) {
		const struct ldap_line *line = ask->found.v[0].lines + i;
		if (strcasecmp(line->name, name) == 0 && strcasecmp(line->value.data, value) == 0)
			return true;
	}
	return false;
}

/* ---- who we are ----------------------------------------------------------------------------- */

size_t ldap_examine_sids(struct ldap_link *l, struct arena *a, struct value **ret) {
	static const char *const names[] = { "tokenGroups", NULL };
	struct ldap_ask ask = {
		.dn = "", .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = names
	};
	size_t n;

	ldap_link_ask(l, &ask);
	const struct value *v = ldap_examine_values(a, &ask, "tokenGroups", &n);
	*ret = ARENA_ARRAY(a, struct value, n + 1);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = (struct value){ arena_copy(a, v[i].data, v[i].len), v[i].len };
	arena_free(ask.arena);
	return n;
}

/* An account by its SID, for servers that do not say who we are (Samba). */
static const char *account_of(struct ldap_link *l, struct arena *a, const char *sid) {
	static const char *const names[] = { LDAP_NO_ATTRS, NULL };
	struct ldap_ask ask = { .dn = arena_printf(a, "<SID=%s>", sid),
		                .scope = LDAP_SCOPE_BASE,
		                .filter = "(objectClass=*)",
		                .names = names };

	ldap_link_ask(l, &ask);
	const char *dn = ask.found.n ? arena_strdup(a, ask.found.v[0].dn) : sid;
	arena_free(ask.arena);
	return dn;
}

/* Those who may do anything; a SID ends in theirs (MS-DTYP 2.4.2.4). */
static const struct power {
	const char *sid, *name;
} powers[] = {
	{ "S-1-5-32-544", "Administrators" },
	{ "S-1-5-32-548", "Account Operators" },
	{ "S-1-5-32-549", "Server Operators" },
	{ "S-1-5-32-551", "Backup Operators" },
	{ "-512", "Domain Admins" },
	{ "-518", "Schema Admins" },
	{ "-519", "Enterprise Admins" },
	{ "-520", "Group Policy Creator Owners" },
};

static bool is_power(const struct power *p, const char *sid) {
	size_t n = strlen(sid), m = strlen(p->sid);

	if (*p->sid == 'S')
		return strcmp(p->sid, sid) == 0;
	return strncmp(sid, "S-1-5-21-", 9) == 0 && n > m && strcmp(sid + n - m, p->sid) == 0;
}

static void take_powers(struct arena *a, const char *sid, struct examined_root *ret) {
	for (size_t i = 0; sid && i < sizeof(powers) / sizeof(*powers); i++)
		if (is_power(powers + i, sid))
			ARENA_PUSH(a, &ret->powers, powers[i].name);
}

static void take_who(struct ldap_link *l, struct arena *a, struct examined_root *ret) {
	struct ldap_ask ask = { .whoami = true };
	struct value *sids;
	size_t n = ldap_examine_sids(l, a, &sids);

	ldap_link_ask(l, &ask);
	if (ask.who)
		ret->who = !*ask.who ? "nobody (anonymous)"
		           : strncmp(ask.who, "dn:", 3) == 0
		                   ? ldap_dn_tidy(a, ask.who + 3, strlen(ask.who + 3))
		           : strncmp(ask.who, "u:", 2) == 0 ? arena_strdup(a, ask.who + 2)
		                                            : arena_strdup(a, ask.who);
	arena_free(ask.arena);
	/* Our own comes first. */
	for (size_t i = 0; i < n; i++) {
		const char *sid = sid_text(a, sids[i].data, sids[i].len);
		take_powers(a, sid, ret);
		if (i == 0 && sid && !ret->who)
			ret->who = account_of(l, a, sid);
	}
}

/* ---- which server --------------------------------------------------------------------------- */

/* msDS-Behavior-Version of a domain controller (MS-ADTS 6.1.4.2). */
static const char *windows_of(const char *level) {
	static const char *const names[] = { "2000",    "",     "2003",    "2008",
		                             "2008 R2", "2012", "2012 R2", "2016" };
	int n = level && isdigit((unsigned char)*level) && !level[1] ? *level - '0' : -1;

	if (level && strcmp(level, "10") == 0)
		return "2025";
	return n >= 0 && n < (int)(sizeof(names) / sizeof(*names)) ? names[n] : "";
}

static const char *product_of(struct arena *a, const struct ldap_ask *ask, bool active_directory) {
	const char *vendor = ldap_examine_text(ask, "vendorName");
	const char *version = ldap_examine_text(ask, "vendorVersion");

	if (vendor && strncmp(vendor, "Samba", 5) == 0)
		return arena_printf(a, "Samba %s", version ? version : "");
	if (active_directory) {
		const char *windows =
		        windows_of(ldap_examine_text(ask, "domainControllerFunctionality"));
		return *windows ? arena_printf(a, "Active Directory (Windows Server %s)", windows)
		                : "Active Directory";
	}
	if (has(ask, "objectClass", "OpenLDAProotDSE"))
		return "OpenLDAP";
	return vendor ? arena_printf(a, "%s %s", vendor, version ? version : "")
	              : "an LDAP server that does not say which";
}

/* `20261127205457.0Z` (RFC 4517, 3.3.13). */
static int64_t time_of(const char *text) {
	int year, month, day, hour, minute, second;
	int64_t t;

	if (!text ||
	    sscanf(text, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6)
		return TIMESTAMP_NONE;
	return timestamp_make(year, month, day, hour, minute, second, &t) ? t : TIMESTAMP_NONE;
}

static void take_contexts(struct arena *a, const struct ldap_ask *ask, struct examined_root *ret) {
	size_t n;
	const struct value *v = ldap_examine_values(a, ask, "namingContexts", &n);

	ret->contexts = ARENA_ARRAY(a, const char *, n + 1);
	ret->n_contexts = n;
	for (size_t i = 0; i < n; i++)
		ret->contexts[i] = ldap_dn_tidy(a, v[i].data, v[i].len);
}

/* ---- which classes -------------------------------------------------------------------------- */

static bool class_named(const LDAPObjectClass *class, const char *name) {
	for (char **p = class->oc_names; p && *p; p++)
		if (strcasecmp(*p, name) == 0)
			return true;
	return false;
}

/* Of a schema that is no entries. */
static void take_classes(struct ldap_link *l, struct arena *a, const char *subschema,
                         struct examined_root *ret) {
	static const char *const names[] = { "objectClasses", NULL };
	struct ldap_ask ask = { .dn = subschema,
		                .scope = LDAP_SCOPE_BASE,
		                .filter = "(objectClass=*)",
		                .names = names };
	bool there[CONFIG_CLASSES] = { false };
	size_t n;
	int code;
	const char *at;

	ldap_link_ask(l, &ask);
	const struct value *v = ldap_examine_values(a, &ask, "objectClasses", &n);
	for (size_t i = 0; i < n; i++) {
		LDAPObjectClass *class =
		        ldap_str2objectclass(v[i].data, &code, &at, LDAP_SCHEMA_ALLOW_ALL);
		for (int k = 0; class && k < CONFIG_CLASSES; k++)
			there[k] |= class_named(class, config_classes[k].name);
		ldap_objectclass_free(class);
	}
	arena_free(ask.arena);
	ret->tells_classes = n > 0;
	for (int k = 0; n && k < CONFIG_CLASSES; k++)
		if (!there[k] && config_classes[k].exchange)
			ARENA_PUSH(a, &ret->missing_classes, config_classes[k].name);
}

/* ---- all of it ------------------------------------------------------------------------------ */

bool ldap_examine_root(struct ldap_link *l, struct arena *a, struct examined_root *ret,
                       const char **ret_why) {
	static const char *const names[] = { "objectClass",
		                             "namingContexts",
		                             "supportedCapabilities",
		                             "currentTime",
		                             "dnsHostName",
		                             "isSynchronized",
		                             "vendorName",
		                             "vendorVersion",
		                             "domainControllerFunctionality",
		                             "defaultNamingContext",
		                             "configurationNamingContext",
		                             "subschemaSubentry",
		                             NULL };
	struct ldap_ask ask = {
		.dn = "", .scope = LDAP_SCOPE_BASE, .filter = "(objectClass=*)", .names = names
	};

	ldap_link_ask(l, &ask);
	*ret_why = ldap_ask_fault(a, l, &ask);
	if (!*ret_why && !ask.found.n)
		*ret_why = "it does not show its root DSE to this account";
	if (*ret_why) {
		arena_free(ask.arena);
		return false;
	}
	ret->here = (int64_t)time(NULL);
	ret->clock = time_of(ldap_examine_text(&ask, "currentTime"));
	ret->active_directory = has(&ask, "supportedCapabilities", CAPABILITY_AD);
	ret->read_only = has(&ask, "supportedCapabilities", CAPABILITY_READ_ONLY);
	ret->catching_up = has(&ask, "isSynchronized", "FALSE");
	ret->product = product_of(a, &ask, ret->active_directory);
	ret->host = arena_strdup(a, ldap_examine_text(&ask, "dnsHostName"));
	ret->base = arena_strdup(a, ldap_examine_text(&ask, "defaultNamingContext"));
	ret->configuration = arena_strdup(a, ldap_examine_text(&ask, "configurationNamingContext"));
	take_contexts(a, &ask, ret);
	const char *subschema = arena_strdup(a, ldap_examine_text(&ask, "subschemaSubentry"));
	arena_free(ask.arena);
	if (!ret->base && ret->n_contexts)
		ret->base = ret->contexts[0];
	if (!ret->active_directory && subschema)
		take_classes(l, a, subschema, ret);
	take_who(l, a, ret);
	return true;
}
