#include "agent/service/page_parts.h"

#include <inttypes.h>
#include <string.h>

#include "base/timestamp.h"

/* A table whose cells tell, on a narrow screen, below which heading they stand. */
static void table(struct paper *w, const char *const *heads) {
	buf_puts(w->out, "<table>\n<thead><tr>");
	for (; *heads; heads++)
		buf_printf(w->out, "<th scope=\"col\">%s</th>", *heads);
	buf_puts(w->out, "</tr></thead>\n<tbody>\n");
}

static void table_end(struct paper *w) {
	buf_puts(w->out, "</tbody>\n</table>\n");
}

static void cell(struct paper *w, const char *head) {
	buf_printf(w->out, "</td><td data-head=\"%s\">", head);
}

static void more(struct paper *w, size_t shown, size_t total) {
	if (shown < total)
		buf_printf(w->out,
		           "<p>And %zu more: <code>mbxctl plan</code> shows them all.</p>\n",
		           total - shown);
}

/* ---- what needs attention ---- */

static const char *word_of(const struct attention *a) {
	if (a->outcome != OUTCOME_NONE && a->outcome != OUTCOME_APPLIED)
		return outcome_names[a->outcome];
	return action_names[a->action];
}

static void place(struct paper *w, const char *manifest, const struct place *at) {
	buf_puts(w->out, "<small>");
	paper_name(w, manifest);
	buf_puts(w->out, ", ");
	paper_name(w, at->line ? arena_printf(w->a, "%s:%d", at->file, at->line) : at->file);
	buf_puts(w->out, "</small>");
}

static void attention_row(struct paper *w, const struct attention *a) {
	const char *word = word_of(a);

	buf_puts(w->out, "<tr><th scope=\"row\">");
	paper_name(w, a->name);
	buf_puts(w->out, "<br>");
	place(w, a->manifest, &a->at);
	buf_printf(w->out, "</th><td data-head=\"State\"><span class=\"badge %s\">%s</span>", word,
	           word);
	cell(w, "Why");
	paper_code(w, a->code);
	buf_putc(w->out, ' ');
	paper_name(w, a->message);
	cell(w, "Since");
	paper_ago(w, a->since);
	if (a->next_try != TIMESTAMP_NONE) {
		buf_puts(w->out, "<br>next try ");
		paper_ahead(w, a->next_try);
	}
	cell(w, "Purge");
	if (a->purge == TIMESTAMP_NONE)
		buf_puts(w->out, "none");
	else if (a->purge > w->p->now)
		paper_ahead(w, a->purge);
	else {
		buf_puts(w->out, "due since ");
		paper_time(w, a->purge);
	}
	buf_puts(w->out, "</td></tr>\n");
}

/* Those that wait for somebody, or those left alone on request; how many there were. */
static size_t attention_rows(struct paper *w, bool suspended) {
	static const char *const heads[] = { "Connection", "State", "Why", "Since", "Purge", NULL };
	size_t n = 0;

	for (size_t i = 0; i < w->f->attention.n; i++) {
		const struct attention *a = w->f->attention.v + i;
		if ((a->action == ACTION_SUSPENDED) != suspended)
			continue;
		if (!n++)
			table(w, heads);
		attention_row(w, a);
	}
	if (n)
		table_end(w);
	return n;
}

static void advice(struct paper *w) {
	buf_puts(w->out, "<p><code>mbxctl explain MAILBOX</code> tells every rule that was asked");
	if (w->f->outcomes[OUTCOME_HELD])
		buf_puts(w->out,
		         "; a held connection waits for a person: <code>mbxctl apply</code> asks, "
		         "or its <code>allow</code> in the manifest agrees");
	buf_puts(w->out, ".</p>\n");
}

void page_attention(struct paper *w) {
	size_t suspended = w->f->counts[ACTION_SUSPENDED];

	if (findings_attention(w->f)) {
		buf_puts(w->out, "<section>\n<h2>Needs attention</h2>\n");
		advice(w);
		more(w, attention_rows(w, false), findings_attention(w->f));
		buf_puts(w->out, "</section>\n");
	}
	if (suspended) {
		buf_puts(w->out, "<section>\n<h2>Suspended on request</h2>\n");
		more(w, attention_rows(w, true), suspended);
		buf_puts(w->out, "</section>\n");
	}
}

/* ---- purge dates ---- */

