/*
 * agent/service/watch and what trust makes of it, event by event: events are there as soon as the
 * call that caused them returns, so nothing waits here.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/service/trust.h"
#include "agent/service/watch.h"
#include "tests/test.h"

/* `do` are commands of a shell; `hold FILE` begins to write to it, `release` closes it. */
struct row {
	const char *name, *prepare, *paths, *act;
	bool reason; /* to look */
	const char *file, *state;
};

static const char *const states[] = { "unknown", "quiet", "touched", "open" };

struct scene {
	char folder[64];
	uv_loop_t loop;
	struct watch *watch;
	int reasons, held;
	char text[256];
	const char *paths[8];
};

static void on_change(void *context) {
	((struct scene *)context)->reasons++;
}

static void hold(struct scene *s, const char *path) {
	s->held = open(path, O_WRONLY | O_CREAT, 0644);
	if (s->held < 0 || write(s->held, "x", 1) != 1)
		fail_msg("%s cannot be written to", path);
}

static void act(struct scene *s, const char *commands) {
	char *copy = strdup(commands), *rest;

	for (char *one = strtok_r(copy, ";", &rest); one; one = strtok_r(NULL, ";", &rest)) {
		one += strspn(one, " ");
		if (strncmp(one, "hold ", 5) == 0)
			hold(s, one + 5);
		else if (strcmp(one, "release") == 0)
			assert_int_equal(close(s->held), 0);
		else if (system(one) != 0)
			fail_msg("this fails: %s", one);
	}
	free(copy);
}

static void arm(struct scene *s, const char *paths) {
	struct error err;
	size_t n = 0;
	char *rest;

	snprintf(s->text, sizeof(s->text), "%s", paths);
	for (char *p = strtok_r(s->text, " ", &rest); p; p = strtok_r(NULL, " ", &rest))
		s->paths[n++] = p;
	s->paths[n] = NULL;
	if (!watch_arm(s->watch, s->paths, &err))
		fail_msg("%s", err.text);
}

static void begin(struct scene *s, const char *prepare) {
	struct error err;

	*s = (struct scene){ .folder = "/tmp/mbxctl-watch-XXXXXX", .held = -1 };
	assert_non_null(mkdtemp(s->folder));
	assert_int_equal(chdir(s->folder), 0);
	act(s, "mkdir m far; echo a >m/a.yaml; echo c >far/c.yaml");
	act(s, prepare);
	assert_int_equal(uv_loop_init(&s->loop), 0);
	if (watch_start(&s->loop, on_change, s, &s->watch, &err) != OK)
		fail_msg("%s", err.text);
}

static void end(struct scene *s) {
	char command[128];

	watch_stop(s->watch);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	if (s->held >= 0)
		close(s->held);
	snprintf(command, sizeof(command), "rm -rf %s", s->folder);
	assert_int_equal(chdir("/") | system(command), 0);
}

static void check_row(const struct row *r) {
	struct scene s;

	begin(&s, r->prepare);
	arm(&s, r->paths);
	uint64_t since = uv_hrtime();
	act(&s, r->act);
	watch_catch_up(s.watch);
	if (r->reason != (s.reasons > 0))
		fail_msg("%s (%s): %s to look", r->name, r->act,
		         s.reasons ? "there was a reason" : "there was no reason");
	const char *state = states[watch_state_of(s.watch, r->file, since)];
	if (strcmp(state, r->state) != 0)
		fail_msg("%s (%s): %s is %s, not %s", r->name, r->act, r->file, state, r->state);
	enum watch_state later = watch_state_of(s.watch, r->file, uv_hrtime());
	if (strcmp(state, "touched") == 0 && later != WATCH_QUIET)
		fail_msg("%s (%s): later %s is %s, not quiet", r->name, r->act, r->file,
		         states[later]);
	end(&s);
}

