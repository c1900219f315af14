#include "spec/connection.h"

const char *const recipient_type_names[] = { "",          "user",   "linked", "room",
	                                     "equipment", "shared", NULL };

const char *const policy_names[] = { "activeSync", "retention", "addressBook", "managedFolder",
	                             NULL };

const char *const consent_names[] = { "storeLags",      "leftovers",       "replaceMail",
	                              "enabledAccount", "disabledAccount", "legacyDNMismatch",
	                              "matchByName",    "adopt",           "reconnect",
	                              "typeChange",     "relink",          NULL };
