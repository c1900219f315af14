#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/command.h"
#include "agent/habits.h"
#include "base/text.h"
#include "base/timestamp.h"

enum kind { FLAG, TEXT, LIST, COUNT, TIME };

/* `letter` stands for the option in a command's list; only 'o' and 'h' are short options too. */
static const struct option_row {
	char letter;
	const char *name;
	enum kind kind;
	size_t offset;
	const char *argument, *help;
} rows[] = {
	{ 'c', "config", TEXT, offsetof(struct options, config), "FILE",
	  "the config (default: $MBXCTL_CONFIG, ./mbxctl.yaml, /etc/mbxctl/mbxctl.yaml)" },
	{ 's', "store", TEXT, offsetof(struct options, store), "URI",
	  "instead of the config's store" },
	{ 'd', "directory", TEXT, offsetof(struct options, directory), "URI",
	  "instead of the config's directory" },
	{ 'o', "output", LIST, offsetof(struct options, output), "FORMAT[=FILE]",
	  "text, json; of a plan also ndjson, markdown, powershell, ldif; repeatable" },
	{ 'S', "save", TEXT, offsetof(struct options, save), "FILE",
	  "the plan as a file for apply --plan" },
	{ 'P', "plan", TEXT, offsetof(struct options, plan), "FILE",
	  "carry out exactly this saved plan; asks nothing" },
	{ 'i', "only", LIST, offsetof(struct options, only), "PATTERN",
	  "only connections whose name, mailbox, user or database fits; repeatable" },
	{ 'e', "except", LIST, offsetof(struct options, except), "PATTERN",
	  "all but those; repeatable" },
	{ 'D', "detailed-exitcode", FLAG, offsetof(struct options, detailed_exitcode), NULL,
	  "exit 2 where changes are pending" },
	{ 'm', "max-changes", COUNT, offsetof(struct options, max_changes), "N",
	  "lift the config's limits to N for this run" },
	{ 'y', "yes", FLAG, offsetof(struct options, yes), NULL, "do not ask" },
	{ 'H', "held", FLAG, offsetof(struct options, held), NULL,
	  "with --yes: carry out held changes too" },
	{ 'C', "color", TEXT, offsetof(struct options, color), "WHEN",
	  "auto, always or never (also NO_COLOR, CLICOLOR_FORCE)" },
	{ 'q', "quiet", FLAG, offsetof(struct options, quiet), NULL, "no progress" },
	{ 'v', "verbose", FLAG, offsetof(struct options, verbose), NULL,
	  "list what is in sync, too; of the agent: log every pass" },
	{ 'V', "verify", FLAG, offsetof(struct options, verify), NULL,
	  "check that no row of the history was altered or taken out" },
	{ 'O', "date-order", TEXT, offsetof(struct options, date_order), "ORDER",
	  "how the file writes a date such as 11/1/2026: ymd, dmy or mdy" },
	{ 'Z', "time-zone", TEXT, offsetof(struct options, time_zone), "ZONE",
	  "of dates that name none, such as Europe/Berlin (default UTC)" },
	{ 'R', "prune", FLAG, offsetof(struct options, prune), NULL,
	  "remove mailboxes that vanished from the databases of the file" },
	{ 'l', "lock-timeout", TIME, offsetof(struct options, lock_timeout), "TIME",
	  "how long to wait for another run (default 30s)" },
	{ 'n', "now", TEXT, offsetof(struct options, now), "TIME",
	  "the time to reckon with, RFC 3339 (also SOURCE_DATE_EPOCH)" },
	{ 'F', "log-format", TEXT, offsetof(struct options, log_format), "FORMAT",
	  "text (key=value, the default) or json: how events are written to standard error" },
	{ 'r', "reason", TEXT, offsetof(struct options, reason), "TEXT",
	  "why, for those who ask for the status" },
	{ 'u', "until", TEXT, offsetof(struct options, until), "TIME",
	  "when it ends by itself: RFC 3339, or a length of time from now such as 4h" },
	{ 'U', "user", TEXT, offsetof(struct options, user), "TEXT",
	  "whose entry is examined, in any form that a manifest's `user` may have (default: a user "
	  "of the manifests, else the first without a mailbox)" },
	{ 'h', "help", FLAG, offsetof(struct options, help), NULL, "this text" },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static bool takes(const struct command *c, const struct option_row *row) {
	return row->letter == 'h' || strchr(c->options, row->letter);
}

__attribute__((format(printf, 2, 3))) static int complain(const struct command *c,
                                                          const char *format, ...) {
	va_list args;

	fprintf(stderr, "mbxctl %s: ", c->name);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry: mbxctl %s --help\n", c->name);
	return EXIT_USAGE;
}

static int set(const struct command *c, const struct option_row *row, const char *value,
               struct arena *a, struct options *o) {
	char *field = (char *)o + row->offset, *end;

	switch (row->kind) {
	case FLAG:
		*(bool *)field = true;
		return 0;
	case TEXT:
		*(const char **)field = value;
		return 0;
	case LIST: {
		struct texts *list = (struct texts *)field;
		ARENA_PUSH(a, list, value);
		return 0;
	}
	case COUNT:
		errno = 0;
		*(int64_t *)field = strtoll(value, &end, 10);
		if (errno || end == value || *end || *(int64_t *)field < 0)
			return complain(c, "--max-changes takes a whole number, not \"%s\"", value);
		return 0;
	case TIME:
		if (!duration_parse(value, (int64_t *)field))
			return complain(c,
			                "--lock-timeout takes a time such as 30s or 5m, not \"%s\"",
			                value);
		return 0;
	}
	return 0;
}

static int unknown_option(const struct command *c, const char *given) {
	const char *names[ROWS + 1];
	size_t n = 0;
	char word[64];

	for (size_t i = 0; i < ROWS; i++)
		if (takes(c, rows + i))
			names[n++] = rows[i].name;
	names[n] = NULL;
	given += strspn(given, "-");
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(given, "="), given);
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].name, word) == 0)
			return complain(c, "it takes no option --%s", word);
	const char *hyphens = word[0] && !word[1] ? "-" : "--";
	const char *meant = text_nearest(word, names), *habit = habit_option(word);
	if (habit)
		return complain(c, "there is no option %s%s; %s", hyphens, word, habit);
	return complain(c, "there is no option %s%s%s%s%s", hyphens, word,
	                meant ? "; did you mean --" : "", meant ? meant : "", meant ? "?" : "");
}

