#include "agent/service/page_parts.h"

#include <string.h>

#include "base/timestamp.h"

enum { SOON = 7 * 86400 };

/* ---- what may be the matter with the agent as a whole ---- */

static bool no_plan(const struct paper *w) {
	return w->p->last && w->p->last->result == PASS_RESULT_FAILED;
}

static bool over_limit(const struct paper *w) {
	return w->f->over_limit;
}

static bool no_directory(const struct paper *w) {
	return strcmp(w->p->directory.state, "closed") != 0;
}

static bool somebody_away(const struct paper *w) {
	return w->p->elsewhere.n > 0;
}

static bool no_pass_yet(const struct paper *w) {
	return !w->p->last;
}

static bool is_suspended(const struct paper *w) {
	return w->p->suspended.is;
}

static bool is_broken(const struct paper *w) {
	return w->p->manifests.n_broken > 0;
}

static bool purges_soon(const struct paper *w) {
	return w->f->deadlines.n && w->f->deadlines.v[0].purge - w->p->now < SOON;
}

static bool window_closed(const struct paper *w) {
	return w->p->window.any && !w->p->window.open;
}

static bool observes(const struct paper *w) {
	return !w->p->enforce;
}

/* ---- and what is to be said of it ---- */

static void say_no_plan(struct paper *w) {
	const struct findings *last = w->p->last;

	paper_name(w, last->message ? last->message : "the log says why");
	buf_puts(w->out, "; it was tried ");
	paper_ago(w, last->ended);
	if (w->p->planned && w->p->planned != last) {
		buf_puts(w->out, "; what is shown of connections was so ");
		paper_ago(w, w->p->planned->ended);
	}
	buf_puts(w->out, ".");
}

static void say_over_limit(struct paper *w) {
	if (w->f->message) {
		paper_name(w, w->f->message);
		return;
	}
	buf_puts(w->out, "the plan changes more than one run may. Look at it with "
	                 "<code>mbxctl plan</code>; a person may lift the limit with "
	                 "<code>mbxctl apply --max-changes N</code>.");
}

static void say_no_directory(struct paper *w) {
	const struct picture *p = w->p;

	paper_code(w, p->directory_uri);
	buf_puts(w->out, " failed ");
	paper_count(w, p->directory.failures, "time", "times in a row");
	if (p->directory.message) {
		buf_puts(w->out, " (");
		paper_name(w, p->directory.message);
		buf_putc(w->out, ')');
	}
	if (strcmp(p->directory.state, "half-open") == 0)
		buf_puts(w->out, "; it is tried again now");
	else {
		buf_puts(w->out, "; it was given up ");
		paper_ago(w, p->directory.since);
	}
	if (p->directory.next_try != TIMESTAMP_NONE) {
		buf_puts(w->out, "; next try ");
		paper_ahead(w, p->directory.next_try);
	}
	buf_puts(w->out, ".");
}

static void say_away(struct paper *w) {
	for (size_t i = 0; i < w->p->elsewhere.n; i++) {
		const struct unreachable *u = w->p->elsewhere.v + i;
		buf_puts(w->out, i ? "; " : "");
		paper_code(w, u->host);
		buf_puts(w->out, " failed ");
		paper_count(w, u->failures, "time", "times in a row");
		buf_puts(w->out, " (");
		paper_name(w, u->message);
		buf_puts(w->out, "), the first ");
		paper_ago(w, u->since);
		if (u->next_try != TIMESTAMP_NONE) {
			buf_puts(w->out, "; next try ");
			paper_ahead(w, u->next_try);
		}
	}
	buf_puts(w->out, ". What is not linked there goes on.");
}

static void say_no_pass_yet(struct paper *w) {
	buf_puts(w->out, "it began ");
	paper_ago(w, w->p->started);
	buf_puts(w->out, ", and no pass has ended yet.");
}

static void say_suspended(struct paper *w) {
	const struct picture *p = w->p;

	buf_puts(w->out, "nothing is written, because somebody asked for it ");
	paper_ago(w, p->suspended.since);
	if (*p->suspended.reason) {
		buf_puts(w->out, ": ");
		paper_name(w, p->suspended.reason);
	}
	if (p->suspended.until != TIMESTAMP_NONE) {
		buf_puts(w->out, ". It ends ");
		paper_ahead(w, p->suspended.until);
		buf_puts(w->out, ", or earlier by <code>mbxctl resume</code>.");
	} else {
		buf_puts(w->out, ". It ends by <code>mbxctl resume</code>.");
	}
}

