/*
 * world -- what is, as far as it was looked up: the inventory's rows and the directory's entries.
 *
 * The planner asks for keys; agent/ has the two halves of store/ look them up and put the answers
 * in here; then the planner looks again. An answer is complete, or unknown: a look-up that failed,
 * was cut short or could not be finished never reads as "there is none". What was not asked yet
 * is a third thing, and makes the planner ask.
 *
 * Filled by one thread at a time, and immutable while anything is planned from it. Everything in
 * it lives in the arena that world_new() was given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/guid.h"
#include "reconcile/attributes.h"

struct world;

/* ---- what is looked up -------------------------------------------------------------------- */

enum key_kind {
	/* The inventory's: mailbox rows. */
	KEY_ROW_GUID,      /* text: the mailbox GUID */
	KEY_ROW_NAME,      /* folded display name */
	KEY_ROW_LEGACY_DN, /* folded legacyExchangeDN */
	/* The directory's: people. Only users count, no contacts and no computers. */
	KEY_USER_GUID,         /* objectGUID or entryUUID */
	KEY_USER_DN,           /* normal DN */
	KEY_USER_NAME,         /* folded value of the first RDN component */
	KEY_USER_UPN,          /* folded userPrincipalName */
	KEY_USER_SAM,          /* folded sAMAccountName, in whatever domain */
	KEY_USER_LEGACY_DN,    /* folded legacyExchangeDN */
	KEY_USER_DISPLAY_NAME, /* folded displayName */
	/* The directory's: any object that holds something only one may hold. */
	KEY_OWNER,            /* mailbox GUID in msExchMailboxGuid, msExchArchiveGUID or
	                         msExchDisabledArchiveGUID */
	KEY_ARCHIVE_OWNER,    /* the same of an archive: not every server that knows the one
	                         attribute has the others */
	KEY_HOLDER_ALIAS,     /* folded mailNickname */
	KEY_HOLDER_ADDRESS,   /* folded address with its prefix, `smtp:a@contoso.com`: in
	                         proxyAddresses, an SMTP one in mail too */
	KEY_HOLDER_LEGACY_DN, /* folded: as legacyExchangeDN or as X500: address */
	KEY_HOLDER_SID,       /* S-1-...: in objectSid, sIDHistory or msExchMasterAccountSid */
	KEY_TYPE_DETAILS,     /* a decimal msExchRecipientTypeDetails: every mailbox of that type */
	/* The directory's: all configuration objects of a class (its lDAPDisplayName, folded). */
	KEY_CLASS,
	KEY_KINDS
};

struct key {
	enum key_kind kind;
	const char *text;
	const char *directory; /* which is asked: a name of elsewhere.h; NULL: the config's own */
};

/* A list without doubles, but where the index is left NULL; an arena owns it. */
struct keys {
	struct key *v;
	size_t n, cap;
	size_t asked; /* calls of keys_add(), doubles included */
	struct arena *arena;
	void *index; /* of world.c; NULL: doubles stay */
};
void keys_init(struct keys *k, struct arena *a);
void keys_done(struct keys *k);
/* Copies the texts. */
void keys_add(struct keys *k, enum key_kind kind, const char *text);
void keys_add_to(struct keys *k, const char *directory, enum key_kind kind, const char *text);
bool key_of_inventory(enum key_kind kind);
enum key_kind owner_key(bool archive);
bool key_of_owner(enum key_kind kind); /* one of the two */
/* By which the user of an entry.identity is found again; borrows the text. */
struct key key_of_identity(const char *identity);

/* ---- the directory's side ----------------------------------------------------------------- */

struct attribute_values {
	enum attribute id;
	bool incomplete; /* a range could not be read to its end: nothing is concluded from it */
	size_t n;        /* never 0 unless incomplete */
	struct value *values;
};

