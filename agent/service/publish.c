/* What the agent looks like from outside: made on the loop, rendered off it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/service/log.h"
#include "agent/service/page.h"
#include "agent/service/service.h"
#include "agent/service/wishes.h"
#include "base/timestamp.h"
#include "reconcile/elsewhere.h"

/* ---- the picture ---- */

static enum agent_state state_of(const struct service *s) {
	if (s->stopping)
		return AGENT_STOPPING;
	if (!s->turn)
		return s->wishes ? AGENT_WAITING : AGENT_STARTING;
	return s->turn->pass->run.id ? AGENT_WRITING : AGENT_PLANNING;
}

static void draw_manifests(const struct service *s, struct picture *p) {
	const struct wishes *w = s->wishes;

	p->manifests.read = s->reader ? reader_read_at(s->reader) : TIMESTAMP_NONE;
	p->manifests.overflows = s->reader ? reader_overflows(s->reader) : 0;
	if (!w)
		return;
	p->wishes = wishes_ref(s->wishes);
	p->manifests.revision = w->revision;
	p->manifests.files = w->files;
	p->manifests.connections = w->connections.n;
	p->manifests.broken = w->broken;
	p->manifests.n_broken = w->n_broken;
}

/* When that is, by the clock on the wall. */
static int64_t clock_of(const struct picture *p, uint64_t then) {
	uint64_t now = uv_hrtime();

	return then > now ? p->now + (int64_t)((then - now) / 1000000000) : TIMESTAMP_NONE;
}

static void draw_elsewhere(const struct service *s, struct picture *p) {
	size_t n = s->away ? s->away->n : 0;
	struct unreachable *v = ARENA_ARRAY(p->a, struct unreachable, n + 1);

	for (size_t i = 0; i < n; i++) {
		const struct absence *one = s->away->v + i;
		struct elsewhere e;
		elsewhere_parse(p->a, one->name, &e);
		v[i] = (struct unreachable){ .host = e.host,
			                     .credential = e.credential,
			                     .forest = e.forest,
			                     .failures = one->failures,
			                     .since = one->since,
			                     .next_try = clock_of(p, one->next_try),
			                     .message = arena_strdup(p->a, one->message) };
	}
	p->elsewhere.v = v;
	p->elsewhere.n = n;
}

static void draw_directory(const struct service *s, struct picture *p) {
	int64_t failures = s->directory.failures;

	p->directory.failures = failures;
	p->directory.since = s->directory.since;
	p->directory.state = failures < BREAKER_FAILURES ? "closed"
	                     : s->turn                   ? "half-open"
	                                                 : "open";
	p->directory.next_try = failures ? clock_of(p, s->directory.next_try) : TIMESTAMP_NONE;
	p->directory.message = arena_strdup(p->a, s->directory.message);
}

/* The timer does not care where the clock on the wall is set. */
static int64_t next_pass(const struct service *s, int64_t now) {
	const uv_handle_t *due = (const uv_handle_t *)&s->due;

	return uv_is_active(due) ? now + (int64_t)(uv_timer_get_due_in(&s->due) + 999) / 1000
	                         : TIMESTAMP_NONE;
}

struct picture *picture_make(struct service *s) {
	const struct session *session = &s->setup->session;
	struct arena *a = arena_new();
	struct picture *p = ARENA_NEW(a, struct picture);

	*p = (struct picture){ .a = a,
		               .now = (int64_t)time(NULL),
		               .started = s->started,
		               .pid = (long)getpid(),
		               .enforce = session->config.agent.enforce,
		               .state = state_of(s),
		               .store_uri = arena_strdup(a, session->store_uri),
		               .directory_uri = arena_strdup(a, session->directory_uri),
		               .last = s->last ? findings_ref(s->last) : NULL,
		               .planned = s->planned ? findings_ref(s->planned) : NULL,
		               .last_success = s->last_success };
	p->next_pass = next_pass(s, p->now);
	p->next_why = p->next_pass == TIMESTAMP_NONE ? NULL : trigger_name(s->due_for);
	size_t n = 0;
	while (session->paths[n])
		n++;
	const char **paths = ARENA_ARRAY(a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		paths[i] = arena_strdup(a, session->paths[i]);
	p->paths = paths;
	p->suspended.is = s->suspended.is;
	p->suspended.reason = arena_strdup(a, s->suspended.reason);
	p->suspended.since = s->suspended.since;
	p->suspended.until = s->suspended.until;
	p->window.any = session->config.agent.n_windows > 0;
	p->window.open = s->window.open;
	p->window.changes = s->window.changes;
	draw_manifests(s, p);
	draw_directory(s, p);
	draw_elsewhere(s, p);
	return p;
}

struct picture *picture_free(struct picture *p) {
	if (!p)
		return NULL;
	findings_unref(p->last);
	findings_unref(p->planned);
	wishes_unref((struct wishes *)(uintptr_t)p->wishes);
	arena_free(p->a);
	return NULL;
}

/* ---- the pages ---- */

struct pages {
	struct job job;
	struct service *service;
	struct picture *picture;
	struct counters counters;
	struct buf metrics, page;
};

static void draw(struct job *job) {
	struct pages *g = (struct pages *)job;

	metrics_render(&g->counters, g->picture, &g->metrics);
	page_render(g->picture, &g->page);
}

/* Ready is who has made a plan of late; a directory that was never reached is not enough. */
static const char *not_ready(const struct picture *p) {
	if (p->state == AGENT_STARTING)
		return "the manifests were not read yet";
	if (p->last_success == TIMESTAMP_NONE)
		return p->last && p->last->message ? p->last->message : "no plan was made yet";
	return NULL;
}

static void on_drawn(struct job *job) {
	struct pages *g = (struct pages *)job;
	struct service *s = g->service;

	s->publishing = false;
	s->counters.queue--;
	s->published = uv_hrtime();
	if (s->http)
		http_publish(s->http, &g->metrics, &g->page, not_ready(g->picture));
	picture_free(g->picture);
	buf_done(&g->metrics);
	buf_done(&g->page);
	free(g);
	if (s->stopping)
		service_ended(s);
	else if (s->dirty)
		publish(s);
}

void publish(struct service *s) {
	struct pages *g;

	s->dirty = s->publishing;
	if (s->publishing || s->stopping)
		return;
	g = calloc(1, sizeof(*g));
	if (!g)
		abort();
	s->counters.http_requests = s->http ? http_requests(s->http) : 0;
	s->counters.control_requests = s->control ? control_requests(s->control) : 0;
	s->counters.log_lines = log_lines();
	*g = (struct pages){ .job = { .work = draw, .done = on_drawn },
		             .service = s,
		             .picture = picture_make(s),
		             .counters = s->counters };
	s->publishing = true;
	s->counters.queue++;
	worker_submit(s->pool, &g->job);
}
