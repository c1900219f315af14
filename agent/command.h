/*
 * command -- the verbs of mbxctl and their options, one table each.
 *
 * The tables say what is parsed, what --help prints and what a mistyped word is compared with.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* As the shell and scripts see an end; interface: README.md, exit codes. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_CHANGES = 2,
	EXIT_BLOCKED = 3,
	EXIT_PARTIAL = 4,
	EXIT_REFUSED = 5,
	EXIT_USAGE = 64,
	EXIT_MANIFEST = 65,
	EXIT_UNREACHABLE = 69,
	EXIT_CONFIG = 78,
};

struct texts {
	const char **v; /* NULL-ended once anything is in it */
	size_t n, cap;
};

struct options {
	const char *config, *store, *directory, *now, *color;
	const char *save, *plan; /* files of saved plans */
	struct texts output, only, except;
	int64_t max_changes;                /* -1: not given */
	int64_t lock_timeout;               /* seconds */
	const char *date_order, *time_zone; /* of an inventory */
	const char *log_format;             /* of the agent */
	const char *reason, *until;         /* of a suspension */
	const char *user;                   /* whom the doctor looks at */
	bool prune, verify;
	bool detailed_exitcode, yes, held, quiet, verbose, help;
	struct texts arguments; /* what is no option */
};

struct command {
	const char *name;                 /* "plan", or of two words: "store import" */
	const char *arguments;            /* for the usage line: "[PATH...]" */
	const char *summary;              /* one line */
	const char *text;                 /* for --help: what it does, in a few sentences */
	const char *options;              /* letters of the option table that it takes */
	int min_arguments, max_arguments; /* max -1: any number */
	int (*run)(const struct options *o, struct arena *a);
};

extern const struct command commands[]; /* ended by a NULL name */

/* Parses what follows the command's words. An exit code; 0 to go on. */
int options_parse(const struct command *c, int argc, char **argv, struct arena *a,
                  struct options *ret);
void command_help(const struct command *c); /* to standard output */

/* The number of a run; EXIT_USAGE with the reason printed, or 0. */
int run_number(const char *given, int64_t *ret);

int cmd_validate(const struct options *o, struct arena *a);
int cmd_plan(const struct options *o, struct arena *a);
int cmd_apply(const struct options *o, struct arena *a);
int cmd_agent(const struct options *o, struct arena *a);
int cmd_store_import(const struct options *o, struct arena *a);
int cmd_store_list(const struct options *o, struct arena *a);
int cmd_undo(const struct options *o, struct arena *a);
int cmd_suggest(const struct options *o, struct arena *a);
int cmd_export(const struct options *o, struct arena *a);
int cmd_explain(const struct options *o, struct arena *a);
int cmd_doctor(const struct options *o, struct arena *a);
int cmd_history(const struct options *o, struct arena *a);
int cmd_status(const struct options *o, struct arena *a);
int cmd_sync(const struct options *o, struct arena *a);
int cmd_suspend(const struct options *o, struct arena *a);
int cmd_resume(const struct options *o, struct arena *a);
int cmd_schema(const struct options *o, struct arena *a);
int cmd_version(const struct options *o, struct arena *a);