struct entry {
	const char *dn;       /* as the directory writes it */
	const char *normal;   /* dn_normal() of it */
	struct guid guid;     /* none where the directory gave none */
	const char *identity; /* the GUID's text, else `normal`: what pins and intents remember */
	bool person;          /* a user: no contact, no computer, no configuration object */
	bool copy; /* of a global catalogue: an attribute that is not here may be there */
	size_t n;
	struct attribute_values *attributes;
	size_t n_extra;
	struct extra_values *extra; /* of the attributes that world_wanted() names */
};

/* An attribute outside the table, that an address list or policy asks about. */
struct extra_values {
	const char *name; /* folded */
	bool incomplete;
	size_t n;
	const struct value *values;
};

/* All values (NULL and *ret_n 0 where there is none). */
const struct value *entry_values(const struct entry *e, enum attribute id, size_t *ret_n);
/* The one value, or the first, as text; NULL where there is none. */
const char *entry_text(const struct entry *e, enum attribute id);
bool entry_has(const struct entry *e, enum attribute id);
/* A decimal value; `absent` where there is none or it is no number. */
int64_t entry_int(const struct entry *e, enum attribute id, int64_t absent);
bool entry_incomplete(const struct entry *e, enum attribute id);
/* Does one of the values equal it, by the attribute's matching rule? */
bool entry_holds(const struct entry *e, enum attribute id, struct value v);
bool has_mailbox(const struct entry *e); /* a primary one */
/* Is this, folded, the value of its first RDN component? */
bool entry_named(const struct entry *e, const char *folded);
/* Does it stand somewhere below an object of this folded name? */
bool entry_within(const struct entry *e, const char *folded);

/* ---- the inventory's side ----------------------------------------------------------------- */

enum mailbox_state { MAILBOX_CONNECTED, MAILBOX_DISABLED, MAILBOX_SOFT_DELETED };
extern const char *const mailbox_state_names[]; /* "connected", "disabled", "softDeleted" */

struct database_row {
	int64_t id;
	struct guid guid; /* none where only mailboxes named it so far */
	const char *name, *folded;
	const char *dn, *server;
	int64_t retention; /* seconds */
	int64_t imported;  /* of its mailboxes; TIMESTAMP_NONE: never */
};

struct mailbox_row {
	int64_t id;
	const struct database_row *database;
	struct guid guid;
	const char *display_name, *legacy_dn; /* "" where the inventory has none */
	bool archive;
	enum mailbox_state state;
	int64_t disconnected;    /* TIMESTAMP_NONE: no date */
	int64_t kept;            /* unconfirmed: the date it had when we connected it; else NONE */
	struct guid owner;       /* as last heard; none: not known */
	const char *type_detail; /* MailboxTypeDetail; "" */
	bool move_destination;
	int64_t last_seen, vanished; /* vanished: TIMESTAMP_NONE while it is there */
};

/* What was last applied under a manifest and connection name. */
struct applied_row {
	const char *manifest, *name; /* as they were written */
	bool told;                   /* that no manifest has it any more */
	const char *wish;            /* fingerprint of the wish; "" */
	struct guid mailbox;         /* the pins; none where it was not pinned */
	const char *user;            /* entry.identity; "" */
	const char *mailbox_text,
	        *user_text; /* what the pins were made for; user_text NULL: none given */
};

/* What an undo took back: not done again until somebody asks for it anew. */
struct undone_row {
	struct guid mailbox;
	const char *user;                            /* entry.identity */
	int64_t run;                                 /* that was undone */
	bool connect;                                /* a connect was; else an update */
	bool reconnect;                              /* the connection allowed it already then */
	const char *mailbox_text, *user_text, *wish; /* as they were then; user_text may be NULL */
};

/* A write that was begun and not yet closed. */
struct intent_row {
	int64_t id;
	struct guid mailbox;
	const char *user; /* entry.identity */
	const char *manifest, *name;
	int64_t run, undoes; /* the run that began it, and the one that it takes back, or 0 */
};

/* ---- filling ------------------------------------------------------------------------------ */

struct world *world_new(struct arena *a);
void world_free(struct world *w); /* the tables; what they point to stays the arena's */
struct arena *world_arena(struct world *w);

