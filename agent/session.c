#include "agent/session.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/file.h"
#include "agent/reach.h"
#include "base/timestamp.h"

enum { CONFIG_BYTES_MAX = 4 * 1024 * 1024 };

static const char *variable(const char *name) {
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The file to read, or NULL where none is named and none is at its usual places. */
static const char *config_path(const struct options *o) {
	static const char *const usual[] = { "mbxctl.yaml", "/etc/mbxctl/mbxctl.yaml" };

	if (o->config)
		return o->config;
	if (variable("MBXCTL_CONFIG"))
		return variable("MBXCTL_CONFIG");
	for (size_t i = 0; i < 2; i++)
		if (access(usual[i], F_OK) == 0)
			return usual[i];
	return NULL;
}

/* Ends a complaint that the config would have answered. */
static int lacks(const struct session *s, const char *what, int code) {
	fprintf(s->complaints, "mbxctl: %s%s\n", what,
	        s->config.file ? ""
	                       : "; there is no config: neither ./mbxctl.yaml nor "
	                         "/etc/mbxctl/mbxctl.yaml");
	return code;
}

static int read_config(struct session *s, const char *path) {
	struct diags diags = { .arena = s->a };
	struct buf text = { 0 };
	struct error err;
	char *bytes;
	size_t len;

	if (file_read(path, CONFIG_BYTES_MAX, &bytes, &len, &err) < 0) {
		fprintf(s->complaints, "mbxctl: %s\n", err.text);
		return EXIT_CONFIG;
	}
	config_decode(s->a, path, bytes, len, &s->config, &diags);
	free(bytes);
	if (!diags.n)
		return 0;
	diags_print(&diags, &text);
	fputs(text.data, s->complaints);
	buf_done(&text);
	return EXIT_CONFIG;
}

static int read_clock(struct session *s) {
	const char *epoch = variable("SOURCE_DATE_EPOCH");
	char *end;

	if (s->o->now) {
		if (timestamp_parse(s->o->now, &s->now, NULL))
			return 0;
		fprintf(s->complaints,
		        "mbxctl: --now takes a time such as 2026-11-01T12:00:00Z, not \"%s\"\n",
		        s->o->now);
		return EXIT_USAGE;
	}
	s->now = (int64_t)time(NULL);
	if (!epoch)
		return 0;
	errno = 0;
	s->now = strtoll(epoch, &end, 10);
	if (!errno && !*end)
		return 0;
	fprintf(s->complaints, "mbxctl: SOURCE_DATE_EPOCH is no number of seconds: \"%s\"\n",
	        epoch);
	return EXIT_USAGE;
}

/* A path of the config is relative to its file; one of a flag or variable to where we are. */
static const char *chosen(struct session *s, const char *flag, const char *name,
                          const char *of_config, const char *scheme) {
	const char *given = flag ? flag : variable(name);
	size_t n = strlen(scheme);

	if (given || !of_config)
		return given;
	if (strncasecmp(of_config, scheme, n) != 0)
		return of_config;
	return arena_printf(s->a, "%s%s", scheme, file_beside(s->a, s->config.file, of_config + n));
}

/* The locks stand beside the file itself, by whatever name somebody comes to it. */
static const char *behind_link(struct arena *a, const char *path) {
	char real[PATH_MAX];
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && realpath(path, real)
	               ? arena_strdup(a, real)
	               : path;
}

static int choose_store(struct session *s) {
	s->store_uri = chosen(s, s->o->store, "MBXCTL_STORE", s->config.store, "sqlite:");
	if (!s->store_uri)
		return 0;
	const char *fault = config_store_fault(s->a, s->store_uri);
	if (fault) {
		fprintf(s->complaints, "mbxctl: the store \"%s\" %s\n", s->store_uri, fault);
		return EXIT_USAGE;
	}
	s->store = behind_link(s->a, s->store_uri + strlen("sqlite:"));
	return 0;
}

static void choose_manifests(struct session *s) {
	size_t n = 0;

	if (s->o->arguments.n) {
		const char **paths = ARENA_ARRAY(s->a, const char *, s->o->arguments.n + 1);
		for (size_t i = 0; i < s->o->arguments.n; i++)
			paths[i] = s->o->arguments.v[i];
		s->paths = paths;
		return;
	}
	if (!s->config.manifests || !s->config.manifests[0])
		return;
	while (s->config.manifests[n])
		n++;
	const char **paths = ARENA_ARRAY(s->a, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		paths[i] = file_beside(s->a, s->config.file, s->config.manifests[i]);
	s->paths = paths;
}

int session_open(struct session *s, const struct options *o, struct arena *a) {
	return session_open_to(s, o, a, stderr);
}

int session_open_to(struct session *s, const struct options *o, struct arena *a, FILE *complaints) {
	*s = (struct session){ .a = a, .o = o, .complaints = complaints };
	config_defaults(&s->config);
	const char *path = config_path(o);
	int code = path ? read_config(s, path) : 0;
	if (!code)
		code = read_clock(s);
	if (!code)
		code = choose_store(s);
	if (code)
		return code;
	choose_manifests(s);
	const struct config *c = &s->config;
	s->directory_uri = chosen(s, o->directory, "MBXCTL_DIRECTORY",
	                          c->directory.uris ? c->directory.uris[0] : NULL, "ldif:");
	const char *fault = s->directory_uri ? config_uri_fault(a, s->directory_uri) : NULL;
	if (fault) {
		fprintf(s->complaints, "mbxctl: the directory \"%s\" %s\n", s->directory_uri,
		        fault);
		return EXIT_USAGE;
	}
	s->settings = (struct settings){
		.primary_domain = c->primary_domain,
		.exchange_version = c->exchange.version,
		.has_shared_display_type = c->exchange.has_shared_display_type,
		.shared_display_type = c->exchange.shared_display_type,
		.limit_changes = o->max_changes >= 0 ? o->max_changes : c->limits.changes,
		.limit_percent = o->max_changes >= 0 ? -1 : c->limits.changes_percent,
	};
	struct error err;
	if (reach_own(s, &err) == OK)
		return 0;
	fprintf(s->complaints, "mbxctl: %s\n", err.text);
	return EXIT_USAGE;
}

int session_needs_store(const struct session *s) {
	return s->store ? 0
	                : lacks(s,
	                        "no store is given: write `store: sqlite:mbxctl.db` into the "
	                        "config, or use --store sqlite:FILE",
	                        EXIT_CONFIG);
}

int session_needs_directory(const struct session *s) {
	return s->directory_uri ? 0
	                        : lacks(s,
	                                "no directory is given: write `directory: {uri: "
	                                "ldif:FILE}` into the config, or use --directory "
	                                "ldif:FILE",
	                                EXIT_CONFIG);
}

int session_needs_paths(const struct session *s) {
	return s->paths ? 0
	                : lacks(s,
	                        "no manifest is given: name a file or folder, or write "
	                        "`manifests: [mailboxes]` into the config",
	                        EXIT_USAGE);
}

const char *session_control(const struct session *s) {
	return file_beside(s->a, s->config.file, s->config.agent.control);
}

bool session_color(const struct options *o) {
	const char *term = variable("TERM"), *force = variable("CLICOLOR_FORCE");

	if (o->color && strcmp(o->color, "auto") != 0)
		return strcmp(o->color, "always") == 0;
	if (variable("NO_COLOR"))
		return false;
	if (force && strcmp(force, "0") != 0)
		return true;
	return isatty(STDOUT_FILENO) && (!term || strcmp(term, "dumb") != 0);
}
