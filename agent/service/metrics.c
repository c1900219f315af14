#include "agent/service/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/timestamp.h"

enum { SOON = 7 * 86400 };

static const double bounds[HISTOGRAM_BUCKETS] = { 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
	                                          0.5,   1,     2.5,  5,     10,   30,  60 };

void histogram_add(struct histogram *h, double seconds) {
	size_t i = 0;

	while (i < HISTOGRAM_BUCKETS && seconds > bounds[i])
		i++;
	if (i < HISTOGRAM_BUCKETS)
		h->buckets[i]++;
	h->count++;
	h->sum += seconds;
}

static void family(struct buf *out, const char *name, const char *type, const char *help) {
	buf_printf(out, "# HELP mbxctl_%s %s\n# TYPE mbxctl_%s %s\n", name, help, name, type);
}

static void labelled(struct buf *out, const char *name, const char *label, const char *value,
                     int64_t n) {
	buf_printf(out, "mbxctl_%s{%s=\"", name, label);
	for (; *value; value++) {
		if (*value == '\n')
			buf_puts(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else
			buf_putc(out, *value);
	}
	buf_printf(out, "\"} %" PRId64 "\n", n);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t n) {
	family(out, name, "gauge", help);
	buf_printf(out, "mbxctl_%s %" PRId64 "\n", name, n);
}

static void counter(struct buf *out, const char *name, const char *help, uint64_t n) {
	family(out, name, "counter", help);
	buf_printf(out, "mbxctl_%s %" PRIu64 "\n", name, n);
}

/* A moment that may not have come yet: there is no series then. */
static void moment(struct buf *out, const char *name, const char *help, int64_t t) {
	if (t != TIMESTAMP_NONE)
		gauge(out, name, help, t);
}

/* One series a name, 1 for what is so. */
static void one_of(struct buf *out, const char *name, const char *help, const char *label,
                   const char *const *names, size_t n, const char *which) {
	family(out, name, "gauge", help);
	for (size_t i = 0; i < n; i++)
		labelled(out, name, label, names[i], which && strcmp(names[i], which) == 0);
}

static void histogram(struct buf *out, const char *name, const char *help,
                      const struct histogram *h) {
	uint64_t below = 0;

	family(out, name, "histogram", help);
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		below += h->buckets[i];
		buf_printf(out, "mbxctl_%s_bucket{le=\"%g\"} %" PRIu64 "\n", name, bounds[i],
		           below);
	}
	buf_printf(out,
	           "mbxctl_%s_bucket{le=\"+Inf\"} %" PRIu64 "\nmbxctl_%s_sum %.9g\n"
	           "mbxctl_%s_count %" PRIu64 "\n",
	           name, h->count, name, h->sum, name, h->count);
}

static void agent(struct buf *out, const struct picture *p) {
	static const char *const modes[] = { "observe", "enforce" };

	family(out, "build_info", "gauge", "Always 1; which mbxctl this is.");
	labelled(out, "build_info", "version", MBXCTL_VERSION, 1);
	gauge(out, "start_time_seconds", "When the agent started, in seconds since 1970.",
	      p->started);
	one_of(out, "mode", "Whether the agent writes (enforce) or only plans (observe).", "mode",
	       modes, 2, modes[p->enforce]);
	one_of(out, "state", "What the agent does now.", "state", agent_state_names, AGENT_STATES,
	       agent_state_names[p->state]);
	gauge(out, "suspended", "1 while the agent writes nothing because somebody asked it to.",
	      p->suspended.is);
	gauge(out, "window_open", "1 while the windows of the config allow writing.",
	      !p->window.any || p->window.open);
}

static void passes(struct buf *out, const struct counters *c, const struct picture *p) {
	family(out, "passes_total", "counter", "Passes that ended, by how they did.");
	for (int i = 0; i < PASS_RESULTS; i++)
		labelled(out, "passes_total", "result", pass_result_names[i],
		         (int64_t)c->passes[i]);
	histogram(out, "pass_duration_seconds", "How long whole passes took.", &c->pass);
	histogram(out, "directory_request_duration_seconds",
	          "How long those steps of passes took that ask or change the directory.",
	          &c->directory);
	histogram(out, "store_request_duration_seconds",
	          "How long those steps of passes took that read or write the store.", &c->store);
	moment(out, "last_pass_timestamp_seconds", "When the last pass ended.",
	       p->last ? p->last->ended : TIMESTAMP_NONE);
	moment(out, "last_success_timestamp_seconds", "When a pass could make a plan last.",
	       p->last_success);
	moment(out, "next_pass_timestamp_seconds", "When the next pass is due.", p->next_pass);
}

static void by_code(struct buf *out, const char *name, const char *help, const char *label,
                    const struct code_count *list, size_t n) {
	if (n)
		family(out, name, "gauge", help);
	for (size_t i = 0; i < n; i++)
		labelled(out, name, label, list[i].code, (int64_t)list[i].n);
}

