/*
 * connection -- one wish: this mailbox shall belong to this user.
 *
 * Plain data, filled by the decoder and never changed afterwards. What stands
 * in `defaults` has been merged in already. Knows no directory and no store:
 * whether the mailbox or the user exists is not asked here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "spec/source.h"

/* The five kinds of mailbox that Connect-Mailbox makes; NONE: the manifest does not say. */
enum recipient_type { TYPE_NONE, TYPE_USER, TYPE_LINKED, TYPE_ROOM, TYPE_EQUIPMENT, TYPE_SHARED };
extern const char *const recipient_type_names[]; /* by enum, "" for NONE; NULL-ended */

enum policy_kind {
	POLICY_ACTIVE_SYNC,
	POLICY_RETENTION,
	POLICY_ADDRESS_BOOK,
	POLICY_MANAGED_FOLDER,
	POLICY_KINDS
};
extern const char *const policy_names[]; /* the manifest's keys: "activeSync" ...; NULL-ended */

/* A field left out is not managed; `null` clears it. */
enum wish { UNMANAGED, CLEAR, SET };
struct policy_wish {
	const char *text; /* with SET: name, DN or GUID */
	enum wish how;
	bool defaulted; /* comes from `defaults`, not from the connection itself */
};

/* What a person may agree to, one bit each; the names are those of `allow`. */
enum consent {
	CONSENT_STORE_LAGS = 1 << 0,
	CONSENT_LEFTOVERS = 1 << 1,
	CONSENT_REPLACE_MAIL = 1 << 2,
	CONSENT_ENABLED_ACCOUNT = 1 << 3,
	CONSENT_DISABLED_ACCOUNT = 1 << 4,
	CONSENT_LEGACY_DN_MISMATCH = 1 << 5,
	CONSENT_MATCH_BY_NAME = 1 << 6,
	CONSENT_ADOPT = 1 << 7,
	CONSENT_RECONNECT = 1 << 8,
	CONSENT_TYPE_CHANGE = 1 << 9,
	CONSENT_RELINK = 1 << 10,
};
extern const char *const consent_names[]; /* by bit number: "storeLags" ...; NULL-ended */

struct connection {
	const char *manifest; /* metadata.name, else the file's name without folder and extension */
	const char *name;     /* default: the mailbox text, for an archive with " (archive)" */
	struct place at;      /* where the connection begins */
	struct spot name_at;  /* what gave the name: `name`, else `mailbox` */
	struct source *source; /* the file's text, for problems that show later */

	const char *mailbox;              /* display name, GUID or legacyExchangeDN */
	const char *database;             /* name, DN or GUID */
	const char *user;                 /* NULL: the one that matches */
	struct place mailbox_at, user_at; /* user_at.line 0 where there is no user */
	enum recipient_type type;
	bool type_defaulted; /* comes from `defaults` */
	bool archive;
	const char *alias;            /* NULL: derived */
	const char *const *addresses; /* NULL-ended and with their prefix; NULL: not managed */
	struct policy_wish policies[POLICY_KINDS];
	const char *domain_controller;
	struct spot domain_controller_at; /* may stand in `defaults` */
	struct {
		const char *master_account, *domain_controller, *credential;
		struct spot at; /* line 0: not there, here and below */
		struct spot domain_controller_at, credential_at;
	} linked;       /* all NULL but for TYPE_LINKED */
	unsigned allow; /* of enum consent */
	bool suspended;
	const char *suspend_reason; /* NULL where `suspend: true` */
};

/*
 * Of one or many files. Those that stand in documents with errors are kept apart: nothing is
 * ever planned from them, but another problem of theirs (a name used twice) is told all the same.
 */
struct connections {
	struct connection *v;
	size_t n, cap;
	struct {
		struct connection *v;
		size_t n, cap;
	} faulty;
};
