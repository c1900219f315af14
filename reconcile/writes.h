/*
 * writes -- the attributes of a user that mbxctl ever writes, and what each is needed for.
 *
 * Nothing else is ever written: change_to() asserts it. So this is what an account has to be
 * allowed, no more and no less; docs/delegation.md and `mbxctl doctor` say it from here.
 */
#pragma once

#include <stdbool.h>

#include "reconcile/attributes.h"

/* What cannot be done where one of its attributes cannot be written. */
enum write_use {
	USE_CONNECT,
	USE_PRIMARY_GIVEN,
	USE_ASSOCIATED,
	USE_RESOURCE,
	USE_ARCHIVE,
	USE_ARCHIVE_AGAIN,
	USE_MOBILE_POLICY,
	USE_TEMPLATE_POLICY,
	USE_ADDRESS_BOOK_POLICY,
	WRITE_USES
};
extern const char *const write_use_texts[WRITE_USES]; /* "a connect", "an archive": as an object */

struct write_def {
	enum attribute id;
	enum write_use use;
	bool optional; /* a connect leaves it out where the schema lacks it */
};
/* In the order in which a plan lists them; ended by ATTR_COUNT. */
extern const struct write_def writes[];

bool attribute_written(enum attribute id);

/*
 * The classes of the configuration's objects that are asked for, whatever is planned. One that is
 * `exchange` comes with the mail organisation: where the schema lacks it, none was prepared.
 */
struct class_def {
	const char *name; /* its lDAPDisplayName */
	const char *what; /* "mailbox databases" */
	bool exchange;
};
enum config_class {
	CLASS_POLICIES,
	CLASS_LISTS,
	CLASS_SCHEMA,
	CLASS_DATABASES,
	CLASS_SERVERS,
	CLASS_ADMIN_GROUPS,
	CLASS_DOMAINS,
	CLASS_ROLE_POLICIES,
	CLASS_MOBILE_POLICIES,
	CLASS_TEMPLATES,
	CLASS_ADDRESS_BOOK_POLICIES,
	CLASS_CROSS_REFS,
	CONFIG_CLASSES
};
extern const struct class_def config_classes[CONFIG_CLASSES];
