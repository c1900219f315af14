#include "base/dn.h"
#include "spec/address.h"
#include "spec/config.h"
#include "spec/config_rules.h"
#include "spec/fields.h"
#include "spec/window.h"

#define AT(member) .offset = offsetof(struct config, member)

/* Regular expressions of JSON Schema; schemes are read in small and large letters. */
#define URI_PATTERN                                                                                \
	"^([Ll][Dd][Aa][Pp][Ss]?://[^/?#]+/?|[Ll][Dd][Aa][Pp][Ii]://.*|[Ll][Dd][Ii][Ff]:.+)$"
#define DN_PATTERN "^[^=]+=.+$"

static const char *const bind_methods[] = { "", "simple", "gssapi", "external", "anonymous", NULL };
static const char *const tls_modes[] = { "", "ldaps", "starttls", "none", NULL };
static const char *const agent_modes[] = { "observe", "enforce", NULL };

static const char *dn_fault(struct arena *a, const char *text) {
	return dn_normal(a, text) ? NULL : "is no DN: write one such as DC=contoso,DC=com";
}

/* The fields of `bind`, also those of a credential. */
#define BIND_FIELDS(type, member, method_rules)                                                    \
	{ .key = "method",                                                                         \
	  .kind = FIELD_CHOICE,                                                                    \
	  .rules = (method_rules),                                                                 \
	  .offset = offsetof(type, member method),                                                 \
	  .names = bind_methods,                                                                   \
	  .help = "how to bind: simple, gssapi, external or anonymous" },                          \
	        { .key = "dn",                                                                     \
		  .offset = offsetof(type, member dn),                                             \
		  .help = "simple: who binds; to Active Directory also by UPN or DOMAIN\\name" },  \
	        { .key = "passwordFile",                                                           \
		  .offset = offsetof(type, member password_file),                                  \
		  .help = "simple: the file that holds the password" },                            \
	        { .key = "keytab",                                                                 \
		  .offset = offsetof(type, member keytab),                                         \
		  .help = "gssapi: the keytab" },                                                  \
	        { .key = "ccache",                                                                 \
		  .offset = offsetof(type, member ccache),                                         \
		  .help = "gssapi: the credential cache, a file; without it and a keytab: as "     \
		          "kinit leaves it" },                                                     \
	{                                                                                          \
		.key = "principal", .offset = offsetof(type, member principal),                    \
		.help = "gssapi: the Kerberos principal; default: the keytab's first, the cache's" \
	}

/* What goes with which method. */
#define WITH_METHOD(method) "{'required': ['method'], 'properties': {'method': " method "}}"

/* clang-format off */
#define BIND_RULES \
	"{'if': " WITH_METHOD("{'const': 'simple'}") ", " \
	"'then': {'required': ['dn', 'passwordFile']}}", \
	"{'if': " WITH_METHOD("{'not': {'const': 'simple'}}") ", " \
	"'then': {'properties': {'dn': false, 'passwordFile': false}}}", \
	"{'if': " WITH_METHOD("{'not': {'const': 'gssapi'}}") ", " \
	"'then': {'properties': {'keytab': false, 'ccache': false, 'principal': false}}}", \
	"{'not': {'required': ['keytab', 'ccache']}}"
/* clang-format on */
static const char *const bind_rules[] = { BIND_RULES, NULL };

static const struct field bind_fields[] = { BIND_FIELDS(struct bind_config, , FIELD_REQUIRED),
	                                    { 0 } };
static const struct shape bind_shape = {
	.what = "bind", .fields = bind_fields, .check = config_check_bind, .rules = bind_rules
};

static const struct field tls_fields[] = {
	{ .key = "mode",
	  .kind = FIELD_CHOICE,
	  .offset = offsetof(struct tls_config, mode),
	  .names = tls_modes,
	  .help = "ldaps, starttls, or none" },
	{ .key = "caFile",
	  .offset = offsetof(struct tls_config, ca_file),
	  .help = "the certificates that vouch for the server's" },
	{ .key = "certFile",
	  .offset = offsetof(struct tls_config, cert_file),
	  .help = "our own certificate" },
	{ .key = "keyFile",
	  .offset = offsetof(struct tls_config, key_file),
	  .help = "the key of our own certificate" },
	{ 0 },
};
static const char *const tls_rules[] = {
	"{'dependentRequired': {'certFile': ['keyFile'], 'keyFile': ['certFile']}}", NULL
};
static const struct shape tls_shape = {
	.what = "tls", .fields = tls_fields, .check = config_check_tls, .rules = tls_rules
};

