#include "tests/directory/passing.h"

#include <sys/wait.h>

void pass_open(struct pass *p, const char *path) {
	p->d = directory_at(&p->f, path, NULL, NULL);
	p->m = modifications_read(p->f.arena,
	                          "> cn=a,dc=x\nmail: m => n\n> cn=b,dc=x\nmail: x => y\n", &p->n);
	p->err = (struct error){ 0 };
}

void pass_begin(struct pass *p, const char *path) {
	pass_open(p, path);
	if (directory_begin(p->d, true, &p->err) < 0)
		fail_msg("%s", p->err.text);
}

void setup(struct pass *p) {
	folder_make(&p->f);
	pass_begin(p, folder_put(&p->f, "a", BEFORE));
}

int apply(struct pass *p) {
	return directory_apply(p->d, p->f.arena, p->m, p->n, &p->err);
}

const char *outcome(struct pass *p) {
	return outcomes_text(p->f.arena, p->m, p->n);
}

void pass_done(struct pass *p) {
	directory_end(p->d);
	p->d = directory_free(p->d);
}

void teardown(struct pass *p) {
	pass_done(p);
	folder_remove(&p->f);
}

void assert_untouched(struct pass *p) {
	assert_string_equal(folder_read(&p->f, "a", NULL), BEFORE);
	assert_string_equal(folder_list(&p->f), "a a.lock ");
}

void as_nobody(struct pass *p, void (*body)(struct pass *p)) {
	pid_t child = fork();
	int status;

	if (child == 0) {
		/* Sanitizers look for leaks at exit; what the parent made is not ours. */
		if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		body(p);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("the child ended with %d", status);
}

#define CHANGED(f)                                                                                 \
	arena_printf((f).arena,                                                                    \
	             "stale: %s/a was changed by somebody else since it was read; nothing was "    \
	             "written\n" STALE_B,                                                          \
	             (f).path)

void assert_changed(struct pass *p, const char *bytes) {
	assert_int_equal(apply(p), OK);
	assert_int_equal(p->err.code, OK);
	assert_string_equal(outcome(p), CHANGED(p->f));
	assert_string_equal(folder_read(&p->f, "a", NULL), bytes);
	assert_string_equal(folder_list(&p->f), "a a.lock ");
}
