/*
 * attributes -- the directory attributes that mbxctl reads or writes, one row each.
 *
 * The table says how a value is compared and shown; which type of mailbox carries which value is
 * said by the rules. Back-ends fill entries with these and nothing else. Sources: directory.md's
 * list is taken from the Exchange schema; the syntaxes are those of MS-ADTS 3.1.1.2.2.2.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum syntax {
	SYNTAX_TEXT,    /* case is ignored */
	SYNTAX_DN,      /* compared normalised */
	SYNTAX_INTEGER, /* 32 or 64 bits, decimal */
	SYNTAX_BOOLEAN, /* TRUE or FALSE */
	SYNTAX_GUID,    /* 16 bytes, shown as 8-4-4-4-12 */
	SYNTAX_SID,     /* shown as S-1-... */
	SYNTAX_OCTETS   /* shown as base64 */
};

/* X(identifier, name in the schema, syntax, single-valued) */
#define ATTRIBUTES(X)                                                                              \
	X(CN, "cn", TEXT, true)                                                                    \
	X(NAME, "name", TEXT, true)                                                                \
	X(DISPLAY_NAME, "displayName", TEXT, true)                                                 \
	X(USER_PRINCIPAL_NAME, "userPrincipalName", TEXT, true)                                    \
	X(SAM_ACCOUNT_NAME, "sAMAccountName", TEXT, true)                                          \
	X(USER_ACCOUNT_CONTROL, "userAccountControl", INTEGER, true)                               \
	X(PWD_ACCOUNT_LOCKED_TIME, "pwdAccountLockedTime", TEXT, true)                             \
	X(OBJECT_SID, "objectSid", SID, true)                                                      \
	X(SID_HISTORY, "sIDHistory", SID, false)                                                   \
	X(MAIL, "mail", TEXT, true)                                                                \
	X(MAIL_NICKNAME, "mailNickname", TEXT, true)                                               \
	X(PROXY_ADDRESSES, "proxyAddresses", TEXT, false)                                          \
	X(LEGACY_EXCHANGE_DN, "legacyExchangeDN", TEXT, true)                                      \
	X(TARGET_ADDRESS, "targetAddress", TEXT, true)                                             \
	X(HOME_MDB, "homeMDB", DN, true)                                                           \
	X(HOME_SERVER_NAME, "msExchHomeServerName", TEXT, true)                                    \
	X(MAILBOX_GUID, "msExchMailboxGuid", GUID, true)                                           \
	X(ARCHIVE_GUID, "msExchArchiveGUID", GUID, true)                                           \
	X(ARCHIVE_DATABASE_LINK, "msExchArchiveDatabaseLink", DN, true)                            \
	X(ARCHIVE_NAME, "msExchArchiveName", TEXT, false)                                          \
	X(DISABLED_ARCHIVE_GUID, "msExchDisabledArchiveGUID", GUID, true)                          \
	X(DISABLED_ARCHIVE_LINK, "msExchDisabledArchiveDatabaseLink", DN, true)                    \
	X(RECIPIENT_TYPE_DETAILS, "msExchRecipientTypeDetails", INTEGER, true)                     \
	X(RECIPIENT_DISPLAY_TYPE, "msExchRecipientDisplayType", INTEGER, true)                     \
	X(REMOTE_RECIPIENT_TYPE, "msExchRemoteRecipientType", INTEGER, true)                       \
	X(EXCH_USER_ACCOUNT_CONTROL, "msExchUserAccountControl", INTEGER, true)                    \
	X(MASTER_ACCOUNT_SID, "msExchMasterAccountSid", SID, true)                                 \
	X(EXCH_VERSION, "msExchVersion", INTEGER, true)                                            \
	X(MOBILE_POLICY_LINK, "msExchMobileMailboxPolicyLink", DN, true)                           \
	X(TEMPLATE_LINK, "msExchMailboxTemplateLink", DN, true)                                    \
	X(ADDRESS_BOOK_POLICY_LINK, "msExchAddressBookPolicyLink", DN, true)                       \
	X(ELC_FLAGS, "msExchELCMailboxFlags", INTEGER, true)                                       \
	X(HIDE_FROM_ADDRESS_LISTS, "msExchHideFromAddressLists", BOOLEAN, true)                    \
	X(ALT_RECIPIENT, "altRecipient", DN, true)                                                 \
	X(GENERIC_FORWARDING, "msExchGenericForwardingAddress", TEXT, true)                        \
	X(PUBLIC_DELEGATES, "publicDelegates", DN, false)                                          \
	X(POLICIES_INCLUDED, "msExchPoliciesIncluded", TEXT, false)                                \
	X(POLICIES_EXCLUDED, "msExchPoliciesExcluded", TEXT, false)                                \
	X(OWNING_SERVER, "msExchOwningServer", DN, true)                                           \
	X(ACCEPTED_DOMAIN_NAME, "msExchAcceptedDomainName", TEXT, true)                            \
	X(NETBIOS_NAME, "nETBIOSName", TEXT, true)                                                 \
	X(DNS_ROOT, "dnsRoot", TEXT, false)                                                        \
	X(NC_NAME, "nCName", DN, true)                                                             \
	X(SYSTEM_FLAGS, "systemFlags", INTEGER, true)                                              \
	X(LDAP_DISPLAY_NAME, "lDAPDisplayName", TEXT, true)                                        \
	X(ATTRIBUTE_SYNTAX, "attributeSyntax", TEXT, true)                                         \
	X(GIVEN_NAME, "givenName", TEXT, true)                                                     \
	X(INITIALS, "initials", TEXT, true)                                                        \
	X(SN, "sn", TEXT, true)                                                                    \
	X(SHOW_IN_ADDRESS_BOOK, "showInAddressBook", DN, false)                                    \
	X(SECURITY_DESCRIPTOR, "msExchMailboxSecurityDescriptor", OCTETS, true)                    \
	X(RESOURCE_META_DATA, "msExchResourceMetaData", TEXT, false)                               \
	X(RESOURCE_SEARCH_PROPERTIES, "msExchResourceSearchProperties", TEXT, false)               \
	X(RESOURCE_DISPLAY, "msExchResourceDisplay", TEXT, true)                                   \
	X(MDB_USE_DEFAULTS, "mDBUseDefaults", BOOLEAN, true)                                       \
	X(RBAC_POLICY_LINK, "msExchRBACPolicyLink", DN, true)                                      \
	X(ARCHIVE_QUOTA, "msExchArchiveQuota", INTEGER, true)                                      \
	X(ARCHIVE_WARN_QUOTA, "msExchArchiveWarnQuota", INTEGER, true)                             \
	X(DUMPSTER_QUOTA, "msExchDumpsterQuota", INTEGER, true)                                    \
	X(DUMPSTER_WARNING_QUOTA, "msExchDumpsterWarningQuota", INTEGER, true)                     \
	X(CALENDAR_LOGGING_QUOTA, "msExchCalendarLoggingQuota", INTEGER, true)                     \
	X(WHEN_MAILBOX_CREATED, "msExchWhenMailboxCreated", TEXT, true)                            \
	X(PURPORTED_SEARCH, "purportedSearch", TEXT, true)                                         \
	X(GATEWAY_PROXY, "gatewayProxy", TEXT, false)                                              \
	X(POLICY_ORDER, "msExchPolicyOrder", INTEGER, true)                                        \
	X(POLICY_OPTION_LIST, "msExchPolicyOptionList", GUID, false)

enum attribute {
#define X(id, name, syntax, single) ATTR_##id,
	ATTRIBUTES(X)
#undef X
	        ATTR_COUNT
};

struct attribute_def {
	const char *name;
	enum syntax syntax;
	bool single;
};
extern const struct attribute_def attributes[ATTR_COUNT];

/* By name, case ignored, an option such as ;binary or ;range= cut off; -1: none of ours. */
int attribute_find(const char *name, size_t len);

struct value {
	const char *data; /* ended by a NUL that is not counted; may hold others */
	size_t len;
};

/* How the value is shown to people and in JSON. */
/* Is it shown as it stands? */
bool value_is_text(enum attribute id);
char *value_text(struct arena *a, enum attribute id, struct value v);

/* The value that value_text() shows so; false where the text is none of this attribute. */
bool value_parse(struct arena *a, enum attribute id, const char *text, struct value *ret);

/* By the attribute's matching rule. */
bool value_equal(enum attribute id, struct value x, struct value y);

/* The same set, whatever the order? */
bool values_equal(enum attribute id, const struct value *x, size_t nx, const struct value *y,
                  size_t ny);

/* What equal values have in common, for hash tables and for an order that is always the same. */
char *value_key(struct arena *a, enum attribute id, struct value v);
