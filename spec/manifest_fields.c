#include "spec/address.h"
#include "spec/alias.h"
#include "spec/connection.h"
#include "spec/fields.h"

#define AT(member) .offset = offsetof(struct connection, member)

/* What stands between two periods; regular expressions of JSON Schema. */
#define SMTP_ATOM  "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
#define ALIAS_ATOM "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\u00ff-]+"

static const struct field policy_fields[] = {
#define POLICY(word, number, text)                                                                 \
	{                                                                                          \
		.key = (word), .kind = FIELD_POLICY, .rules = FIELD_DEFAULTABLE,                   \
		.offset = (number) * sizeof(struct policy_wish), .help = (text)                    \
	}
	POLICY("activeSync", POLICY_ACTIVE_SYNC,
	       "mobile device mailbox policy: name, DN or GUID; null: the default one"),
	POLICY("retention", POLICY_RETENTION,
	       "retention policy: name, DN or GUID; null: none; not together with managedFolder"),
	POLICY("addressBook", POLICY_ADDRESS_BOOK,
	       "address book policy: name, DN or GUID; null: none; with type user alone"),
	POLICY("managedFolder", POLICY_MANAGED_FOLDER,
	       "managed folder mailbox policy: name, DN or GUID; null: none; not together with "
	       "retention"),
#undef POLICY
	{ 0 },
};
/* Of the two, one may be null: that clears nothing of the other. */
static const char *const policy_rules[] = {
	"{'not': {'required': ['retention', 'managedFolder'], 'properties': {"
	"'retention': {'not': {'type': 'null'}}, 'managedFolder': {'not': {'type': 'null'}}}}}",
	NULL
};
static const struct shape policies_shape = { .what = "policies",
	                                     .fields = policy_fields,
	                                     .rules = policy_rules };

static const struct field linked_fields[] = {
	{ .key = "masterAccount",
	  AT(linked.master_account),
	  .help = "the account in the account forest: UPN, DOMAIN\\name, DN, canonical name, GUID "
	          "or "
	          "name" },
	{ .key = "domainController",
	  .rules = FIELD_DEFAULTABLE,
	  AT(linked.domain_controller),
	  .help = "a host in the account forest" },
	{ .key = "credential",
	  .rules = FIELD_DEFAULTABLE,
	  AT(linked.credential),
	  .help = "name of a credential in the config" },
	{ 0 },
};
static const struct shape linked_shape = { .what = "linked", .fields = linked_fields };

static const struct field connection_fields[] = {
	{ .key = "name",
	  AT(name),
	  .help = "what plans, history and --only call the connection; default: the mailbox text, "
	          "for an archive followed by (archive)" },
	{ .key = "mailbox",
	  .rules = FIELD_REQUIRED,
	  AT(mailbox),
	  .help = "the mailbox's display name, GUID or legacyExchangeDN" },
	{ .key = "database",
	  .rules = FIELD_DEFAULTABLE,
	  AT(database),
	  .help = "the mailbox database that holds the mailbox: name, DN or GUID" },
	{ .key = "type",
	  .kind = FIELD_CHOICE,
	  .rules = FIELD_DEFAULTABLE,
	  AT(type),
	  .names = recipient_type_names,
	  .help = "the kind of mailbox; absent: user when it is connected, unmanaged afterwards" },
	{ .key = "user",
	  AT(user),
	  .help = "who gets the mailbox: UPN, DOMAIN\\sAMAccountName, DN, canonical name, GUID or "
	          "name; absent: the one user whose legacyExchangeDN, else displayName, matches" },
	{ .key = "linked",
	  .kind = FIELD_MAP,
	  .rules = FIELD_DEFAULTABLE,
	  .shape = &linked_shape,
	  .help = "the master account of a linked mailbox; with type linked alone" },
	{ .key = "archive",
	  .kind = FIELD_BOOLEAN,
	  AT(archive),
	  .help = "this mailbox is the user's archive, not the primary" },
	{ .key = "alias",
	  AT(alias),
	  .fault = alias_fault,
	  .pattern = "^" ALIAS_ATOM "(\\." ALIAS_ATOM ")*$",
	  .longest = 64,
	  .code = "alias-invalid",
	  .help = "the Exchange alias; absent: the left side of the UPN, else the name" },
	{ .key = "addresses",
	  .kind = FIELD_TEXTS,
	  AT(addresses),
	  .rules = FIELD_NO_NUMBER,
	  .fault = address_fault,
	  .pattern = "^((smtp|SMTP):(?=[^@]{1,64}@)" SMTP_ATOM "(\\." SMTP_ATOM ")*@" DOMAIN_PATTERN
	             "|(?![Ss][Mm][Tt][Pp]:)[A-Za-z0-9-]+:.+)$",
	  .code = "address-invalid",
	  .noun = "address",
	  .help = "proxy addresses to add, with their prefix; SMTP: is the primary" },
	{ .key = "policies",
	  .kind = FIELD_MAP,
	  .rules = FIELD_DEFAULTABLE,
	  AT(policies),
	  .shape = &policies_shape,
	  .help = "the mailbox's policies; a null clears one" },
	{ .key = "domainController",
	  .rules = FIELD_DEFAULTABLE,
	  AT(domain_controller),
	  .help = "the host by which this connection is read and written" },
	{ .key = "allow",
	  .kind = FIELD_CHOICES,
	  AT(allow),
	  .names = consent_names,
	  .noun = "consent",
	  .help = "what this connection may do that otherwise stops it" },
	{ .key = "suspend",
	  .kind = FIELD_SUSPENSION,
	  AT(suspended),
	  .beside = offsetof(struct connection, suspend_reason),
	  .help = "leave the connection alone: true, or the reason" },
	{ 0 },
};