static const struct field directory_fields[] = {
	{ .key = "uri",
	  .kind = FIELD_TEXTS,
	  .rules = FIELD_ONE_OR_MANY | FIELD_FILLED | FIELD_NO_NUMBER,
	  AT(directory.uris),
	  .fault = config_uri_fault,
	  .pattern = URI_PATTERN,
	  .code = "uri-invalid",
	  .help = "ldap://, ldaps://, ldapi:// or ldif:; a list is tried in order" },
	{ .key = "base",
	  AT(directory.base),
	  .rules = FIELD_NO_NUMBER,
	  .fault = dn_fault,
	  .pattern = DN_PATTERN,
	  .code = "dn-invalid",
	  .help = "where the directory begins; default: what its root DSE says" },
	{ .key = "configuration",
	  AT(directory.configuration),
	  .rules = FIELD_NO_NUMBER,
	  .fault = dn_fault,
	  .pattern = DN_PATTERN,
	  .code = "dn-invalid",
	  .help = "the configuration naming context; default likewise" },
	{ .key = "globalCatalog",
	  .rules = FIELD_NO_NUMBER,
	  AT(directory.global_catalog),
	  .fault = config_uri_fault,
	  .pattern = URI_PATTERN,
	  .code = "uri-invalid",
	  .help = "the global catalogue of a forest of several domains" },
	{ .key = "bind",
	  .kind = FIELD_MAP,
	  AT(directory.bind),
	  .shape = &bind_shape,
	  .help = "who we are to the directory" },
	{ .key = "tls",
	  .kind = FIELD_MAP,
	  AT(directory.tls),
	  .shape = &tls_shape,
	  .help = "how the connection is encrypted" },
	{ .key = "timeout",
	  .kind = FIELD_DURATION,
	  AT(directory.timeout),
	  .min = 1,
	  .help = "of each request, connecting and binding too; default 10s" },
	{ 0 },
};
/* What a URI begins with, where a list has one that does. */
#define URI_BEGINS(pattern)                                                                        \
	"{'anyOf': [{'properties': {'uri': {'type': 'string', 'pattern': '" pattern                \
	"'}}}, {'properties': {'uri': {'type': 'array', 'contains': {'pattern': '" pattern         \
	"'}}}}], 'required': ['uri']}"
#define LDAP_PLAIN "^[Ll][Dd][Aa][Pp]://"
#define LDAP_TLS   "^[Ll][Dd][Aa][Pp][Ss]://"
#define NO_MODE(names)                                                                             \
	"{'properties': {'tls': {'properties': {'mode': {'not': {'enum': [" names "]}}}}}}"

static const char *const directory_rules[] = {
	"{'if': " URI_BEGINS(LDAP_TLS) ", 'then': " NO_MODE("'starttls', 'none'") "}",
	"{'if': " URI_BEGINS(LDAP_PLAIN) ", 'then': " NO_MODE("'ldaps'") "}",
	"{'if': {'allOf': [" URI_BEGINS(
	        LDAP_PLAIN) ", {'required': ['bind'], "
	                    "'properties': {'bind': " WITH_METHOD(
	                            "{'const': 'simple'}") "}}]}, "
	                                                   "'then': {'required': ['tls'], "
	                                                   "'properties': {'tls': {'required': "
	                                                   "['mode']}}}}",
	NULL
};
static const struct shape directory_shape = { .what = "directory",
	                                      .fields = directory_fields,
	                                      .check = config_check_directory,
	                                      .rules = directory_rules };