/* -only reads as -o nly: which option was meant? NULL: none. */
static const char *meant_long(const char *word, const char *value) {
	size_t len = strcspn(word + 1, "=");

	for (size_t i = 0; value == word + 2 && i < ROWS; i++)
		if (strlen(rows[i].name) == len && strncmp(rows[i].name, word + 1, len) == 0)
			return rows[i].name;
	return NULL;
}

static const struct option_row *row_of(int letter) {
	size_t i = 0;

	while (i < ROWS - 1 && rows[i].letter != letter)
		i++;
	return rows + i;
}

static int check_words(const struct command *c, const struct options *o) {
	static const char *const colors[] = { "auto", "always", "never", NULL };
	int n = (int)o->arguments.n;
	bool known = !o->color;

	for (size_t i = 0; colors[i] && o->color; i++)
		known |= strcmp(o->color, colors[i]) == 0;
	if (!known)
		return complain(c, "--color takes auto, always or never, not \"%s\"", o->color);
	if (n < c->min_arguments)
		return complain(c, "it needs an argument: %s", c->arguments);
	if (c->max_arguments >= 0 && n > c->max_arguments)
		return complain(c, "one argument too many: \"%s\"",
		                o->arguments.v[c->max_arguments]);
	if (o->plan && (n || o->only.n || o->except.n || o->yes || o->held))
		return complain(
		        c, "--plan carries out a saved plan as it is: no PATH, --only, --except, "
		           "--yes or --held beside it");
	if (o->held && !o->yes)
		return complain(c, "--held goes with --yes");
	return 0;
}

