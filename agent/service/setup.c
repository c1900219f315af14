/* The config as the agent uses it: read at the start, and again when it is told to. */
#include <stdlib.h>
#include <string.h>

#include "agent/service/log.h"
#include "agent/service/notify.h"
#include "agent/service/service.h"

static int check(const struct session *s, FILE *complaints) {
	if (!s->config.file) {
		fputs("mbxctl: the agent needs a config, and there is neither ./mbxctl.yaml nor "
		      "/etc/mbxctl/mbxctl.yaml: write one, or name it with --config FILE\n",
		      complaints);
		return EXIT_CONFIG;
	}
	if (!s->store)
		fputs("mbxctl: the agent needs `store` in its config\n", complaints);
	if (!s->directory_uri)
		fputs("mbxctl: the agent needs `directory` in its config\n", complaints);
	if (!s->paths)
		fputs("mbxctl: the agent needs `manifests` in its config\n", complaints);
	for (size_t i = 0; s->paths && s->paths[i]; i++)
		if (strcmp(s->paths[i], "-") == 0) {
			fputs("mbxctl: the agent reads no manifests from standard input\n",
			      complaints);
			return EXIT_CONFIG;
		}
	return s->store && s->directory_uri && s->paths ? 0 : EXIT_CONFIG;
}

int setup_read(const struct options *o, struct setup **ret, FILE *complaints) {
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->a = arena_new();
	int code = session_open_to(&s->session, o, s->a, complaints);
	if (!code)
		code = check(&s->session, complaints);
	if (code) {
		setup_free(s);
		return code;
	}
	*ret = s;
	return 0;
}

struct setup *setup_free(struct setup *s) {
	if (s)
		arena_free(s->a);
	free(s);
	return NULL;
}

/* ---- it takes the place of the one before ---- */

void setup_use(struct service *s) {
	struct setup *old = s->setup;

	if (!s->next_setup)
		return;
	s->setup = s->next_setup;
	s->next_setup = NULL;
	if (s->setup->session.config.agent.enforce != old->session.config.agent.enforce)
		LOG(LEVEL_WARNING, "mode",
		    F_TEXT("mode", s->setup->session.config.agent.enforce ? "enforce" : "observe"));
	service_look_at_windows(s, false);
	s->good_kept = s->judged = false;
	reader_reconfigure(s->reader, s->setup->session.paths, &s->setup->session.config);
	/* A look that is going on may still read the former one. */
	old->next = s->retired;
	s->retired = old;
}

void setup_free_retired(struct service *s) {
	while (s->retired) {
		struct setup *old = s->retired;
		s->retired = old->next;
		setup_free(old);
	}
}

/* ---- it is read again ---- */

struct reload {
	struct job job;
	struct service *service;
	struct setup *setup;
	char *complaints;
	size_t len;
	int code;
};

static void read_again(struct job *job) {
	struct reload *r = (struct reload *)job;
	FILE *complaints = open_memstream(&r->complaints, &r->len);

	if (!complaints)
		abort();
	r->code = setup_read(r->service->o, &r->setup, complaints);
	(void)fclose(complaints);
}

/* These hang on what was opened at the start. */
static void keep_what_is_open(const struct service *s, struct setup *fresh) {
	struct session *now = &s->setup->session, *next = &fresh->session;

	if (strcmp(now->store, next->store) != 0)
		LOG(LEVEL_WARNING, "needs-restart", F_TEXT("field", "store"));
	if (strcmp(session_control(&s->setup->session), session_control(next)) != 0)
		LOG(LEVEL_WARNING, "needs-restart", F_TEXT("field", "agent.control"));
	if (strcmp(now->config.agent.listen ? now->config.agent.listen : "",
	           next->config.agent.listen ? next->config.agent.listen : "") != 0)
		LOG(LEVEL_WARNING, "needs-restart", F_TEXT("field", "agent.listen"));
	next->store = arena_strdup(fresh->a, now->store);
	next->store_uri = arena_strdup(fresh->a, now->store_uri);
}

static void on_read_again(struct job *job) {
	struct reload *r = (struct reload *)job;
	struct service *s = r->service;

	s->counters.queue--;
	if (r->code) {
		LOG(LEVEL_ERROR, "config-invalid", F_TEXT("message", r->complaints),
		    F_TEXT("kept", "the config as it was"));
	} else {
		LOG(LEVEL_INFO, "reloaded", F_TEXT("config", r->setup->session.config.file));
		keep_what_is_open(s, r->setup);
		setup_free(s->next_setup);
		s->next_setup = r->setup;
		passes_interrupt(s, NULL, "the config has changed");
	}
	free(r->complaints);
	free(r);
	if (s->stopping) {
		service_ended(s);
		return;
	}
	notify_ready(s->setup->session.config.agent.enforce ? "enforcing" : "observing");
	if (!s->turn)
		setup_use(s);
	reader_poke(s->reader);
	passes_want(s, TRIGGER_RELOAD);
}

void setup_reload(struct service *s) {
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	notify_reloading();
	*r = (struct reload){ .job = { .work = read_again, .done = on_read_again }, .service = s };
	s->counters.queue++;
	worker_submit(s->pool, &r->job);
}
