#include "tests/directory/slapd.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/test.h"

enum { SECONDS = 60 };

struct slapd {
	struct arena *arena;
	pid_t pid;
	int requests, answers; /* our ends of its standard input and output */
	const char *uri, *ldap, *ldaps, *ca_file, *dn, *password_file;
};

bool slapd_installed(void) {
	return access("/usr/sbin/slapd", X_OK) == 0 || access("/usr/local/sbin/slapd", X_OK) == 0;
}

/* The next line that it says. A byte at a time: there are few. */
static char *read_line(struct slapd *s) {
	struct pollfd p = { .fd = s->answers, .events = POLLIN };
	char line[4096];
	size_t n = 0;

	for (; n < sizeof(line); n++) {
		if (poll(&p, 1, SECONDS * 1000) <= 0)
			fail_msg("slapd.py does not answer");
		if (read(s->answers, line + n, 1) <= 0)
			fail_msg("slapd.py has ended; what it said stands above");
		if (line[n] == '\n')
			break;
	}
	return arena_copy(s->arena, line, n);
}

static const char *answer(struct slapd *s) {
	const char *line = read_line(s);

	if (strncmp(line, "ok", 2) != 0)
		fail_msg("slapd.py: %s", line);
	return line[2] == ' ' ? line + 3 : "";
}

static const char *ask(struct slapd *s, const char *verb, const char *what) {
	char *line = arena_printf(s->arena, "%s%s%s\n", verb, *what ? " " : "", what);

	assert_int_equal(write(s->requests, line, strlen(line)), strlen(line));
	return answer(s);
}

static void spawn(struct slapd *s, const char *const *options) {
	enum { MAX = 16 };
	extern char **environ;
	const char *source = getenv("MBXCTL_SOURCE"), *argv[MAX] = { "python3" };
	int requests[2], answers[2], n = 1;
	posix_spawn_file_actions_t files;

	argv[n++] = arena_printf(s->arena, "%s/tests/lab/slapd.py", source ? source : ".");
	argv[n++] = "--suffix";
	argv[n++] = "dc=com";
	for (; options && *options && n < MAX - 1; options++)
		argv[n++] = *options;
	/* A later child must not hold our ends open: its end is how slapd.py learns of ours. */
	assert_int_equal(pipe2(requests, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, requests[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, answers[1], STDOUT_FILENO);
	assert_int_equal(posix_spawnp(&s->pid, argv[0], &files, NULL, (char *const *)argv, environ),
	                 0);
	posix_spawn_file_actions_destroy(&files);
	close(requests[0]);
	close(answers[1]);
	s->requests = requests[1];
	s->answers = answers[0];
}

struct slapd *slapd_start(const char *const *options) {
	struct arena *a = arena_new();
	struct slapd *s = ARENA_NEW(a, struct slapd);

	s->arena = a;
	spawn(s, options);
	answer(s);
	s->uri = ask(s, "tell", "LAB_URI");
	s->ldap = ask(s, "tell", "LAB_LDAP_URI");
	s->ldaps = ask(s, "tell", "LAB_LDAPS_URI");
	s->ca_file = ask(s, "tell", "LAB_CA_FILE");
	s->dn = ask(s, "tell", "LAB_DN");
	s->password_file = ask(s, "tell", "LAB_PASSWORD_FILE");
	return s;
}

void slapd_stop(struct slapd *s) {
	if (!s)
		return;
	close(s->requests);
	close(s->answers);
	waitpid(s->pid, NULL, 0);
	arena_free(s->arena);
}

void slapd_load(struct slapd *s, const char *ldif) {
	char path[] = "/tmp/mbxctl-ldif-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, ldif, strlen(ldif)), strlen(ldif));
	close(fd);
	ask(s, "load", path);
	unlink(path);
}

void slapd_request(struct slapd *s, const char *request) {
	ask(s, request, "");
}

const char *slapd_uri(const struct slapd *s) {
	return s->uri;
}

const char *slapd_ldap(const struct slapd *s) {
	return s->ldap;
}

const char *slapd_ldaps(const struct slapd *s) {
	return s->ldaps;
}

const char *slapd_ca_file(const struct slapd *s) {
	return s->ca_file;
}

const char *slapd_dn(const struct slapd *s) {
	return s->dn;
}

const char *slapd_password_file(const struct slapd *s) {
	return s->password_file;
}