static void deadline_row(struct paper *w, const struct deadline *d) {
	buf_puts(w->out, "<tr><th scope=\"row\">");
	paper_name(w, d->name);
	buf_puts(w->out, "<br><small>");
	paper_name(w, d->manifest);
	buf_puts(w->out, "</small></th><td data-head=\"Purge\">");
	if (d->purge > w->p->now)
		paper_ahead(w, d->purge);
	else {
		buf_puts(w->out, "due since ");
		paper_time(w, d->purge);
	}
	cell(w, "Plan");
	buf_printf(w->out, "<span class=\"badge %s\">%s</span>", action_names[d->action],
	           action_names[d->action]);
	cell(w, "Mailbox");
	paper_name(w, d->mailbox);
	buf_puts(w->out, " in ");
	paper_name(w, d->database);
	buf_puts(w->out, "</td></tr>\n");
}

void page_deadlines(struct paper *w) {
	static const char *const heads[] = { "Connection", "Purge", "Plan", "Mailbox", NULL };

	if (!w->f->deadlines.n)
		return;
	buf_puts(w->out, "<section id=\"purges\">\n<h2>Purge dates</h2>\n"
	                 "<p>These mailboxes are gone for good on their date unless they are "
	                 "connected before.</p>\n");
	table(w, heads);
	for (size_t i = 0; i < w->f->deadlines.n; i++)
		deadline_row(w, w->f->deadlines.v + i);
	table_end(w);
	more(w, w->f->deadlines.n, w->f->deadlines_total);
	buf_puts(w->out, "</section>\n");
}

/* ---- the last runs ---- */

static void run_counts(struct paper *w, const struct run *r) {
	const struct {
		const char *word;
		int64_t n;
	} counts[] = { { "applied", r->applied }, { "failed", r->failed },
		       { "stale", r->stale },     { "uncertain", r->uncertain },
		       { "held", r->held },       { "not attempted", r->not_attempted } };
	const char *between = "";

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		if (!counts[i].n)
			continue;
		buf_printf(w->out, "%s%" PRId64 " %s", between, counts[i].n, counts[i].word);
		between = ", ";
	}
	if (!*between)
		buf_puts(w->out, "nothing");
}

void page_runs(struct paper *w) {
	static const char *const heads[] = { "Run", "Began", "Outcome", "Connections", NULL };

	if (!w->f->n_runs)
		return;
	buf_puts(w->out, "<section>\n<h2>Last runs</h2>\n");
	table(w, heads);
	for (size_t i = 0; i < w->f->n_runs; i++) {
		const struct run *r = w->f->runs + i;
		buf_printf(w->out, "<tr><th scope=\"row\">%" PRId64 " <small>", r->id);
		paper_name(w, r->mode);
		buf_puts(w->out, "</small></th><td data-head=\"Began\">");
		paper_ago(w, r->started);
		cell(w, "Outcome");
		paper_name(w, *r->outcome ? r->outcome : "not ended");
		cell(w, "Connections");
		run_counts(w, r);
		buf_puts(w->out, "</td></tr>\n");
	}
	table_end(w);
	buf_puts(w->out, "<p><code>mbxctl history RUN</code> shows what each changed.</p>\n"
	                 "</section>\n");
}

/* ---- manifests ---- */

void page_errors(struct paper *w) {
	static const char *const heads[] = { "Place", "Error", "Meanwhile", NULL };

	if (!w->p->manifests.n_broken)
		return;
	buf_puts(w->out, "<h3 id=\"errors\">Errors</h3>\n");
	table(w, heads);
	for (size_t i = 0; i < w->p->manifests.n_broken; i++) {
		const struct broken *b = w->p->manifests.broken + i;
		const struct place *at = &b->diag.at;
		buf_puts(w->out, "<tr><th scope=\"row\">");
		paper_name(w,
		           at->line ? arena_printf(w->a, "%s:%d:%d", at->file, at->line, at->column)
		                    : at->file);
		buf_puts(w->out, "</th><td data-head=\"Error\">");
		paper_code(w, b->diag.code);
		buf_putc(w->out, ' ');
		paper_name(w, b->diag.message);
		cell(w, "Meanwhile");
		buf_puts(w->out,
		         b->kept ? "its last good version stays in force"
		                 : "no good version of it is known: its connections are left out");
		buf_puts(w->out, "</td></tr>\n");
	}
	table_end(w);
}

void page_released(struct paper *w) {
	if (!w->f->released.n)
		return;
	buf_puts(w->out, "<section>\n<h2>Released</h2>\n"
	                 "<p>These are in no manifest any more and were left as they are.</p>\n"
	                 "<ul>\n");
	for (size_t i = 0; i < w->f->released.n; i++) {
		buf_puts(w->out, "<li>");
		paper_name(w, w->f->released.v[i].name);
		buf_puts(w->out, " <small>");
		paper_name(w, w->f->released.v[i].manifest);
		buf_puts(w->out, "</small></li>\n");
	}
	buf_puts(w->out, "</ul>\n</section>\n");
}