static void files(void **state) {
	static const struct row rows[] = {
		{ "nothing", ":", "m", ":", false, "m/a.yaml", "unknown" },
		{ "read", ":", "m", "cat m/a.yaml >/dev/null", false, "m/a.yaml", "unknown" },
		{ "written", ":", "m", "echo b >m/a.yaml", true, "m/a.yaml", "touched" },
		{ "being written", ":", "m", "hold m/a.yaml", false, "m/a.yaml", "open" },
		{ "written and closed", ":", "m", "hold m/a.yaml; release", true, "m/a.yaml",
		  "touched" },
		{ "one of two who write has closed it: unsure, but no longer told as open", ":",
		  "m", "hold m/a.yaml; echo b >>m/a.yaml", true, "m/a.yaml", "touched" },
		{ "made", ":", "m", "hold m/b.yml", true, "m/b.yml", "open" },
		{ "deleted", ":", "m", "rm m/a.yaml", true, "m/a.yaml", "touched" },
		{ "deleted while it is written", ":", "m", "hold m/a.yaml; rm m/a.yaml", true,
		  "m/a.yaml", "touched" },
		{ "moved here", "echo b >b", "m", "mv b m/a.yaml", true, "m/a.yaml", "touched" },
		{ "moved here over one that is written", "echo b >b", "m",
		  "hold m/a.yaml; mv b m/a.yaml", true, "m/a.yaml", "touched" },
		{ "moved while it is written", ":", "m", "hold m/x; mv m/x m/a.yaml", true,
		  "m/a.yaml", "open" },
		{ "another was moved while it is written", ":", "m",
		  "hold m/x; mv m/x m/y; echo b >m/z; mv m/z m/a.yaml", true, "m/a.yaml",
		  "touched" },
		{ "other rights", ":", "m", "chmod 600 m/a.yaml", true, "m/a.yaml", "unknown" },
		{ "a path with a slash behind it", ":", "m/", "hold m/a.yaml", false, "m/a.yaml",
		  "open" },
		{ "a path that is the file", ":", "m/a.yaml", "hold m/a.yaml", false, "m/a.yaml",
		  "open" },
		{ "another file beside that", ":", "m/a.yaml", "echo b >m/b.yaml", false,
		  "m/a.yaml", "unknown" },
		{ "where we are", ":", ".", "hold ./m/a.yaml", false, "./m/a.yaml", "open" },
		{ "a folder that is on the way of another path", "mkdir m/s; echo c >m/s/c.yaml",
		  "m m/s/c.yaml", "echo b >>m/a.yaml", true, "m/a.yaml", "touched" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(rows + i);
}

static void other_names(void **state) {
	static const struct row rows[] = {
		{ "a hidden file", ":", "m", "echo b >m/.a.yaml.swp", false, "m/a.yaml",
		  "unknown" },
		{ "a hidden folder", ":", "m", "mkdir m/.git", false, "m/a.yaml", "unknown" },
		{ "a folder", ":", "m", "mkdir m/s", true, "m/a.yaml", "unknown" },
		{ "other rights of a folder", "mkdir m/s", "m", "chmod 700 m/s", true, "m/a.yaml",
		  "unknown" },
		{ "what may be a link to a folder", ":", "m", "ln -s ../far m/team", true,
		  "m/a.yaml", "unknown" },
		{ "a file of another kind", "echo b >m/notes", "m", "echo c >m/notes", false,
		  "m/a.yaml", "unknown" },
		{ "beside the path", ":", "m", "mkdir n; echo b >b.yaml", false, "m/a.yaml",
		  "unknown" },
		{ "the path itself", ":", "m", "mv m n", true, "m/a.yaml", "unknown" },
		{ "far above", "mkdir -p x/y/m", "x/y/m", "mv x n", true, "x/y/m/a.yaml",
		  "unknown" },
		{ "what is to come", ":", "x/y/m", "mkdir x", true, "x/y/m/a.yaml", "unknown" },
		{ "beside what is to come", ":", "x/y/m", "mkdir y", false, "x/y/m/a.yaml",
		  "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(rows + i);
}

static void links(void **state) {
	static const struct row rows[] = {
		{ "to a file", "ln -s ../far/c.yaml m/c.yaml", "m", "hold far/c.yaml", false,
		  "m/c.yaml", "open" },
		{ "to a file, beside it", "ln -s ../far/c.yaml m/c.yaml", "m", "echo b >far/b.yaml",
		  false, "m/c.yaml", "unknown" },
		{ "to a folder", "ln -s ../far m/t", "m", "hold far/c.yaml", false, "m/t/c.yaml",
		  "open" },
		{ "the path is one", "ln -s far/../m here", "here", "hold m/a.yaml", false,
		  "here/a.yaml", "open" },
		{ "the path is one: it is flipped", "ln -s m here; ln -s far new", "here",
		  "mv -T new here", true, "here/a.yaml", "unknown" },
		{ "by way of a hidden one", "ln -s ../far m/..data; ln -s ..data/c.yaml m/c.yaml",
		  "m", "ln -s .. m/x; mv -T m/x m/..data", true, "m/c.yaml", "unknown" },
		{ "over another", "ln -s far middle; ln -s ../middle/c.yaml m/c.yaml", "m",
		  "rm middle", true, "m/c.yaml", "unknown" },
		{ "to what is to come", "ln -s ../far/d.yaml m/d.yaml", "m", "hold far/d.yaml",
		  true, "m/d.yaml", "open" },
		{ "in a circle", "ln -s b.yaml m/c.yaml; ln -s c.yaml m/b.yaml", "m",
		  "echo b >m/a.yaml", true, "m/a.yaml", "touched" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(rows + i);
}

/* What is watched no longer says nothing more, not even that it is not. */
static void armed_again(void **state) {
	struct scene s;

	(void)state;
	begin(&s, ":");
	arm(&s, "m far");
	arm(&s, "m");
	act(&s, "echo d >far/d.yaml");
	watch_catch_up(s.watch);
	assert_int_equal(s.reasons, 0);
	assert_int_equal(watch_state_of(s.watch, "far/d.yaml", 0), WATCH_UNKNOWN);
	arm(&s, "m");
	act(&s, "hold m/a.yaml");
	watch_catch_up(s.watch);
	arm(&s, "m");
	assert_int_equal(watch_state_of(s.watch, "m/a.yaml", 0), WATCH_OPEN);
	act(&s, "mkdir m/s; echo b >m/s/b.yaml; rm -r m/s");
	watch_catch_up(s.watch);
	assert_int_equal(s.reasons, 1);
	end(&s);
}

static void check_trust(const char *between, bool settled, const char *distrusted) {
	struct arena *a = arena_new();
	struct scene s;

	begin(&s, "touch -d '1 hour ago' m/a.yaml");
	arm(&s, "m");
	uint64_t since = uv_hrtime();
	struct look *earlier = look_take(s.paths);
	act(&s, between);
	struct look *latest = look_take(s.paths);
	struct trust t = { s.watch, since, latest, earlier, 0 };
	assert_true(trust_settled(&t, false) == settled);
	trust_not_open(&t);
	assert_int_equal(t.doubts, *distrusted != '\0');
	for (size_t i = 0; i < latest->n; i++)
		if ((latest->v[i].fault != NULL) != (strcmp(latest->v[i].path, distrusted) == 0))
			fail_msg("%s: %s is %s", between, latest->v[i].path,
			         latest->v[i].fault ? "distrusted" : "trusted");
	look_free(earlier);
	look_free(latest);
	end(&s);
	arena_free(a);
}

/* The same bytes in both looks are not all that counts. */
static void trusted(void **state) {
	(void)state;
	check_trust(":", true, "");
	check_trust("echo b >m/a.yaml", false, "");
	check_trust("echo a >m/a.yaml", false, "");
	check_trust("cp -p m/a.yaml m/x; mv m/x m/a.yaml", false, "");
	check_trust("hold m/a.yaml", true, "m/a.yaml");
	check_trust("hold m/b.yaml", true, "m/b.yaml");
	check_trust("hold m/a.yaml; release", false, "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),   cmocka_unit_test(other_names),
		cmocka_unit_test(links),   cmocka_unit_test(armed_again),
		cmocka_unit_test(trusted),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
