#include <stdbool.h>
#include <string.h>

#include "reconcile/decide.h"

/* Every reason, in the order in which an item lists them. */
static const struct {
	const char *code;
	bool unknown;
} codes[] = {
	/* database, mailbox */
	{ "database-not-found", false },
	{ "database-ambiguous", false },
	{ "mailbox-not-found", false },
	{ "mailbox-ambiguous", false },
	{ "mailbox-kind", false },
	{ "mailbox-special", false },
	{ "mailbox-soft-deleted", false },
	{ "mailbox-owned", false },
	{ "store-lags", false },
	/* user */
	{ "user-not-found", false },
	{ "user-ambiguous", false },
	{ "user-has-mailbox", false },
	{ "user-has-archive", false },
	{ "user-no-primary", false },
	{ "user-mail-enabled", false },
	{ "user-leftovers", false },
	{ "mail-differs", false },
	{ "account-enabled", false },
	{ "account-disabled", false },
	{ "legacy-dn-mismatch", false },
	{ "identity-changed", false },
	/* master account */
	{ "master-account-not-found", false },
	{ "master-account-ambiguous", false },
	{ "master-account-linked", false },
	{ "master-account-local", false },
	{ "master-account-disabled", false },
	/* what is to be written */
	{ "policy-not-found", false },
	{ "policy-ambiguous", false },
	{ "alias-invalid", false },
	{ "alias-taken", false },
	{ "primary-address-missing", false },
	{ "address-taken", false },
	{ "domain-not-accepted", false },
	{ "home-server-unknown", false },
	{ "schema-missing", false },
	/* other connections */
	{ "claimed-twice", false },
	/* what could not be read */
	{ "read-failed", true },
	{ "read-incomplete", true },
	{ "forest-unreachable", true },
	{ "filter-unreadable", true },
};

enum { CODES = sizeof(codes) / sizeof(*codes) };

size_t code_rank(const char *code) {
	size_t i = 0;

	while (i < CODES && strcmp(codes[i].code, code) != 0)
		i++;
	return i;
}

const char *code_at(size_t rank) {
	return rank < CODES ? codes[rank].code : NULL;
}

bool code_unknown(const char *code) {
	size_t i = code_rank(code);

	return i < CODES && codes[i].unknown;
}

/* Insertion keeps the order of equals; there are few. */
void reasons_sort(struct notes *notes) {
	for (size_t i = 1; i < notes->n; i++)
		for (size_t j = i;
		     j > 0 && code_rank(notes->v[j - 1].code) > code_rank(notes->v[j].code); j--) {
			struct note swap = notes->v[j];
			notes->v[j] = notes->v[j - 1];
			notes->v[j - 1] = swap;
		}
}
