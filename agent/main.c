/* mbxctl: which command, which options, and how it ends. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/habits.h"
#include "base/text.h"

/* What all commands take that plan; interface: README.md, plans. */
#define PLANNING "csdoieDmCqvln"

const struct command commands[] = {
	{ "validate", "[PATH...]", "check manifests alone, offline; all errors",
	  "Reads manifests and prints every error in them, with file, line and column. Asks no "
	  "store\n"
	  "and no directory. Where a config is found, what refers to it is checked too.",
	  "cq", 0, -1, cmd_validate },
	{ "plan", "[PATH...]", "what would change; reads only",
	  "Compares the manifests with the store and the directory and shows what would have to "
	  "change\n"
	  "and what stands in the way. Writes nothing anywhere.\n\n"
	  "Exit: 0 made, nothing stands in the way; 3 some connections are blocked or unknown;\n"
	  "2 changes are pending (with --detailed-exitcode).",
	  PLANNING "S", 0, -1, cmd_plan },
	{ "apply", "[PATH...]", "plan, ask, carry out",
	  "Makes a plan, shows it, asks, and carries out exactly what was shown. Whatever moved in "
	  "the\n"
	  "meantime is left alone and reported as stale.\n\n"
	  "Exit: 0 done; 3 some are blocked, unknown or held; 4 some failed, were stale, are "
	  "uncertain\n"
	  "or were not attempted; 5 refused, nothing was written.",
	  PLANNING "yHP", 0, -1, cmd_apply },
	{ "agent", "", "reconcile for ever",
	  "Watches the manifests of its config and keeps the world as they say: in the mode "
	  "observe "
	  "(the\n"
	  "default) it only plans and reports, in enforce it carries out what needs no person. "
	  "Ends "
	  "with\n"
	  "SIGTERM; SIGHUP has it read its config again. `mbxctl status` shows what it does.",
	  "csdFv", 0, 0, cmd_agent },
	{ "store import", "FILE...", "take in an inventory of databases or mailboxes",
	  "Takes in what Get-MailboxDatabase or Get-MailboxStatistics wrote with Export-Csv or\n"
	  "ConvertTo-Json; which of the two a file is shows in its columns. All of a file or "
	  "nothing:\n"
	  "every bad line is listed. A mailbox that a file of its database misses is marked as "
	  "vanished\n"
	  "and stays, unless --prune is given.",
	  "csnlqOZR", 1, -1, cmd_store_import },
	{ "store list", "", "what the inventory holds",
	  "Lists the databases and mailboxes of the store, with their states and purge dates.",
	  "csoC", 0, 0, cmd_store_list },
	{ "suggest", "[PATH...]", "a manifest for the disconnected mailboxes that nobody claims",
	  "Writes a manifest with a connection for each disconnected mailbox that the manifests "
	  "do not\n"
	  "name, the first to be purged first, with its user where exactly one matches. Look at "
	  "each\n"
	  "before it is applied: a matching name is no proof.",
	  "csdqn", 0, -1, cmd_suggest },
	{ "export", "", "a manifest of what is connected now",
	  "Writes a manifest of the connected mailboxes with their users, types, aliases and "
	  "policies.\n"
	  "A plan of it has nothing to do.",
	  "csdqn", 0, 0, cmd_export },
	{ "explain", "MAILBOX", "every rule tried on one mailbox, and its outcome",
	  "Shows how the connections of one mailbox were decided: what was found and by what, and "
	  "every\n"
	  "rule with its outcome. MAILBOX is a display name, GUID, legacyExchangeDN or a "
	  "connection's\n"
	  "name. Where no connection names it, what would be found without `user`.",
	  "csdoCqn", 1, 1, cmd_explain },
	{ "history", "[RUN]", "runs, and what each changed, before and after",
	  "Lists the runs, newest first; with the number of a run, everything that it changed.\n"
	  "With --verify: whether all that is recorded is as it was written; exit 1 where it is "
	  "not.",
	  "csoCV", 0, 1, cmd_history },
	{ "undo", "RUN", "a plan that takes a run back",
	  "Plans what takes back what a run did: each attribute goes back to what it was, where "
	  "it\n"
	  "still has the value that the run wrote. Only plans; to carry it out, --save it and run\n"
	  "mbxctl apply --plan FILE. An undone connect starts the mailbox's purge date anew.",
	  PLANNING "S", 1, 1, cmd_undo },
	{ "doctor", "", "may the bind account do what a connect needs?",
	  "Looks at the store, at the way to the directory and to each account forest of the "
	  "config "
	  "(names, addresses, certificate, who we are, clock), at its schema, and at what the "
	  "account may read and write of one user; says what lacks, what is more than is needed, "
	  "and what to do. Reads only.\n\n"
	  "Exit: 0 nothing is at fault; 1 something is; 69 the store or a directory is out of "
	  "reach; 78 the config is invalid.",
	  "csdoUCqn", 0, 0, cmd_doctor },
	{ "status", "", "how the running agent does",
	  "Asks the running agent what it is doing, what it found in its last pass and what needs "
	  "somebody's eyes. -o json gives the whole of it.\n\n"
	  "Exit: 0; 69 no agent is running.",
	  "coC", 0, 0, cmd_status },
	{ "sync", "", "have the running agent make a pass now, and wait for it",
	  "Has the running agent read everything and reconcile at once, and prints how that ended. "
	  "Waits as long as it takes: Ctrl-C ends the waiting, not the pass. For root and the "
	  "agent's user.\n\n"
	  "Exit: as plan or apply of the same, by the agent's mode; 69 no agent is running.",
	  "coq", 0, 0, cmd_sync },
	{ "suspend", "", "have the running agent write nothing for a while",
	  "The agent goes on to plan and to tell, but writes nothing until `mbxctl resume`, or the "
	  "time of --until; also after it was started anew. For root and the agent's user. To "
	  "leave "
	  "one connection alone, write `suspend: true` with it.\n\n"
	  "Exit: 0; 69 no agent is running.",
	  "cru", 0, 0, cmd_suspend },
	{ "resume", "", "end a suspension of the running agent",
	  "The agent writes again, as its config has it. For root and the agent's user.\n\n"
	  "Exit: 0, also where it was not suspended; 69 no agent is running.",
	  "c", 0, 0, cmd_resume },
	{ "schema", "manifest|config", "JSON Schema of the files that people write",
	  "Prints the JSON Schema (draft 2020-12) of a manifest or of the config, for editors. "
	  "What a\n"
	  "schema cannot say, `mbxctl validate` does.",
	  "", 1, 1, cmd_schema },
	{ "version", "", "its own version, the libraries' and the formats'",
	  "Prints the versions of mbxctl, of the libraries it runs with and of the formats it "
	  "speaks.",
	  "", 0, 0, cmd_version },
	{ 0 },
};