static const struct field credential_fields[] = {
	BIND_FIELDS(struct credential, bind., 0),
	{ .key = "tls",
	  .kind = FIELD_MAP,
	  .offset = offsetof(struct credential, tls),
	  .shape = &tls_shape,
	  .help = "how the connection is encrypted" },
	{ .key = "base",
	  .offset = offsetof(struct credential, base),
	  .rules = FIELD_NO_NUMBER,
	  .fault = dn_fault,
	  .pattern = DN_PATTERN,
	  .code = "dn-invalid",
	  .help = "where the account forest's directory begins" },
	{ .key = "uri",
	  .rules = FIELD_NO_NUMBER,
	  .offset = offsetof(struct credential, uri),
	  .fault = config_uri_fault,
	  .pattern = URI_PATTERN,
	  .code = "uri-invalid",
	  .help = "the only server that this credential goes to; absent: whichever a manifest "
	          "names" },
	{ 0 },
};
/* Who reads a file needs not bind. */
static const char *const credential_rules[] = {
	BIND_RULES,
	"{'if': {'required': ['uri'], 'properties': {'uri': {'pattern': '^[Ll][Dd][Ii][Ff]:'}}}, "
	"'else': {'required': ['method']}}",
	NULL
};
static const struct shape credential_shape = { .what = "a credential",
	                                       .fields = credential_fields,
	                                       .size = sizeof(struct credential),
	                                       .check = config_check_credential,
	                                       .rules = credential_rules };

static const struct field exchange_fields[] = {
	{ .key = "version",
	  .kind = FIELD_INTEGER,
	  AT(exchange.version),
	  .min = 1,
	  .max = INT64_MAX,
	  .help = "msExchVersion of what is connected; default 88218628259840" },
	{ .key = "sharedDisplayType",
	  .kind = FIELD_INTEGER,
	  .rules = FIELD_MARKED,
	  AT(exchange.shared_display_type),
	  .min = INT32_MIN,
	  .max = INT32_MAX,
	  .beside = offsetof(struct config, exchange.has_shared_display_type),
	  .help = "msExchRecipientDisplayType of shared mailboxes" },
	{ 0 },
};
static const struct shape exchange_shape = { .what = "exchange", .fields = exchange_fields };

static const struct field limit_fields[] = {
	{ .key = "changes",
	  .kind = FIELD_INTEGER,
	  AT(limits.changes),
	  .max = 1000000000,
	  .help = "connections that one run may write; default 100" },
	{ .key = "changesPercent",
	  .kind = FIELD_INTEGER,
	  AT(limits.changes_percent),
	  .max = 100,
	  .help = "the share of the applied connections that one run may change; default 25" },
	{ 0 },
};
static const struct shape limits_shape = { .what = "limits", .fields = limit_fields };

#define DAY                                                                                        \
	"([Mm][Oo][Nn]|[Tt][Uu][Ee]|[Ww][Ee][Dd]|[Tt][Hh][Uu]|[Ff][Rr][Ii]|[Ss][Aa][Tt]|[Ss][Uu][" \
	"Nn])"
#define DAY_RANGE DAY "(-" DAY ")?"
#define DATE      "[0-9]{4}-[0-9]{2}-[0-9]{2}"
#define WINDOW_PATTERN                                                                             \
	"^((" DATE "|" DAY_RANGE "(," DAY_RANGE ")*) +)?([01][0-9]|2[0-3]):[0-5][0-9]$"

static const struct field window_fields[] = {
	{ .key = "allow",
	  .rules = FIELD_NO_NUMBER,
	  .offset = offsetof(struct window, when),
	  .fault = window_fault,
	  .code = "window-invalid",
	  .pattern = WINDOW_PATTERN,
	  .help = "when the window opens, such as Mon-Fri 22:00" },
	{ .key = "deny",
	  .rules = FIELD_MARKED | FIELD_NO_NUMBER,
	  .offset = offsetof(struct window, when),
	  .beside = offsetof(struct window, deny),
	  .fault = window_fault,
	  .code = "window-invalid",
	  .pattern = WINDOW_PATTERN,
	  .help = "the same for a time without changes" },
	{ .key = "for",
	  .kind = FIELD_DURATION,
	  .rules = FIELD_REQUIRED,
	  .offset = offsetof(struct window, seconds),
	  .min = 1,
	  .help = "how long, such as 6h" },
	{ 0 },
};
static const char *const window_rules[] = {
	"{'oneOf': [{'required': ['allow']}, {'required': ['deny']}]}", NULL
};
static const struct shape window_shape = { .what = "a window",
	                                   .fields = window_fields,
	                                   .size = sizeof(struct window),
	                                   .check = config_check_window,
	                                   .rules = window_rules };

