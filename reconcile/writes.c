#include "reconcile/writes.h"

const char *const write_use_texts[WRITE_USES] = {
	[USE_CONNECT] = "a connect",
	[USE_PRIMARY_GIVEN] = "a primary address that a manifest gives",
	[USE_ASSOCIATED] = "a room, equipment, shared or linked mailbox",
	[USE_RESOURCE] = "a room or equipment mailbox",
	[USE_ARCHIVE] = "an archive",
	[USE_ARCHIVE_AGAIN] = "an archive that the user had before",
	[USE_MOBILE_POLICY] = "a mobile mailbox policy",
	[USE_TEMPLATE_POLICY] = "a retention or managed folder policy",
	[USE_ADDRESS_BOOK_POLICY] = "an address book policy",
};

const struct write_def writes[] = {
	{ ATTR_MAILBOX_GUID, USE_CONNECT, false },
	{ ATTR_HOME_MDB, USE_CONNECT, false },
	{ ATTR_HOME_SERVER_NAME, USE_CONNECT, false },
	{ ATTR_MAIL_NICKNAME, USE_CONNECT, false },
	{ ATTR_LEGACY_EXCHANGE_DN, USE_CONNECT, false },
	{ ATTR_RECIPIENT_TYPE_DETAILS, USE_CONNECT, false },
	{ ATTR_RECIPIENT_DISPLAY_TYPE, USE_CONNECT, false },
	{ ATTR_EXCH_USER_ACCOUNT_CONTROL, USE_CONNECT, false },
	{ ATTR_MASTER_ACCOUNT_SID, USE_ASSOCIATED, false },
	{ ATTR_SECURITY_DESCRIPTOR, USE_CONNECT, false },
	{ ATTR_RESOURCE_META_DATA, USE_RESOURCE, false },
	{ ATTR_RESOURCE_SEARCH_PROPERTIES, USE_RESOURCE, false },
	{ ATTR_RESOURCE_DISPLAY, USE_RESOURCE, false },
	{ ATTR_EXCH_VERSION, USE_CONNECT, false },
	{ ATTR_MOBILE_POLICY_LINK, USE_MOBILE_POLICY, false },
	{ ATTR_TEMPLATE_LINK, USE_TEMPLATE_POLICY, false },
	{ ATTR_ADDRESS_BOOK_POLICY_LINK, USE_ADDRESS_BOOK_POLICY, false },
	{ ATTR_MDB_USE_DEFAULTS, USE_CONNECT, true },
	{ ATTR_ELC_FLAGS, USE_CONNECT, true },
	{ ATTR_RBAC_POLICY_LINK, USE_CONNECT, true },
	{ ATTR_ARCHIVE_QUOTA, USE_CONNECT, true },
	{ ATTR_ARCHIVE_WARN_QUOTA, USE_CONNECT, true },
	{ ATTR_DUMPSTER_QUOTA, USE_CONNECT, true },
	{ ATTR_DUMPSTER_WARNING_QUOTA, USE_CONNECT, true },
	{ ATTR_CALENDAR_LOGGING_QUOTA, USE_CONNECT, true },
	{ ATTR_WHEN_MAILBOX_CREATED, USE_CONNECT, true },
	{ ATTR_POLICIES_INCLUDED, USE_CONNECT, false },
	{ ATTR_POLICIES_EXCLUDED, USE_PRIMARY_GIVEN, false },
	{ ATTR_PROXY_ADDRESSES, USE_CONNECT, false },
	{ ATTR_MAIL, USE_CONNECT, false },
	{ ATTR_SHOW_IN_ADDRESS_BOOK, USE_CONNECT, false },
	{ ATTR_ARCHIVE_GUID, USE_ARCHIVE, false },
	{ ATTR_ARCHIVE_DATABASE_LINK, USE_ARCHIVE, false },
	{ ATTR_ARCHIVE_NAME, USE_ARCHIVE, false },
	{ ATTR_DISABLED_ARCHIVE_GUID, USE_ARCHIVE_AGAIN, false },
	{ ATTR_DISABLED_ARCHIVE_LINK, USE_ARCHIVE_AGAIN, false },
	{ ATTR_COUNT, USE_CONNECT, false },
};

bool attribute_written(enum attribute id) {
	for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++)
		if (w->id == id)
			return true;
	return false;
}

const struct class_def config_classes[CONFIG_CLASSES] = {
	[CLASS_POLICIES] = { "msExchRecipientPolicy", "email address policies", true },
	[CLASS_LISTS] = { "addressBookContainer", "address lists", false },
	[CLASS_SCHEMA] = { "attributeSchema", "attributes of the schema", false },
	[CLASS_DATABASES] = { "msExchPrivateMDB", "mailbox databases", true },
	[CLASS_SERVERS] = { "msExchExchangeServer", "servers", true },
	[CLASS_ADMIN_GROUPS] = { "msExchAdminGroup", "administrative groups", true },
	[CLASS_DOMAINS] = { "msExchAcceptedDomain", "accepted domains", true },
	[CLASS_ROLE_POLICIES] = { "msExchRBACPolicy", "role assignment policies", true },
	[CLASS_MOBILE_POLICIES] = { "msExchMobileMailboxPolicy", "mobile mailbox policies", true },
	[CLASS_TEMPLATES] = { "msExchMailboxRecipientTemplate",
	                      "retention and managed folder policies", true },
	[CLASS_ADDRESS_BOOK_POLICIES] = { "msExchAddressBookMailboxPolicy", "address book policies",
	                                  true },
	[CLASS_CROSS_REFS] = { "crossRef", "domains of the forest", false },
};