static void usage(FILE *out) {
	fputs("mbxctl connects disconnected mailboxes to the users they belong to.\n\n"
	      "Usage: mbxctl COMMAND [OPTION...] [ARGUMENT...]\n\nCommands:\n",
	      out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-14s %s\n", c->name, c->summary);
	fputs("\n`mbxctl COMMAND --help` tells more of each.\n", out);
}

/* How many of the first words are the command's own; 0: it is another one. */
static int words_of(const struct command *c, int argc, char **argv) {
	const char *second = strchr(c->name, ' ');
	size_t n = second ? (size_t)(second - c->name) : strlen(c->name);

	if (argc < 1 || strlen(argv[0]) != n || strncmp(argv[0], c->name, n) != 0)
		return 0;
	if (!second)
		return 1;
	return argc > 1 && strcmp(argv[1], second + 1) == 0 ? 2 : 0;
}

static int no_such(int argc, char **argv) {
	const char *names[sizeof(commands) / sizeof(*commands)];
	char words[128];
	bool two = argc > 1 && strcmp(argv[0], "store") == 0 && argv[1][0] != '-';
	size_t n = 0;

	(void)snprintf(words, sizeof(words), "%s%s%s", argv[0], two ? " " : "", two ? argv[1] : "");
	for (const struct command *c = commands; c->name; c++)
		names[n++] = c->name;
	names[n] = NULL;
	const char *meant = text_nearest(words, names), *habit = habit_command(words);
	fprintf(stderr, "mbxctl: there is no command \"%s\"", words);
	if (habit)
		fprintf(stderr, "; %s", habit);
	else if (meant)
		fprintf(stderr, "; did you mean `mbxctl %s`?", meant);
	fputs("\nTry: mbxctl --help\n", stderr);
	return EXIT_USAGE;
}

static const struct command *find_command(int argc, char **argv, int *ret_words) {
	for (const struct command *c = commands; c->name; c++)
		if ((*ret_words = words_of(c, argc, argv)) > 0)
			return c;
	return NULL;
}

/* `mbxctl help`, `mbxctl help plan`. */
static int help(int argc, char **argv) {
	int words;
	const struct command *c = find_command(argc, argv, &words);

	if (argc > 0 && !c)
		return no_such(argc, argv);
	if (c)
		command_help(c);
	else
		usage(stdout);
	return EXIT_DONE;
}

/* Options stand after the command; `mbxctl --config FILE plan` is tried by many. */
static int option_first(int argc, char **argv) {
	const char *advice = "options stand after the command: mbxctl COMMAND [OPTION...]";
	int words;

	for (int i = 1; i < argc; i++) {
		const struct command *c = find_command(argc - i, argv + i, &words);
		if (!c)
			continue;
		fprintf(stderr, "mbxctl: options stand after the command: mbxctl %s %s ...\n",
		        c->name, argv[0]);
		return EXIT_USAGE;
	}
	if (strcmp(argv[0], "-V") == 0 || strcmp(argv[0], "-v") == 0)
		advice = "write --version";
	fprintf(stderr, "mbxctl: there is no command \"%s\"; %s\nTry: mbxctl --help\n", argv[0],
	        advice);
	return EXIT_USAGE;
}

static int run(int argc, char **argv, struct arena *a) {
	struct options o;
	int words;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	argc--, argv++;
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0 ||
	    strcmp(argv[0], "help") == 0)
		return help(argc - 1, argv + 1);
	if (strcmp(argv[0], "--version") == 0)
		return cmd_version(&(struct options){ 0 }, a);
	if (argv[0][0] == '-')
		return option_first(argc, argv);
	const struct command *c = find_command(argc, argv, &words);
	if (!c)
		return no_such(argc, argv);
	int code = options_parse(c, argc - words + 1, argv + words - 1, a, &o);
	if (code)
		return code;
	if (!o.help)
		return c->run(&o, a);
	command_help(c);
	return EXIT_DONE;
}

/* Whoever reads us has seen enough, as in `mbxctl plan | head`: that is no news. */
static bool reader_is_gone(void) {
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int main(int argc, char **argv) {
	struct arena *a = arena_new();

	signal(SIGPIPE, SIG_IGN);
	/* A file that grows too large is an error of its write, not the end of us. */
	signal(SIGXFSZ, SIG_IGN);
	/* Otherwise a ./ldaprc or an LDAP* variable decides about TLS behind our back. */
	setenv("LDAPNOINIT", "1", 1);
	int code = run(argc, argv, a);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (!reader_is_gone())
			fputs("mbxctl: standard output could not be written\n", stderr);
		code = code ? code : EXIT_FAILED;
	}
	arena_free(a);
	/* libuv would wait in exit() for a resolver that hangs. */
	_exit(code);
}
