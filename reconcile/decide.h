/*
 * decide -- what plan_connection() works with while it decides one connection.
 *
 * Private to reconcile/. One file settles one question (which database, which mailbox, who owns
 * it, which user, which policies), one file holds one rule, and each leaves in the decision what
 * the next ones need. Nothing returns early for a reason: every reason that applies is listed.
 */
#pragma once

#include "reconcile/after.h"
#include "reconcile/plan.h"
#include "reconcile/rulebook.h"

/* Who holds the mailbox's GUID in the directory. */
enum ownership {
	OWNER_UNSETTLED, /* not known, or no mailbox to ask for */
	OWNER_NOBODY,
	OWNER_WANTED,        /* the wanted user, as a mailbox that works */
	OWNER_WANTED_BROKEN, /* the wanted user, but without homeMDB or mail-enabled */
	OWNER_OTHER          /* another object, alone or beside the wanted user */
};

/* What explain keeps: the codes of the rules that were asked, in turn. */
struct trace {
	const char **v;
	size_t n, cap;
};

struct decision {
	struct arena *a;
	struct trace *trace; /* NULL: nobody wants to know */
	const struct connection *c;
	const struct world *w;
	const struct settings *s;
	int64_t now;
	struct keys *needs;
	size_t asked;                /* needs->asked when the decision began */
	const struct beside *beside; /* of an archive: the primaries in the same plan; else NULL */
	struct item *item;

	const struct applied_row *pin; /* NULL: none, or made for other texts */
	const struct entry *database;  /* of the directory */
	const struct database_row *database_row;
	const struct mailbox_row *row;
	struct guid mailbox; /* none: not found */
	const struct entry *const *owners;
	size_t n_owners;
	bool owners_known;
	enum ownership ownership;
	const struct entry *user;
	const char *user_why;     /* how it was found */
	const struct entry *seen; /* the user as it is when this write's turn comes */
	const char *server;       /* item->server */
	const char *forest;       /* of the master account; NULL: none is wanted */
	const struct entry *master;
	const char *master_why;  /* how it was found */
	struct value master_sid; /* its objectSid; once it is found */
	const struct entry *policies[POLICY_KINDS];
	enum recipient_type type; /* as it will be; NONE: unresolved */

	/* of a connect */
	const char *alias;   /* NULL: none that is valid */
	bool account_lifted; /* a consent lifted the rule about the account */
	const char *home_server;
	const char *x500; /* an address that keeps old mail coming; NULL */
};

/* All of plan_connection(): the decision is begun, the item empty but for its connection. */
void decide(struct decision *d);

/* A rule is asked, whatever comes of it; a reason says so by itself. */
void asks(struct decision *d, const char *code);

/* ---- asking the world (decide.c) ---- */

/* Was something asked for that is still to be fetched? The item is a stage on the way then. */
bool pending(const struct decision *d);

/*
 * True and the whole answer; false where it is still to be fetched (it was put into `needs`) or
 * could not be had (the reason was added): nothing may be concluded then.
 */
bool ask(struct decision *d, enum key_kind kind, const char *text, struct answer *ret);
/* The same of the directory where the connection's users are, or of the master account's. */
bool ask_in(struct decision *d, const char *directory, enum key_kind kind, const char *text,
            struct answer *ret);

/* The same, but for the reason; an answer in part is in `ret`. */
bool look_in(struct decision *d, const char *directory, enum key_kind kind, const char *text,
             struct answer *ret);
/* The reason that an answer is no whole one. */
void unread(struct decision *d, const char *directory, const struct answer *answer);

/* All configuration objects of a class; false as above. */
bool ask_class(struct decision *d, const char *class_name, struct answer *ret);

/* Objects of an answer that a database or policy text (GUID, DN, name) names. */
size_t match_objects(struct decision *d, const struct answer *objects, const char *text,
                     const struct entry **ret, size_t max);

/* ---- reasons, warnings, holds, claims (decide.c) ---- */