static void connections(struct buf *out, const struct counters *c, const struct findings *f) {
	family(out, "connections", "gauge", "Connections of the last plan, by action.");
	for (int i = 0; i < ACTION_DISCONNECT; i++)
		labelled(out, "connections", "action", action_names[i], (int64_t)f->counts[i]);
	by_code(out, "connections_blocked",
	        "Connections of the last plan that are blocked or unknown, by reason; one with "
	        "several counts for each.",
	        "reason", f->reasons.v, f->reasons.n);
	by_code(out, "connections_held",
	        "Connections of the last plan that only a person may carry out, by hold.", "hold",
	        f->holds.v, f->holds.n);
	family(out, "connections_written_total", "counter",
	       "What became of connections that were to be written, over all passes.");
	for (int i = OUTCOME_APPLIED; i < OUTCOMES; i++)
		labelled(out, "connections_written_total", "outcome", outcome_names[i],
		         (int64_t)c->written[i]);
	gauge(out, "attention",
	      "Connections that need somebody's eyes, or time; those suspended on request aside.",
	      (int64_t)findings_attention(f));
	gauge(out, "over_limit", "1 if the last plan changes more than one run may.",
	      f->over_limit);
}

static void purges(struct buf *out, const struct findings *f, int64_t now) {
	int64_t soon = 0;

	for (size_t i = 0; i < f->deadlines.n; i++)
		soon += f->deadlines.v[i].purge - now < SOON;
	gauge(out, "purges_soon",
	      "Mailboxes that are purged within seven days unless they are connected before, due "
	      "ones too; counted up to a hundred.",
	      soon);
	if (!f->deadlines.n)
		return;
	gauge(out, "nearest_purge_timestamp_seconds",
	      "When the first of the mailboxes that are to be connected is purged.",
	      f->deadlines.v[0].purge);
	gauge(out, "nearest_purge_seconds",
	      "How long it is until then; below zero where it is due already.",
	      f->deadlines.v[0].purge - now);
}

/* The errors of one file stand together. */
static int64_t broken_files(const struct picture *p) {
	const struct broken *b = p->manifests.broken;
	int64_t n = 0;

	for (size_t i = 0; i < p->manifests.n_broken; i++)
		n += i == 0 || strcmp(b[i].diag.at.file, b[i - 1].diag.at.file) != 0;
	return n;
}

static void manifests(struct buf *out, const struct picture *p) {
	gauge(out, "manifests_files", "Manifest files in force.", (int64_t)p->manifests.files);
	gauge(out, "manifests_connections", "Connections that they ask for.",
	      (int64_t)p->manifests.connections);
	gauge(out, "manifests_broken", "Manifest files that have errors now.", broken_files(p));
	moment(out, "manifests_read_timestamp_seconds", "When they were looked through last.",
	       p->manifests.read);
	counter(out, "watch_overflows_total",
	        "How often the kernel dropped events about files, and all was read again.",
	        p->manifests.overflows);
}

static void directory(struct buf *out, const struct picture *p) {
	static const char *const states[] = { "closed", "open", "half-open" };

	one_of(out, "directory_breaker_state",
	       "Whether the directory is asked: closed, as usual; open, not for a while, after "
	       "failures; half-open, once to see.",
	       "state", states, 3, p->directory.state);
	gauge(out, "directory_failures", "How often in a row the directory could not be used.",
	      p->directory.failures);
	gauge(out, "elsewhere_unreachable",
	      "Account forests, and servers that connections name, that did not answer.",
	      (int64_t)p->elsewhere.n);
}

static void loop(struct buf *out, const struct counters *c) {
	gauge(out, "queue_depth", "Jobs that wait for a thread.", (int64_t)c->queue);
	counter(out, "loop_stalls_total",
	        "Turns of the loop that took longer than 50 ms, waiting for a processor included.",
	        c->loop_stalls);
	family(out, "loop_turn_max_seconds", "gauge", "The longest of all turns of the loop.");
	buf_printf(out, "mbxctl_loop_turn_max_seconds %.9g\n", c->loop_max);
	family(out, "loop_cpu_max_seconds", "gauge",
	       "The processor time of the busiest of all turns of the loop.");
	buf_printf(out, "mbxctl_loop_cpu_max_seconds %.9g\n", c->loop_cpu_max);
	counter(out, "control_requests_total", "Requests on the control socket.",
	        c->control_requests);
	counter(out, "http_requests_total", "Requests by HTTP.", c->http_requests);
	counter(out, "log_lines_total", "Lines written to the log.", c->log_lines);
}

void metrics_render(const struct counters *c, const struct picture *p, struct buf *out) {
	static const struct findings none = { 0 };
	const struct findings *planned = p->planned ? p->planned : &none;

	agent(out, p);
	passes(out, c, p);
	connections(out, c, planned);
	purges(out, planned, p->now);
	manifests(out, p);
	directory(out, p);
	loop(out, c);
}
