/* agent/revision: HEAD of checkouts that git itself made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/revision.h"
#include "tests/test.h"

static char folder[] = "/tmp/mbxctl-revision-XXXXXX";

static void run(const char *command) {
	if (system(command) != 0)
		fail_msg("this fails: %s", command);
}

static int set_up(void **state) {
	(void)state;
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("HOME", folder, 1);
	run("mkdir plain && git init -q empty && git init -q repo && cd repo && mkdir -p m/s && "
	    "echo a >m/s/hq.yaml && git add . && "
	    "git -c user.name=a -c user.email=a@b commit -qm one && "
	    "git worktree add -q ../trees/one && ln -s trees/one ../current && "
	    "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m two");
	return 0;
}

static int tear_down(void **state) {
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return chdir("/") || system(command);
}

/* What git says, or "" where it says nothing. */
static const char *asked(const char *where, char out[static 64]) {
	char command[256];

	*out = '\0';
	snprintf(command, sizeof(command), "git -C %s rev-parse HEAD", where);
	FILE *pipe = popen(command, "r");
	if (!pipe || !fgets(out, 64, pipe))
		*out = '\0';
	if (pipe)
		pclose(pipe);
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void expect(struct arena *a, const char *path, const char *hash) {
	const char *got = revision_of(a, path);

	if (strcmp(got ? got : "none", hash) != 0)
		fail_msg("%s: %s, not %s", path, got ? got : "none", hash);
}

static void checkouts(void **state) {
	struct arena *a = arena_new();
	char first[64], second[64], path[128];

	(void)state;
	asked("trees/one", first);
	asked("repo", second);
	assert_int_equal(strlen(first), 40);
	assert_string_not_equal(first, second);
	expect(a, "repo", second);
	expect(a, "repo/m/s", second);
	expect(a, "repo/m/s/hq.yaml", second);
	expect(a, "trees/one/m", first);
	expect(a, "current/m", first);
	expect(a, "current/m/s/hq.yaml", first);
	snprintf(path, sizeof(path), "%s/repo/m", folder);
	expect(a, path, second);
	run("ln -sfn repo current");
	expect(a, "current/m", second);
	arena_free(a);
}

static void none(void **state) {
	struct arena *a = arena_new();

	(void)state;
	expect(a, "plain", "none");
	expect(a, "empty", "none");
	expect(a, "nowhere", "none");
	expect(a, "nowhere/at/all", "none");
	arena_free(a);
}

/* Where root looks at what somebody else checked out, as an agent may; and at a strange config. */
static void somebody_elses(void **state) {
	struct arena *a = arena_new();
	char second[64];

	(void)state;
	asked("repo", second);
	if (geteuid() == 0)
		run("chown -R 12345 repo");
	run("printf '[core]\\n\\tfsmonitor = touch ran\\n\\tpager = touch ran\\n' "
	    ">>repo/.git/config");
	expect(a, "repo/m", second);
	assert_int_equal(access("repo/m/ran", F_OK) & access("ran", F_OK), -1);
	arena_free(a);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checkouts),
		cmocka_unit_test(none),
		cmocka_unit_test(somebody_elses),
	};

	return cmocka_run_group_tests_name("revision", tests, set_up, tear_down);
}