static const struct field agent_fields[] = {
	{ .key = "mode",
	  .kind = FIELD_SWITCH,
	  AT(agent.enforce),
	  .names = agent_modes,
	  .help = "observe: plan alone; enforce: carry out too; default observe" },
	{ .key = "interval",
	  .kind = FIELD_DURATION,
	  AT(agent.interval),
	  .min = 1,
	  .help = "between two passes; default 5m" },
	{ .key = "jitter",
	  .kind = FIELD_PERCENT,
	  AT(agent.jitter_percent),
	  .help = "by how much the interval varies; default 10%" },
	{ .key = "control", AT(agent.control), .help = "the control socket" },
	{ .key = "listen",
	  AT(agent.listen),
	  .rules = FIELD_NO_NUMBER,
	  .fault = config_listen_fault,
	  .pattern = "^(\\[[0-9A-Fa-f:.]+\\]|[^\\[\\]:/?]+):0*[1-9][0-9]{0,4}$",
	  .code = "listen-invalid",
	  .help = "address and port of /metrics, /healthz and /readyz" },
	{ .key = "windows",
	  .kind = FIELD_MAPS,
	  AT(agent.windows),
	  .beside = offsetof(struct config, agent.n_windows),
	  .shape = &window_shape,
	  .help = "when the agent may write; deny wins" },
	{ 0 },
};
static const struct shape agent_shape = { .what = "agent", .fields = agent_fields };

static const char *const api_versions[] = { "mbxctl/v1", NULL };
static const char *const kinds[] = { "Config", NULL };

static const struct field config_fields[] = {
	{ .key = "apiVersion",
	  .kind = FIELD_CHOICE,
	  .rules = FIELD_BY_HAND | FIELD_HEAD,
	  .names = api_versions,
	  .help = "the version of this format" },
	{ .key = "kind",
	  .kind = FIELD_CHOICE,
	  .rules = FIELD_BY_HAND | FIELD_HEAD,
	  .names = kinds,
	  .help = "what the document is: a config" },
	{ .key = "manifests",
	  .kind = FIELD_TEXTS,
	  .rules = FIELD_FILLED,
	  AT(manifests),
	  .noun = "path",
	  .help = "files and folders of manifests" },
	{ .key = "store",
	  AT(store),
	  .rules = FIELD_NO_NUMBER,
	  .fault = config_store_fault,
	  .pattern = "^[Ss][Qq][Ll][Ii][Tt][Ee]:.+$",
	  .code = "uri-invalid",
	  .help = "the inventory: sqlite:FILE" },
	{ .key = "directory",
	  .kind = FIELD_MAP,
	  .shape = &directory_shape,
	  .help = "where the users are" },
	{ .key = "credentials",
	  .kind = FIELD_NAMED_MAPS,
	  AT(credentials),
	  .beside = offsetof(struct config, n_credentials),
	  .shape = &credential_shape,
	  .help = "for account forests, by name" },
	{ .key = "primaryDomain",
	  AT(primary_domain),
	  .fault = domain_fault,
	  .pattern = "^" DOMAIN_PATTERN "$",
	  .longest = 253,
	  .code = "domain-invalid",
	  .help = "right side of a primary address where no email address policy applies" },
	{ .key = "exchange",
	  .kind = FIELD_MAP,
	  .shape = &exchange_shape,
	  .help = "what this Exchange organisation writes" },
	{ .key = "limits",
	  .kind = FIELD_MAP,
	  .shape = &limits_shape,
	  .help = "how much one run may write" },
	{ .key = "agent", .kind = FIELD_MAP, .shape = &agent_shape, .help = "the agent" },
	{ 0 },
};
const struct shape config_shape = { .what = "a config",
	                            .fields = config_fields,
	                            .size = sizeof(struct config) };
