/*
 * keys -- which form a text has by which a user, mailbox, database or policy is named.
 *
 * The forms of a user are those of Connect-Mailbox's -User: UPN, DOMAIN\sAMAccountName, DN,
 * canonical name, GUID, name. A text that is a GUID or a DN is only that; any other is asked in
 * every form that it fits. A DN has two components at least: `A=B` is a name.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/guid.h"

struct user_key {
	bool is_guid;
	struct guid guid;
	bool is_dn;
	const char *domain,
	        *sam; /* DOMAIN\sam: exactly one backslash, both sides not empty; else NULL */
	bool is_upn;  /* has an @ with text on both sides */
	const char *upn_left, *upn_right;
	const char *
	        canonical_name; /* the last component of a canonical name, `\/` undone; else NULL */
};
void user_key_parse(struct arena *a, const char *text, struct user_key *ret);

/* A mailbox identity: legacyExchangeDN (starts with /o=, any case), GUID, else display name. */
enum mailbox_key { MAILBOX_BY_NAME, MAILBOX_BY_GUID, MAILBOX_BY_LEGACY_DN };
enum mailbox_key mailbox_key_parse(const char *text, struct guid *ret_guid);

/* A database or policy: GUID, DN, else name. */
enum object_key { OBJECT_BY_NAME, OBJECT_BY_GUID, OBJECT_BY_DN };
enum object_key object_key_parse(const char *text, struct guid *ret_guid);
