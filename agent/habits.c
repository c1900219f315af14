#include "agent/habits.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct habit {
	const char *words; /* apart by blanks */
	const char *advice;
};

static const struct habit commands[] = {
	{ "diff show dry-run dryrun preview whatif", "`mbxctl plan` shows what would change" },
	{ "check lint test", "`mbxctl validate` checks manifests" },
	{ "connect create deploy run", "`mbxctl apply` carries out what manifests say" },
	{ "import inventory", "write `mbxctl store import FILE`" },
	{ "list ls get", "`mbxctl store list` lists mailboxes, `mbxctl history` runs" },
	{ "store", "write `mbxctl store import FILE` or `mbxctl store list`" },
	{ "rollback revert restore disconnect destroy", "`mbxctl undo RUN` takes a run back" },
	{ "log audit runs", "`mbxctl history` lists the runs" },
	{ "daemon watch serve start", "`mbxctl agent` reconciles for ever" },
	{ "pause", "`mbxctl suspend` has the agent write nothing for a while" },
	{ "unpause", "`mbxctl resume` ends a suspension of the agent" },
	{ "diagnose examine preflight", "`mbxctl doctor` tells what an account lacks" },
	{ "state health", "`mbxctl status` tells how the agent does" },
	{ "reconcile refresh trigger", "`mbxctl sync` has the agent make a pass now" },
};

static const struct habit options[] = {
	{ "dry-run dryrun n whatif validateonly", "`mbxctl plan` shows what would change" },
	{ "auto-approve y assume-yes force confirm", "write --yes" },
	{ "f filename file manifest path", "name files and folders without an option" },
	{ "out save-plan", "write --save FILE" },
	{ "target filter name include mailbox", "write --only PATTERN" },
	{ "exclude skip", "write --except PATTERN" },
	{ "format json", "write -o FORMAT, such as -o json" },
	{ "db database inventory", "write --store sqlite:FILE" },
	{ "ldif ldap uri server", "write --directory URI, such as --directory ldif:FILE" },
	{ "q s silent", "write --quiet" },
	{ "v debug", "write --verbose" },
	{ "no-color", "write --color never" },
	{ "run id", "write the number alone, such as `mbxctl history 1`" },
	{ "limit limits max", "write --max-changes N" },
	{ "timeout wait", "write --lock-timeout TIME" },
	{ "all", "all is the default: name nothing" },
};

static const char *find(const struct habit *table, size_t n, const char *word) {
	size_t len = strlen(word);

	for (size_t i = 0; len > 0 && i < n; i++)
		for (const char *p = table[i].words; *p; p += strspn(p, " ")) {
			size_t of_this = strcspn(p, " ");
			if (of_this == len && strncasecmp(p, word, len) == 0)
				return table[i].advice;
			p += of_this;
		}
	return NULL;
}

const char *habit_command(const char *word) {
	return find(commands, sizeof(commands) / sizeof(*commands), word);
}

const char *habit_option(const char *word) {
	return find(options, sizeof(options) / sizeof(*options), word);
}