/* The inventory's tables that are read whole. Given once, before the first plan. */
void world_set_tables(struct world *w, struct database_row *databases, size_t n_databases,
                      struct applied_row *applied, size_t n_applied, struct intent_row *intents,
                      size_t n_intents);

/*
 * The inventory's tables of another world, instead of one's own: that world must live longer. For
 * a run that looks again and again, while nobody else writes them.
 */
void world_share_tables(struct world *w, const struct world *from);

void world_set_undone(struct world *w, struct undone_row *undone, size_t n);

/* The whole answer to one key. Rows and entries must live as long as the world. */
void world_answer_rows(struct world *w, struct key k, const struct mailbox_row *const *rows,
                       size_t n);
void world_answer_entries(struct world *w, struct key k, const struct entry *const *entries,
                          size_t n);
/* Those are among the answer, and nobody knows who else. */
void world_answer_part(struct world *w, struct key k, const struct entry *const *entries, size_t n,
                       const char *why);
/* It was asked and not answered. `code` is `read-failed` or `read-incomplete`. */
void world_unknown(struct world *w, struct key k, const char *code, const char *why);

/*
 * What another directory answers is kept apart: an account forest has other people, and another
 * server of the same forest may know them otherwise. Made where there is none yet, freed with the
 * world; what entries must bring along (world_want) is the same everywhere.
 */
struct world *world_elsewhere(struct world *w, const char *directory);

/*
 * One object for each directory object: the entry that was put in first under this normal DN
 * comes back for every later one, so that answers can be compared by pointer.
 */
const struct entry *world_intern(struct world *w, const struct entry *e);

/*
 * Attributes outside the table that entries must bring along, folded; named before the first
 * people are looked up (an address list's filter may ask about anything).
 */
void world_want(struct world *w, const char *folded);
const char *const *world_wanted(const struct world *w, size_t *ret_n);

/* What was made of the configuration objects, once (reconcile/rulebook.h). */
struct rulebook;
void world_set_rulebook(struct world *w, const struct rulebook *r);
const struct rulebook *world_rulebook(const struct world *w);

/* Where the directory begins (`DC=contoso,DC=com`), for DOMAIN\name without crossRefs. */
void world_set_base(struct world *w, const char *dn);

/* ---- asking ------------------------------------------------------------------------------- */

enum answer_state { ANSWER_NOT_ASKED, ANSWER_COMPLETE, ANSWER_UNKNOWN };
struct answer {
	enum answer_state state;
	const char *code, *why; /* of UNKNOWN */
	bool in_part;           /* UNKNOWN, but for those who are here */
	const struct mailbox_row *const *rows;
	const struct entry *const *entries;
	size_t n;
};
struct answer world_ask(const struct world *w, enum key_kind kind, const char *text);
/* The answer of a directory; NULL: of the config's own. */
struct answer world_ask_in(const struct world *w, const char *directory, enum key_kind kind,
                           const char *text);

const struct database_row *world_databases(const struct world *w, size_t *ret_n);
const struct applied_row *world_applied(const struct world *w, const char *manifest,
                                        const char *name);
/* Has any connection, of whatever name, had this mailbox with this user? */
/* Every applied row that pins this mailbox to this user, of whatever name. */
const struct applied_row *const *world_applied_pair(const struct world *w, struct guid mailbox,
                                                    const char *user, size_t *ret_n);
bool world_was_applied(const struct world *w, struct guid mailbox, const char *user);
/* NULL: none is open. */
const struct intent_row *world_intent(const struct world *w, struct guid mailbox, const char *user);
const struct intent_row *world_intents(const struct world *w, size_t *ret_n); /* all */
bool world_is_open(const struct world *w, struct guid mailbox, const char *user);
const struct undone_row *world_undone(const struct world *w, struct guid mailbox, const char *user);
const struct applied_row *world_applied_rows(const struct world *w, size_t *ret_n);
size_t world_applied_count(const struct world *w);
const char *world_base(const struct world *w);
const char *world_base_of(const struct world *w, const char *directory);