#define WITH_TYPE(type) "{'required': ['type'], 'properties': {'type': " type "}}"
#define LINKED          "{'const': 'linked'}"
#define NOT_LINKED      "{'not': {'const': 'linked'}}"
#define NO_LINKED       "{'properties': {'linked': false}}"
#define NO_ADDRESS_BOOK "{'properties': {'policies': {'properties': {'addressBook': false}}}}"
#define NEEDS_LINKED(key)                                                                          \
	"{'required': ['linked'], 'properties': {'linked': {'required': ['" key "']}}}"

static const char *const connection_rules[] = {
	"{'if': " WITH_TYPE(LINKED) ", 'then': " NEEDS_LINKED("masterAccount") "}",
	"{'if': " WITH_TYPE(NOT_LINKED) ", 'then': " NO_LINKED "}",
	"{'if': " WITH_TYPE("{'not': {'const': 'user'}}") ", 'then': " NO_ADDRESS_BOOK "}",
	"{'if': {'required': ['archive'], 'properties': {'archive': {'const': true}}}, "
	"'then': {'properties': {'type': {'const': 'user'}, 'linked': false, 'alias': false, "
	"'addresses': false, 'policies': false}}}",
	"{'properties': {'addresses': {'contains': {'pattern': '^SMTP:'}, 'minContains': 0, "
	"'maxContains': 1}}}",
	NULL
};
const struct shape connection_shape = { .what = "a connection",
	                                .fields = connection_fields,
	                                .size = sizeof(struct connection),
	                                .rules = connection_rules };
const struct shape defaults_shape = { .what = "defaults",
	                              .fields = connection_fields,
	                              .size = sizeof(struct connection) };

static const struct field metadata_fields[] = {
	{ .key = "name",
	  .offset = offsetof(struct manifest_head, name),
	  .help = "the manifest's name in plans and history; default: the file's name" },
	{ 0 },
};
static const struct shape metadata_shape = { .what = "metadata", .fields = metadata_fields };

static const char *const api_versions[] = { "mbxctl/v1", NULL };
static const char *const kinds[] = { "MailboxConnections", NULL };

static const struct field manifest_fields[] = {
	{ .key = "apiVersion",
	  .kind = FIELD_CHOICE,
	  .rules = FIELD_BY_HAND | FIELD_HEAD,
	  .names = api_versions,
	  .help = "the version of this format" },
	{ .key = "kind",
	  .kind = FIELD_CHOICE,
	  .rules = FIELD_BY_HAND | FIELD_HEAD,
	  .names = kinds,
	  .help = "what the document is: a manifest" },
	{ .key = "metadata",
	  .kind = FIELD_MAP,
	  .shape = &metadata_shape,
	  .help = "what the manifest is called" },
	{ .key = "defaults",
	  .kind = FIELD_MAP,
	  .rules = FIELD_BY_HAND,
	  .shape = &defaults_shape,
	  .help = "what all connections of the document have, unless they say otherwise" },
	{ .key = "connections",
	  .kind = FIELD_MAPS,
	  .rules = FIELD_BY_HAND | FIELD_REQUIRED,
	  .shape = &connection_shape,
	  .help = "a list of connections" },
	{ 0 },
};

/* What a connection needs by what `defaults` gives it, or does not. */
#define DEFAULTS(what) "{'required': ['defaults'], 'properties': {'defaults': " what "}}"
#define EACH(what)     "{'properties': {'connections': {'items': " what "}}}"
/* One that takes the type of `defaults`: an archive does not. */
#define UNTYPED                                                                                    \
	"{'not': {'anyOf': [{'required': ['type']}, "                                              \
	"{'required': ['archive'], 'properties': {'archive': {'const': true}}}]}}"

static const char *const manifest_rules[] = {
	"{'if': {'not': " DEFAULTS("{'required': ['database']}") "}, 'then': " EACH(
	        "{'required': ['database']}") "}",
	"{'if': {'not': " DEFAULTS(NEEDS_LINKED("domainController")) "}, 'then': " EACH(
	        "{'if': " WITH_TYPE(LINKED) ", 'then': " NEEDS_LINKED("domainController") "}") "}",
	"{'if': " DEFAULTS(WITH_TYPE(LINKED)) ", 'then': " EACH(
	        "{'if': " UNTYPED ", 'then': " NEEDS_LINKED("masterAccount") "}") "}",
	"{'if': {'allOf': [" DEFAULTS(WITH_TYPE(LINKED)) ", {'not': " DEFAULTS(NEEDS_LINKED(
	        "domainController")) "}]}, 'then': " EACH("{'if': " UNTYPED
	                                                  ", 'then': " NEEDS_LINKED(
	                                                          "domainController") "}") "}",
	"{'if': {'not': " DEFAULTS(WITH_TYPE(LINKED)) "}, 'then': " EACH(
	        "{'if': " UNTYPED ", 'then': " NO_LINKED "}") "}",
	"{'if': " DEFAULTS(WITH_TYPE("{'not': {'const': 'user'}}")) ", 'then': " EACH(
	        "{'if': " UNTYPED ", 'then': " NO_ADDRESS_BOOK "}") "}",
	NULL
};
const struct shape manifest_shape = { .what = "a manifest",
	                              .fields = manifest_fields,
	                              .size = sizeof(struct manifest_head),
	                              .rules = manifest_rules };
