#include "spec/other_names.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *words; /* apart by blanks */
	const char *advice;
} names[] = {
	{ "identity displayName mailboxName mailboxGuid exchangeGuid", "write mailbox" },
	{ "mailboxDatabase db", "write database" },
	{ "upn userPrincipalName sAMAccountName owner account", "write user" },
	{ "retentionPolicy", "write policies: {retention: ...}" },
	{ "activeSyncPolicy activeSyncMailboxPolicy mobilePolicy",
	  "write policies: {activeSync: ...}" },
	{ "managedFolderPolicy managedFolderMailboxPolicy",
	  "write policies: {managedFolder: ...}" },
	{ "addressBookPolicy", "write policies: {addressBook: ...}" },
	{ "linkedMasterAccount", "write linked: {masterAccount: ...}" },
	{ "linkedDomainController", "write linked: {domainController: ...}" },
	{ "linkedCredential", "write linked: {credential: ...}" },
	{ "recipientType recipientTypeDetails mailboxType", "write type" },
	{ "room equipment shared", "write it as the type, such as type: room" },
	{ "email emails emailAddress emailAddresses mail proxyAddresses address primary "
	  "primarySmtpAddress primaryAddress",
	  "write addresses: [SMTP:...]" },
	{ "mailNickname nickname", "write alias" },
	{ "archiveMailbox isArchive", "write archive: true" },
	{ "force consent consents allowLegacyDNMismatch", "write allow: [...]" },
	{ "suspended paused disabled skip", "write suspend: true" },
	{ "comment comments description note notes", "write a comment, which begins with #" },
};

const char *other_name(const char *key) {
	size_t len = strlen(key);

	for (size_t i = 0; len > 0 && i < sizeof(names) / sizeof(*names); i++)
		for (const char *p = names[i].words; *p; p += strspn(p, " ")) {
			size_t of_this = strcspn(p, " ");
			if (of_this == len && strncasecmp(p, key, len) == 0)
				return names[i].advice;
			p += of_this;
		}
	return NULL;
}
