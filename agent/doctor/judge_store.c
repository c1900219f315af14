/* The store: is it there, is it whole, is it young? */
#include <inttypes.h>

#include "agent/doctor/checks.h"
#include "base/timestamp.h"

enum { DAY = 24 * 60 * 60 };

static void judge_file(struct checks *c, const struct store_facts *f) {
	struct examined_texts faults = { f->faults, f->n_faults, f->n_faults };

	check(c, "file", VERDICT_OK, NULL, "%s, format %" PRId64, f->uri, f->format);
	if (f->n_faults)
		check(c, "integrity", VERDICT_FAULT,
		      "put a copy of it from before in its place; without one, import the "
		      "inventory into a new store (the history of runs is lost then)",
		      "SQLite finds it damaged: %s", listed(c->a, &faults, 3));
	else
		check(c, "integrity", VERDICT_OK, NULL, "SQLite finds it whole");
}

static void judge_age(struct checks *c, const struct store_facts *f, int64_t now) {
	struct examined_texts old = { 0 };
	char text[TIMESTAMP_TEXT];

	for (size_t i = 0; i < f->n_databases; i++) {
		const struct database_row *d = f->databases + i;
		if (d->imported == TIMESTAMP_NONE)
			ARENA_PUSH(c->a, &old, arena_printf(c->a, "%s (never)", d->name));
		else if (now - d->imported > DAY)
			ARENA_PUSH(c->a, &old,
			           arena_printf(c->a, "%s (%s ago)", d->name,
			                        duration_text(now - d->imported, text)));
	}
	if (!f->n_databases)
		check(c, "inventory", VERDICT_WARNING,
		      "import what Get-MailboxDatabase and Get-MailboxStatistics write: `mbxctl "
		      "store import FILE...`",
		      "it holds no database yet");
	else if (old.n)
		check(c, "inventory", VERDICT_WARNING,
		      "import their mailboxes again, as Get-MailboxStatistics writes them: "
		      "`mbxctl store import FILE...`",
		      "not imported within a day: %s (inventory-old)", listed(c->a, &old, 5));
	else
		check(c, "inventory", VERDICT_OK, NULL,
		      "%zu database%s, %zu mailbox%s, imported within a day", f->n_databases,
		      f->n_databases == 1 ? "" : "s", f->n_mailboxes,
		      f->n_mailboxes == 1 ? "" : "es");
}

void judge_store(struct checks *c, const struct store_facts *f, int64_t now) {
	if (f->unreadable) {
		c->unreachable = true;
		check(c, "file", VERDICT_FAULT,
		      "see that the file is there and may be read, or name another with --store",
		      "%s", f->unreadable);
		return;
	}
	judge_file(c, f);
	if (f->n_faults)
		return;
	judge_age(c, f, now);
	if (f->n_intents)
		check(c, "intents", VERDICT_WARNING,
		      "the next `mbxctl apply`, or the agent, settles them before anything else",
		      "%zu write%s begun and never settled (intent-open)", f->n_intents,
		      f->n_intents == 1 ? " was" : "s were");
	else
		check(c, "intents", VERDICT_OK, NULL, "nothing was begun and left open");
}