int options_parse(const struct command *c, int argc, char **argv, struct arena *a,
                  struct options *ret) {
	struct option table[ROWS + 1] = { 0 };
	int n = 0, letter, index = 0, code;

	*ret = (struct options){ .max_changes = -1, .lock_timeout = 30 };
	for (int i = 0; i < ROWS; i++)
		if (takes(c, rows + i))
			table[n++] = (struct option){
				.name = rows[i].name,
				.has_arg = rows[i].kind == FLAG ? no_argument : required_argument,
				.val = 256 + i,
			};
	opterr = 0;
	optind = 1;
	while ((letter = getopt_long(argc, argv, ":ho:", table, &index)) != -1) {
		if (letter == ':') {
			const struct option_row *lacks =
			        optopt < 256 ? row_of(optopt) : rows + (optopt - 256);
			return complain(c, "--%s wants a value: --%s %s", lacks->name, lacks->name,
			                lacks->argument);
		}
		if (letter == '?' && optopt >= 256)
			return complain(c, "--%s takes no value", rows[optopt - 256].name);
		if (letter == '?') {
			const char one[] = { (char)optopt, '\0' };
			return unknown_option(c, optopt ? one : argv[optind - 1]);
		}
		const struct option_row *row =
		        letter < 256 ? row_of(letter) : rows + (letter - 256);
		const char *meant = letter == 'o' ? meant_long(argv[optind - 1], optarg) : NULL;
		if (meant)
			return complain(c, "there is no option -%s; write --%s", meant, meant);
		if (!takes(c, row))
			return complain(
			        c, "it takes no -o: what it prints has one form, put it into a "
			           "file with > FILE");
		if (letter == 'o' && *optarg == '=')
			optarg++; /* -o=json */
		code = set(c, row, optarg, a, ret);
		if (code)
			return code;
	}
	for (; optind < argc; optind++)
		ARENA_PUSH(a, &ret->arguments, argv[optind]);
	return ret->help ? 0 : check_words(c, ret);
}

/* Prints a text in lines of 79 columns, all but the first indented; a blank line stays one. */
static void print_wrapped(const char *text, int indent) {
	enum { COLUMNS = 79 };
	int column = indent;

	while (*text) {
		int word = (int)strcspn(text, " \n");
		if (column > indent && column + 1 + word > COLUMNS)
			column = printf("\n%*s", indent, "") - 1;
		else if (column > indent)
			column += printf(" ");
		column += printf("%.*s", word, text);
		text += word;
		if (strncmp(text, "\n\n", 2) == 0) {
			printf("\n\n%*s", indent, "");
			column = indent;
		}
		text += strspn(text, " \n");
	}
	putchar('\n');
}

void command_help(const struct command *c) {
	printf("Usage: mbxctl %s%s%s%s\n\n", c->name, *c->options ? " [OPTION...]" : "",
	       *c->arguments ? " " : "", c->arguments);
	print_wrapped(c->text, 0);
	puts("\nOptions:");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];
		if (!takes(c, rows + i))
			continue;
		bool brief = rows[i].letter == 'o' || rows[i].letter == 'h';
		(void)snprintf(left, sizeof(left), "%s%c%s--%s%s%s", brief ? "-" : " ",
		               brief ? rows[i].letter : ' ', brief ? ", " : "  ", rows[i].name,
		               rows[i].argument ? " " : "",
		               rows[i].argument ? rows[i].argument : "");
		if (strlen(left) > 28)
			printf("  %s\n  %-28s  ", left, "");
		else
			printf("  %-28s  ", left);
		print_wrapped(rows[i].help, 32);
	}
}