struct note *reason(struct decision *d, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* A reason that the consent turns into a warning of the same code. True where it was given. */
bool unless(struct decision *d, enum consent consent, const char *code, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
void warning(struct decision *d, const char *code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
bool allows(const struct decision *d, enum consent consent);
void hold(struct decision *d, const char *code, enum consent consent, const char *message);
void claim(struct decision *d, enum claim_kind kind, const char *key, const char *shown);
/* `key`: of the manifest, which would choose it: "user", "masterAccount". */
void candidate_user(struct decision *d, const char *key, const struct entry *e, const char *why);
void candidate_row(struct decision *d, const struct mailbox_row *row, const char *why);
/* Of several objects, for each the line of a manifest (`key: GUID`) that means it alone. */
const char *lines_for(struct decision *d, const char *key, const struct entry *const *list,
                      size_t n);

/* ---- changes of the user's entry (decide.c) ---- */

/* The attribute as it will be: exactly these values. Nothing is listed where it is so already.
 * It is one of those of writes.h. */
void change_to(struct decision *d, enum attribute id, const struct value *after, size_t n);
/* The same of what a run wrote, which may have been another mbxctl. */
void change_back_to(struct decision *d, enum attribute id, const struct value *after, size_t n);
void change_to_text(struct decision *d, enum attribute id, const char *after); /* NULL: none */
void change_to_int(struct decision *d, enum attribute id, int64_t after);
void change_add(struct decision *d, enum attribute id, struct value v); /* beside those there */
/* The user as it will be with the changes that are listed so far. */
const struct entry *changed_user(struct decision *d);
void change_store(struct decision *d, const char *column, const char *before, const char *after);

/* ---- the questions, in their order ---- */

void settle_database(struct decision *d);
/* The store's row of a database object; NULL where no inventory named it. */
const struct database_row *database_row_of(const struct decision *d, const struct entry *database);
/* What a database is called now: the directory knows, the inventory may be older. */
const char *database_name(struct decision *d, const struct database_row *row);
void settle_mailbox(struct decision *d);
void settle_owner(struct decision *d);
void settle_user(struct decision *d);
void settle_ownership(
        struct decision *d);            /* owner and user are known: what are they to each other */
void settle_master(struct decision *d); /* of a linked mailbox */
void settle_policies(struct decision *d);

/* Everybody in a directory whom a user text fits, in every form, and how each was found; false as
 * ask(). */
struct match {
	const struct entry *entry;
	const char *why;
};
bool find_users(struct decision *d, const char *directory, const char *text, struct match **ret,
                size_t *ret_n);

/* ---- rules ---- */

void rules_of_mailbox(struct decision *d); /* kind, special, soft-deleted, owned, lagging */
void rules_of_user(struct decision *d);    /* of a connect: connectable, leftovers, account */
enum recipient_type type_of(const struct entry *user); /* of its mailbox; NONE: another kind */
bool mail_enabled(const struct entry *user);           /* a mail user or a remote mailbox */
bool is_hidden(const struct entry *user);              /* from address lists */
void check_mail_enabled(struct decision *d);
void check_account(struct decision *d); /* at a connect and at a change of type */
bool account_disabled(const struct entry *user);
void rules_of_master(struct decision *d);    /* wherever the master account is written */
void rules_of_legacy_dn(struct decision *d); /* and the change */
void rules_of_alias(struct decision *d);     /* of a connect; leaves d->alias */
void rules_of_addresses(struct decision *d); /* and the changes */
void claim_given_addresses(struct decision *d);
void update_addresses(struct decision *d);
void rules_of_home_server(struct decision *d); /* leaves d->home_server */
void rules_of_schema(struct decision *d);      /* once all changes are listed */
void check_alias_taken(struct decision *d, const char *alias);

/* The changes of a connect's column in directory.md, and those of an update. */
void plan_connect(struct decision *d);
void plan_update(struct decision *d);
void plan_archive(struct decision *d); /* connect or update, of an archive */
/* Connected by other means: the store takes note of it. `home` names the user's database. */
void update_row(struct decision *d, enum attribute home);
/* Was it connected before by mbxctl and disconnected by somebody since, for the same texts? */
bool disconnected_since(const struct decision *d);

/* The type's own attributes, at a connect and at a change of type (plan_type.c). */
void change_type(struct decision *d, bool connecting);
void change_if_absent(struct decision *d);
void change_address_lists(struct decision *d);
/* The email address policy that applies; NULL where none does. False as ask(). */
bool find_address_policy(struct decision *d, const struct entry **ret);
/* What a template of an address policy makes for this user; NULL with a reason added. */
const char *template_address(struct decision *d, const char *template_text);
/* `alias` as the left side of an address; NULL where nothing is left of it. */
const char *address_left_side(struct arena *a, const char *text);

/* Whether a wish about a policy counts for the mailbox as it will be. */
bool policy_managed(const struct decision *d, enum policy_kind kind);
/* The template link serves two kinds of policy: which of them is this object? */
bool policy_is_retention(const struct entry *policy);
bool policy_is_managed_folder(const struct entry *policy);
/* Does the manifest say what this policy link of the user shall be? If not, it is a leftover. */
bool policy_link_managed(struct decision *d, enum attribute link);
void change_policies(struct decision *d, bool connecting);

void warnings_of(struct decision *d);
/* It lists no changes and no holds then, and no warning about them. */
void item_writes_nothing(struct item *item);

/* ---- codes (codes.c) ---- */

/* The place of a reason's code in the order in which reasons are listed, and the code of a place:
 * NULL after the last. */
size_t code_rank(const char *code);
const char *code_at(size_t rank);
/* Does it make the connection unknown, rather than blocked? */
bool code_unknown(const char *code);
/* Puts reasons into that order; equals keep theirs. */
void reasons_sort(struct notes *notes);

/* ---- fingerprints (fingerprint.c) ---- */

void item_fingerprint(struct item *item);
/*
 * Two digests: of all that is wanted, and of what is managed by the connection's own lines, that is
 * without `database` and what `defaults` give. Stores of an older mbxctl have the first alone. Then
 * a letter that tells whether the connection allowed `reconnect`.
 */
const char *connection_wish(struct arena *a, const struct connection *c);
bool wish_equal(const char *one, const char *other);
bool wish_own_equal(const char *one, const char *other);
bool wish_reconnects(const char *wish, bool otherwise); /* `otherwise`: the wish does not tell */
