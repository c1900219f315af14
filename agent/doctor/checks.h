/*
 * checks -- what `mbxctl doctor` found, one line a question, and how it is judged.
 *
 * The judging is pure: from facts (what was examined, what was read, what the config says) to
 * checks. Whatever is not as it should be comes with what to do about it.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "reconcile/world.h"
#include "spec/config.h"
#include "store/directory/examination.h"

#define DOCTOR_FORMAT "mbxctl.doctor/1"

enum verdict {
	VERDICT_OK,
	VERDICT_SKIPPED, /* it cannot be asked here, and the message says why */
	VERDICT_WARNING,
	VERDICT_FAULT,
	VERDICTS
};
extern const char *const verdict_names[VERDICTS]; /* "ok", "skipped", "warning", "fault" */

struct check {
	const char *about; /* "store", "directory", "credential fabrikam" */
	const char *name;  /* of the question: "clock" */
	enum verdict verdict;
	const char *message, *advice; /* advice: NULL where there is nothing to do */
};

struct checks {
	struct arena *a;
	const char *about; /* of those that are added now */
	struct check *v;
	size_t n, cap;
	bool unreachable; /* the store or a directory could not be had */
};

void check(struct checks *c, const char *name, enum verdict verdict, const char *advice,
           const char *format, ...) __attribute__((format(printf, 5, 6)));

/* `a, b and c`, or, where there are more than `most`, `a, b and 7 others`. */
const char *listed(struct arena *a, const struct examined_texts *list, size_t most);

/* ---- the store (judge_store.c) --------------------------------------------------------------- */

struct store_facts {
	const char *uri;
	const char *unreadable; /* why it could not be opened or read; NULL */
	int64_t format;
	const char **faults; /* what SQLite finds wrong */
	size_t n_faults;
	const struct database_row *databases;
	size_t n_databases, n_mailboxes, n_intents;
};
void judge_store(struct checks *c, const struct store_facts *f, int64_t now);

/* ---- a directory ----------------------------------------------------------------------------- */

/* What a directory is for: where mailboxes' users are, or where master accounts are. */
enum directory_role { ROLE_MAILBOXES, ROLE_ACCOUNTS };

/* Can it be reached, and is it secure? (judge_server.c) */
void judge_servers(struct checks *c, const struct examination *e, const struct bind_config *bind);

/* The organisation, as it was read, and whether the store knows its databases (judge_world.c). */
void judge_organisation(struct checks *c, const struct world *w, const struct store_facts *store);
void judge_schema(struct checks *c, const struct world *w, const struct examined_root *root);

/* What we may do with a user; `how` he was chosen (judge_user.c). */
void judge_user(struct checks *c, const struct examination *e, const struct examined_user *u,
                enum directory_role role, const char *how);

/* ---- all of it, for people and programs (render.c) --------------------------------------------
 */

void doctor_text(const struct checks *c, bool color, struct buf *out);
void doctor_json(const struct checks *c, struct buf *out);