static void say_broken(struct paper *w) {
	paper_count(w, (int64_t)w->p->manifests.n_broken, "error", "errors");
	buf_puts(w->out,
	         ": see <a href=\"#errors\">Manifests</a>. The other files are not held up.");
}

static void say_purges_soon(struct paper *w) {
	const struct deadline *first = w->f->deadlines.v;
	int64_t n = 0;

	for (size_t i = 0; i < w->f->deadlines.n; i++)
		n += w->f->deadlines.v[i].purge - w->p->now < SOON;
	paper_count(w, n, "mailbox is", "mailboxes are");
	buf_puts(w->out, " purged within seven days unless connected before; the first, ");
	paper_name(w, first->name);
	buf_puts(w->out, first->purge > w->p->now ? ", " : ", is due since ");
	if (first->purge > w->p->now)
		paper_ahead(w, first->purge);
	else
		paper_time(w, first->purge);
	buf_puts(w->out, ": see <a href=\"#purges\">Purge dates</a>.");
}

static void say_window_closed(struct paper *w) {
	buf_puts(w->out, "the windows of the config let nothing be written now");
	if (w->p->window.changes != TIMESTAMP_NONE) {
		buf_puts(w->out, "; the next opens ");
		paper_ahead(w, w->p->window.changes);
	}
	buf_puts(w->out, ".");
}

static void say_observes(struct paper *w) {
	buf_puts(w->out, "it plans and writes nothing: <code>agent.mode</code> is "
	                 "<code>observe</code>.");
}

/* The worst first: the headline is the first of those that are bad. */
enum level { LEVEL_BAD, LEVEL_WARN, LEVEL_NOTE };
static const struct trouble {
	enum level level;
	const char *words;
	bool (*is)(const struct paper *w);
	void (*say)(struct paper *w);
} troubles[] = {
	{ LEVEL_BAD, "No plan could be made", no_plan, say_no_plan },
	{ LEVEL_BAD, "Over a limit, so nothing is written", over_limit, say_over_limit },
	{ LEVEL_BAD, "The directory is out of reach", no_directory, say_no_directory },
	{ LEVEL_BAD, "Mailboxes are about to be purged", purges_soon, say_purges_soon },
	{ LEVEL_WARN, "An account forest or server is out of reach", somebody_away, say_away },
	{ LEVEL_WARN, "Suspended on request", is_suspended, say_suspended },
	{ LEVEL_WARN, "Manifests with errors", is_broken, say_broken },
	{ LEVEL_WARN, "Starting", no_pass_yet, say_no_pass_yet },
	{ LEVEL_NOTE, "Outside its windows", window_closed, say_window_closed },
	{ LEVEL_NOTE, "The agent observes", observes, say_observes },
};
enum { TROUBLES = sizeof(troubles) / sizeof(*troubles) };

/* The first that a headline is made of. */
static const struct trouble *worst(const struct paper *w) {
	for (size_t i = 0; i < TROUBLES; i++)
		if (troubles[i].level != LEVEL_NOTE && troubles[i].is(w))
			return troubles + i;
	return NULL;
}

const char *page_level(const struct paper *w) {
	const struct trouble *t = worst(w);

	if (t && t->level == LEVEL_BAD)
		return "bad";
	return t || findings_attention(w->f) ? "warn" : "well";
}

void page_headline(struct paper *w) {
	const struct trouble *t = worst(w);
	size_t n = findings_attention(w->f);

	if (t)
		buf_puts(w->out, t->words);
	else if (n) {
		paper_count(w, (int64_t)n, "connection needs attention",
		            "connections need attention");
	} else {
		buf_puts(w->out, "All is well");
	}
}

void page_troubles(struct paper *w) {
	static const char *const classes[] = { "bad", "warn", "note" };
	bool any = false;

	for (size_t i = 0; i < TROUBLES; i++) {
		if (!troubles[i].is(w))
			continue;
		if (!any)
			buf_puts(w->out, "<ul class=\"troubles\">\n");
		any = true;
		buf_printf(w->out, "<li class=\"%s\"><strong>%s:</strong> ",
		           classes[troubles[i].level], troubles[i].words);
		troubles[i].say(w);
		buf_puts(w->out, "</li>\n");
	}
	if (any)
		buf_puts(w->out, "</ul>\n");
}
