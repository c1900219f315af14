#include "agent/service/page.h"

#include "agent/service/page_parts.h"
#include "base/timestamp.h"

static void head(struct paper *w) {
	buf_puts(w->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	                 "<meta name=\"viewport\" content=\"width=device-width, "
	                 "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
	                 "<meta http-equiv=\"refresh\" content=\"15\">\n<title>");
	page_headline(w);
	buf_printf(w->out, " &ndash; mbxctl %s</title>\n<style>\n%s</style>\n</head>\n<body>\n",
	           agent_state_names[w->p->state], page_style);
}

/* What it does, and when next. */
static void doing(struct paper *w) {
	const struct picture *p = w->p;

	buf_printf(w->out, "<p>mbxctl %s, %s", p->enforce ? "enforces" : "observes",
	           agent_state_names[p->state]);
	if (p->state == AGENT_WAITING && p->next_pass != TIMESTAMP_NONE) {
		buf_puts(w->out, "; next pass ");
		paper_ahead(w, p->next_pass);
		if (p->next_why) {
			buf_puts(w->out, ", ");
			paper_name(w, p->next_why);
		}
	}
	buf_puts(w->out, ".</p>\n");
}

static void header(struct paper *w) {
	static const char *const marks[] = { "&#10003;", "!", "&#10007;" };
	const char *level = page_level(w);
	const char *mark = marks[*level == 'b' ? 2 : level[1] == 'a' ? 1 : 0];

	buf_printf(w->out, "<header class=\"%s\">\n<h1><span aria-hidden=\"true\">%s</span> ",
	           level, mark);
	page_headline(w);
	buf_puts(w->out, "</h1>\n");
	doing(w);
	buf_puts(w->out, "</header>\n");
}

static void count(struct paper *w, const char *word, size_t n) {
	buf_printf(w->out, "<div><dt>%s</dt><dd>%zu</dd></div>\n", word, n);
}

static void counts(struct paper *w) {
	static const char *const planned[] = { "to connect", "to update", "in sync",
		                               "blocked",    "unknown",   "suspended" };
	static const char *const done[OUTCOMES] = { "",          "applied", "failed",       "stale",
		                                    "uncertain", "held",    "not attempted" };

	if (!w->p->planned)
		return;
	buf_puts(w->out, "<section>\n<h2>Connections</h2>\n<p class=\"dim\">As planned ");
	paper_ago(w, w->f->ended);
	buf_puts(w->out, ", and what became of those to be written.</p>\n"
	                 "<dl class=\"counts\">\n");
	count(w, "all", w->f->total);
	for (int i = 0; i < ACTION_DISCONNECT; i++)
		count(w, planned[i], w->f->counts[i]);
	for (int i = OUTCOME_APPLIED; i < OUTCOMES; i++)
		if (w->f->outcomes[i])
			count(w, done[i], w->f->outcomes[i]);
	buf_puts(w->out, "</dl>\n</section>\n");
}

static void fact(struct paper *w, const char *word) {
	buf_printf(w->out, "<div><dt>%s</dt><dd>", word);
}

static void fact_end(struct paper *w) {
	buf_puts(w->out, "</dd></div>\n");
}

static void manifests(struct paper *w) {
	const struct picture *p = w->p;

	buf_puts(w->out, "<section>\n<h2>Manifests</h2>\n<dl class=\"facts\">\n");
	fact(w, "In force");
	paper_count(w, (int64_t)p->manifests.files, "file, ", "files, ");
	paper_count(w, (int64_t)p->manifests.connections, "connection", "connections");
	fact_end(w);
	if (p->manifests.revision) {
		fact(w, "Revision");
		paper_code(w, p->manifests.revision);
		fact_end(w);
	}
	if (p->manifests.read != TIMESTAMP_NONE) {
		fact(w, "Read");
		paper_ago(w, p->manifests.read);
		fact_end(w);
	}
	fact(w, "From");
	for (const char *const *path = p->paths; path && *path; path++) {
		if (path != p->paths)
			buf_puts(w->out, "<br>");
		paper_code(w, *path);
	}
	fact_end(w);
	buf_puts(w->out, "</dl>\n");
	page_errors(w);
	buf_puts(w->out, "</section>\n");
}

static void last_pass(struct paper *w) {
	const struct findings *last = w->p->last;

	fact(w, "Last pass");
	if (!last) {
		buf_puts(w->out, "none has ended yet");
	} else {
		buf_printf(w->out, "%s ", pass_result_names[last->result]);
		paper_ago(w, last->ended);
		buf_printf(w->out, ", took %.1fs; started by: ", last->seconds);
		paper_name(w, last->trigger);
	}
	fact_end(w);
}

static void window(struct paper *w) {
	if (!w->p->window.any)
		return;
	fact(w, "Window");
	buf_puts(w->out, w->p->window.open ? "open" : "closed");
	if (w->p->window.changes != TIMESTAMP_NONE) {
		buf_puts(w->out, w->p->window.open ? "; closes " : "; opens ");
		paper_ahead(w, w->p->window.changes);
	}
	fact_end(w);
}

static void agent(struct paper *w) {
	const struct picture *p = w->p;

	buf_puts(w->out, "<section>\n<h2>Agent</h2>\n<dl class=\"facts\">\n");
	last_pass(w);
	window(w);
	fact(w, "Directory");
	paper_code(w, p->directory_uri);
	fact_end(w);
	fact(w, "Store");
	paper_code(w, p->store_uri);
	fact_end(w);
	fact(w, "Started");
	paper_ago(w, p->started);
	buf_printf(w->out, ", process %ld, version %s", p->pid, MBXCTL_VERSION);
	fact_end(w);
	buf_puts(w->out, "</dl>\n</section>\n");
}

static void footer(struct paper *w) {
	buf_puts(w->out, "<footer>\n<p>As of ");
	paper_time(w, w->p->now);
	buf_puts(w->out, "; the page loads itself anew every 15 seconds. For machines: "
	                 "<a href=\"/metrics\">/metrics</a>, <a href=\"/healthz\">/healthz</a>, "
	                 "<a href=\"/readyz\">/readyz</a>.</p>\n</footer>\n");
}

void page_render(const struct picture *p, struct buf *out) {
	static const struct findings none = { 0 };
	struct paper w = { p, p->planned ? p->planned : &none, arena_new(), out };

	head(&w);
	header(&w);
	buf_puts(out, "<main>\n");
	page_troubles(&w);
	page_attention(&w);
	counts(&w);
	page_deadlines(&w);
	page_runs(&w);
	page_released(&w);
	manifests(&w);
	agent(&w);
	buf_puts(out, "</main>\n");
	footer(&w);
	buf_puts(out, "</body>\n</html>\n");
	arena_free(w.a);
}
