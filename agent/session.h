/*
 * session -- what one command works with: the config, the variables and the flags in one.
 *
 * A flag beats a variable (MBXCTL_CONFIG, MBXCTL_STORE, MBXCTL_DIRECTORY, MBXCTL_DC), which beats
 * the file.
 */
#pragma once

#include <stdio.h>

#include "agent/command.h"
#include "reconcile/plan.h"
#include "spec/config.h"
#include "store/directory/directory.h"

struct session {
	struct arena *a;
	const struct options *o;
	FILE *complaints; /* where what is wrong is told */
	struct config config;
	const char *const *paths;  /* of manifests; NULL-ended; NULL: none given */
	const char *store;         /* the file; NULL: none given */
	const char *store_uri;     /* as people know it */
	const char *directory_uri; /* likewise; NULL: none given */
	struct directory_options directory;
	struct settings settings;
	int64_t now;
};

/* Reads the config and the clock. An exit code, with the reason printed; 0 to go on. */
int session_open(struct session *s, const struct options *o, struct arena *a);
/* The same, with the reason printed there. */
int session_open_to(struct session *s, const struct options *o, struct arena *a, FILE *complaints);

/* 0, or EXIT_CONFIG with what is missing printed. */
int session_needs_store(const struct session *s);
int session_needs_directory(const struct session *s);

/* EXIT_USAGE with a message where neither arguments nor the config name manifests. */
int session_needs_paths(const struct session *s);

/* Where the agent of this config listens. */
const char *session_control(const struct session *s);

/* Whether what goes to standard output is coloured. */
bool session_color(const struct options *o);
