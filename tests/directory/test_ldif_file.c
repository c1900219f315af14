/* The file as a file: who may write, what is left behind, and what happens when writing fails. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/directory/ldif.h"
#include "tests/directory/fixture.h"
#include "tests/test.h"

#define BEFORE "dn: CN=a,DC=x\nmail: m\n\ndn: CN=b,DC=x\nmail: m\n"
#define AFTER  "dn: CN=a,DC=x\nmail: n\n\ndn: CN=b,DC=x\nmail: m\n"
#define DRAFT  ".a.mbxctl-new"

struct pass {
	struct folder f;
	struct directory *d;
	struct modification *m;
	size_t n;
	struct error err;
};

static void pass_open(struct pass *p, const char *path) {
	p->d = directory_at(&p->f, path, NULL, NULL);
	p->m = modifications_read(p->f.arena,
	                          "> cn=a,dc=x\nmail: m => n\n> cn=b,dc=x\nmail: x => y\n", &p->n);
	p->err = (struct error){ 0 };
}

static void pass_begin(struct pass *p, const char *path) {
	pass_open(p, path);
	if (directory_begin(p->d, true, &p->err) < 0)
		fail_msg("%s", p->err.text);
}

/* A folder with the file `a`, and a pass that may write to it. */
static void setup(struct pass *p) {
	folder_make(&p->f);
	pass_begin(p, folder_put(&p->f, "a", BEFORE));
}

static int apply(struct pass *p) {
	return directory_apply(p->d, p->f.arena, p->m, p->n, &p->err);
}

static const char *outcome(struct pass *p) {
	return outcomes_text(p->f.arena, p->m, p->n);
}

static void pass_done(struct pass *p) {
	directory_end(p->d);
	p->d = directory_free(p->d);
}

static void teardown(struct pass *p) {
	pass_done(p);
	folder_remove(&p->f);
}

#define STALE_B "stale: mail was x when this was planned and is m now\n"

/* Nothing of it happened, and nothing is left of the attempt. */
static void assert_untouched(struct pass *p) {
	assert_string_equal(folder_read(&p->f, "a", NULL), BEFORE);
	assert_string_equal(folder_list(&p->f), "a a.lock ");
}

/* In a process of its own, which permissions hold for even where the tests run as root. */
static void as_nobody(struct pass *p, void (*body)(struct pass *p)) {
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

#define CHILD_ASSERT(what)                                                                         \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #what);                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* ---- reading -------------------------------------------------------------------------------- */

static void read_body(struct pass *p) {
	CHILD_ASSERT(directory_begin(p->d, false, &p->err) == OK);
	directory_end(p->d);
	CHILD_ASSERT(directory_begin(p->d, true, &p->err) == ERR_IO);
	CHILD_ASSERT(strstr(p->err.text, "a.lock: Permission denied"));
}

static void reading_needs_no_permission_to_write(void **state) {
	struct pass p;

	(void)state;
	folder_make(&p.f);
	pass_open(&p, folder_put(&p.f, "a", BEFORE));
	assert_int_equal(chmod(folder_path(&p.f, "a"), 0444), 0);
	assert_int_equal(chmod(p.f.path, 0555), 0);
	as_nobody(&p, read_body);
	assert_string_equal(folder_list(&p.f), "a ");
	teardown(&p);
}

static void reading_leaves_a_draft_alone(void **state) {
	struct pass p;

	(void)state;
	folder_make(&p.f);
	pass_open(&p, folder_put(&p.f, "a", BEFORE));
	folder_put(&p.f, DRAFT, "x");
	assert_int_equal(directory_begin(p.d, false, &p.err), OK);
	assert_string_equal(folder_list(&p.f), DRAFT " a ");
	teardown(&p);
}

/* ---- the lock ------------------------------------------------------------------------------- */

static void one_writer_at_a_time(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	char *link = folder_path(&p.f, "link");
	assert_int_equal(symlink("a", link), 0);
	const char *const paths[] = { folder_path(&p.f, "a"), link };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct directory *d = directory_at(&p.f, paths[i], NULL, NULL);
		assert_int_equal(directory_begin(d, true, &p.err), ERR_LOCKED);
		assert_non_null(strstr(p.err.text, "(mbxctl apply)"));
		assert_int_equal(directory_begin(d, false, &p.err), OK);
		directory_free(d);
	}
	directory_end(p.d);
	assert_int_equal(directory_begin(p.d, true, &p.err), OK);
	teardown(&p);
}

static void a_failed_begin_holds_no_lock(void **state) {
	struct pass p, other;

	(void)state;
	folder_make(&p.f);
	pass_open(&p, folder_put(&p.f, "a", "x"));
	assert_int_equal(directory_begin(p.d, true, &p.err), ERR_INVALID);
	other.f = p.f;
	folder_put(&p.f, "a", BEFORE);
	pass_begin(&other, folder_path(&p.f, "a"));
	pass_done(&other);
	teardown(&p);
}

/* ---- what stays ----------------------------------------------------------------------------- */

static void mode_and_owner_stay(void **state) {
	struct stat st;
	struct pass p;

	(void)state;
	folder_make(&p.f);
	char *path = folder_put(&p.f, "a", BEFORE);
	assert_int_equal(chmod(path, 0604), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(path, 1234, 4321), 0);
	pass_begin(&p, path);
	assert_int_equal(apply(&p), OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	assert_int_equal(st.st_uid, geteuid() == 0 ? 1234 : geteuid());
	assert_int_equal(st.st_gid, geteuid() == 0 ? 4321 : getegid());
	assert_string_equal(folder_read(&p.f, "a", NULL), AFTER);
	teardown(&p);
}

static void group_body(struct pass *p) {
	CHILD_ASSERT(directory_begin(p->d, true, &p->err) == OK);
	CHILD_ASSERT(apply(p) == OK);
}

/* A group that was never meant gets no more than everybody. */
static void a_group_that_cannot_stay_loses_its_rights(void **state) {
	struct stat st;
	struct pass p;

	(void)state;
	if (geteuid() != 0)
		skip();
	folder_make(&p.f);
	char *path = folder_put(&p.f, "a", BEFORE);
	assert_int_equal(chown(path, 65534, 4321), 0);
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(chmod(p.f.path, 0777), 0);
	pass_open(&p, path);
	as_nobody(&p, group_body);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_gid, 65534);
	teardown(&p);
}

static void a_link_stays_a_link(void **state) {
	struct stat st;
	struct pass p;

	(void)state;
	folder_make(&p.f);
	assert_int_equal(mkdir(folder_path(&p.f, "there"), 0700), 0);
	folder_put(&p.f, "there/a", BEFORE);
	char *link = folder_path(&p.f, "link");
	assert_int_equal(symlink("there/a", link), 0);
	pass_begin(&p, link);
	assert_int_equal(apply(&p), OK);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_string_equal(folder_read(&p.f, "there/a", NULL), AFTER);
	assert_string_equal(folder_list(&p.f), "link there ");
	teardown(&p);
}

static void nothing_to_write_touches_nothing(void **state) {
	struct stat before, after;
	struct pass p;

	(void)state;
	setup(&p);
	char *path = folder_path(&p.f, "a");
	p.m[0].outcome = OUTCOME_NONE;
	assert_int_equal(stat(path, &before), 0);
	p.m++, p.n--;
	assert_int_equal(apply(&p), OK);
	assert_string_equal(outcome(&p), STALE_B);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_memory_equal(&before.st_ctim, &after.st_ctim, sizeof(before.st_ctim));
	assert_untouched(&p);
	teardown(&p);
}

static void twice_in_one_pass(void **state) {
	struct pass p;
	size_t n;

	(void)state;
	setup(&p);
	assert_int_equal(apply(&p), OK);
	assert_string_equal(outcome(&p), "applied\n" STALE_B);
	struct modification *again =
	        modifications_read(p.f.arena, "> cn=a,dc=x\nmail: n => m\n", &n);
	assert_int_equal(directory_apply(p.d, p.f.arena, again, n, &p.err), OK);
	assert_string_equal(outcomes_text(p.f.arena, again, n), "applied\n");
	assert_untouched(&p);
	teardown(&p);
}

/* ---- somebody else writes ------------------------------------------------------------------- */

#define CHANGED(f)                                                                                 \
	arena_printf((f).arena,                                                                    \
	             "stale: %s/a was changed by somebody else since it was read; nothing was "    \
	             "written\n" STALE_B,                                                          \
	             (f).path)

static void assert_changed(struct pass *p, const char *bytes) {
	assert_int_equal(apply(p), OK);
	assert_int_equal(p->err.code, OK);
	assert_string_equal(outcome(p), CHANGED(p->f));
	assert_string_equal(folder_read(&p->f, "a", NULL), bytes);
	assert_string_equal(folder_list(&p->f), "a a.lock ");
}

static void an_editor_appended(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	folder_put(&p.f, "a", BEFORE "# more\n");
	assert_changed(&p, BEFORE "# more\n");
	teardown(&p);
}

/* Not even a clock that was set back hides it. */
static void an_editor_kept_size_and_time(void **state) {
	struct stat st;
	struct pass p;

	(void)state;
	setup(&p);
	char *path = folder_path(&p.f, "a");
	assert_int_equal(stat(path, &st), 0);
	char *other = arena_strdup(p.f.arena, BEFORE);
	other[strlen(other) - 2] = 'z';
	folder_put(&p.f, "a", other);
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_changed(&p, other);
	teardown(&p);
}

static void an_editor_put_another_file_there(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	assert_int_equal(rename(folder_put(&p.f, "b", BEFORE), folder_path(&p.f, "a")), 0);
	assert_changed(&p, BEFORE);
	teardown(&p);
}

static void it_was_removed(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	assert_int_equal(unlink(folder_path(&p.f, "a")), 0);
	assert_int_equal(apply(&p), ERR_IO);
	assert_string_equal(
	        outcome(&p),
	        arena_printf(p.f.arena,
	                     "failed: cannot read %s/a: No such file or directory\n" STALE_B,
	                     p.f.path));
	assert_string_equal(folder_list(&p.f), "a.lock ");
	teardown(&p);
}

/* ---- calls that fail ------------------------------------------------------------------------ */

/* What the next calls of sync do; cmocka runs one test at a time. */
static struct {
	int calls;   /* so far */
	int fail_at; /* the call that fails; 0: none */
	int error;
	const char *file, *bytes; /* written at the first call */
} script;

static int scripted_sync(int fd) {
	script.calls++;
	if (script.calls == 1 && script.file) {
		FILE *file = fopen(script.file, "wb");
		assert_non_null(file);
		fputs(script.bytes, file);
		fclose(file);
	}
	if (script.calls == script.fail_at) {
		errno = script.error;
		return -1;
	}
	return fsync(fd);
}

static int failing_rename(const char *from, const char *to) {
	(void)from;
	(void)to;
	errno = EROFS;
	return -1;
}

static const struct ldif_calls scripted = { .sync = scripted_sync, .rename = rename };
static const struct ldif_calls no_rename = { .sync = fsync, .rename = failing_rename };

static void setup_calls(struct pass *p, const struct ldif_calls *calls) {
	setup(p);
	((struct ldif *)p->d)->calls = calls;
	memset(&script, 0, sizeof(script));
}

static void assert_failed(struct pass *p, const char *format) {
	const char *cut = strstr(format, "%s");

	assert_int_equal(apply(p), ERR_IO);
	const char *message = arena_printf(p->f.arena, "%.*s%s%s", (int)(cut - format), format,
	                                   p->f.path, cut + 2);
	assert_string_equal(p->err.text, message);
	assert_string_equal(outcome(p), arena_printf(p->f.arena, "failed: %s\n" STALE_B, message));
	assert_untouched(p);
}

static void the_draft_does_not_reach_the_disk(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &scripted);
	script.fail_at = 1;
	script.error = EIO;
	assert_failed(&p, "cannot write %s/" DRAFT ": Input/output error");
	teardown(&p);
}

static void the_draft_cannot_be_placed(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &no_rename);
	assert_failed(&p, "cannot replace %s/a: Read-only file system");
	teardown(&p);
}

static void the_folder_does_not_reach_the_disk(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &scripted);
	script.fail_at = 2;
	script.error = EIO;
	assert_int_equal(apply(&p), ERR_UNCERTAIN);
	assert_string_equal(
	        outcome(&p),
	        arena_printf(p.f.arena,
	                     "uncertain: %s/a was replaced, but it is not certain that "
	                     "this outlives a power failure: Input/output error\n" STALE_B,
	                     p.f.path));
	assert_string_equal(folder_read(&p.f, "a", NULL), AFTER);
	assert_string_equal(folder_list(&p.f), "a a.lock ");
	teardown(&p);
}

static void a_folder_that_has_no_sync(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &scripted);
	script.fail_at = 2;
	script.error = EINVAL;
	assert_int_equal(apply(&p), OK);
	assert_int_equal(script.calls, 2);
	assert_string_equal(folder_read(&p.f, "a", NULL), AFTER);
	teardown(&p);
}

/* As late as can be: the draft is made already. */
static void an_editor_writes_during_the_write(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &scripted);
	script.file = folder_path(&p.f, "a");
	script.bytes = BEFORE "# more\n";
	assert_changed(&p, BEFORE "# more\n");
	assert_int_equal(script.calls, 1);
	teardown(&p);
}

/* A disk that gives back something else than it was given, and so a rewrite that went wrong. */
static void the_draft_says_something_else(void **state) {
	static const char *const drafts[] = {
		BEFORE,                                      /* nothing was changed */
		"dn: CN=a,DC=x\nmail: n\n",                  /* an entry is missing */
		"dn: CN=a,DC=x\nmail: n\n\ndn: CN=b,DC=x\n", /* a value is missing */
		"dn: CN=a,DC=x\nmail: n\ncn: a\n\ndn: CN=b,DC=x\nmail: m\n", /* one too many */
		"dn: CN=a,DC=x\nmail: n\n\ndn: CN=c,DC=x\nmail: m\n",        /* another entry */
		"dn: CN=a,DC=x\nmail: n\n\ndn: CN=b,DC=x\nmail: M\n", /* a value is another */
		"dn: CN=a,DC=x\nmail: n\nmail:\n\ndn: CN=b,DC=x\nmail: m\n", /* only in part */
		"dn: CN=a,DC=x\nmail: n\n\ndn: CN=b,DC=x\nobjectClass: user\nmail: m\n",
		"dn: CN=b,DC=x\nmail: m\n\ndn: CN=a,DC=x\nmail: n\n", /* another order */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(drafts); i++) {
		struct pass p;
		setup_calls(&p, &scripted);
		script.file = folder_path(&p.f, DRAFT);
		script.bytes = drafts[i];
		assert_failed(&p, "%s/a would not say what it should after this write; it was left "
		                  "as it was");
		teardown(&p);
	}
}

static void the_draft_is_no_ldif(void **state) {
	struct pass p;

	(void)state;
	setup_calls(&p, &scripted);
	script.file = folder_path(&p.f, DRAFT);
	script.bytes = "x\n";
	assert_int_equal(apply(&p), ERR_IO);
	assert_non_null(strstr(p.err.text, "it was left as it was: "));
	assert_untouched(&p);
	teardown(&p);
}

/* ---- no room, no permission ----------------------------------------------------------------- */

static void something_stands_in_the_way(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	char *draft = folder_path(&p.f, DRAFT);
	assert_int_equal(mkdir(draft, 0700), 0);
	assert_int_equal(apply(&p), ERR_IO);
	assert_string_equal(p.err.text,
	                    arena_printf(p.f.arena, "cannot write %s: File exists", draft));
	assert_int_equal(rmdir(draft), 0);
	assert_untouched(&p);
	teardown(&p);
}

static void limit(rlim_t size) {
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void there_is_no_room(void **state) {
	struct pass p;

	(void)state;
	setup(&p);
	void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
	limit(20);
	int r = apply(&p);
	limit(RLIM_INFINITY);
	signal(SIGXFSZ, was);
	assert_int_equal(r, ERR_IO);
	assert_string_equal(
	        p.err.text,
	        arena_printf(p.f.arena, "cannot write %s/" DRAFT ": File too large", p.f.path));
	assert_untouched(&p);
	/* The pass goes on: with room again, it can be written. */
	assert_int_equal(apply(&p), OK);
	assert_string_equal(folder_read(&p.f, "a", NULL), AFTER);
	teardown(&p);
}

static void permission_body(struct pass *p) {
	CHILD_ASSERT(directory_begin(p->d, true, &p->err) == OK);
	CHILD_ASSERT(apply(p) == ERR_IO);
	CHILD_ASSERT(strstr(p->err.text, "Permission denied"));
}

static void assert_no_permission(mode_t file, mode_t folder) {
	struct pass p;

	folder_make(&p.f);
	char *path = folder_put(&p.f, "a", BEFORE);
	char *lock = folder_put(&p.f, "a.lock", "");
	assert_int_equal(chmod(path, file), 0);
	assert_int_equal(chmod(lock, 0666), 0);
	assert_int_equal(chmod(p.f.path, folder), 0);
	pass_open(&p, path);
	as_nobody(&p, permission_body);
	assert_untouched(&p);
	teardown(&p);
}

static void the_folder_may_not_be_written(void **state) {
	(void)state;
	assert_no_permission(0666, 0555);
}

static void the_file_may_not_be_written(void **state) {
	(void)state;
	assert_no_permission(0444, 0777);
}

/* ---- a writer that was killed --------------------------------------------------------------- */

static void a_killed_writer_leaves_nothing(void **state) {
	struct pass p;
	int status;

	(void)state;
	folder_make(&p.f);
	pass_open(&p, folder_put(&p.f, "a", BEFORE));
	pid_t child = fork();
	if (child == 0) {
		struct rlimit l = { 20, 20 };
		struct rlimit core = { 0, 0 };
		CHILD_ASSERT(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
		CHILD_ASSERT(directory_begin(p.d, true, &p.err) == OK);
		CHILD_ASSERT(setrlimit(RLIMIT_CORE, &core) == 0 &&
		             setrlimit(RLIMIT_FSIZE, &l) == 0);
		(void)apply(&p);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(folder_list(&p.f), DRAFT " a a.lock ");
	assert_string_equal(folder_read(&p.f, "a", NULL), BEFORE);
	assert_int_equal(directory_begin(p.d, true, &p.err), OK);
	assert_untouched(&p);
	assert_int_equal(apply(&p), OK);
	assert_string_equal(folder_read(&p.f, "a", NULL), AFTER);
	teardown(&p);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_needs_no_permission_to_write),
		cmocka_unit_test(reading_leaves_a_draft_alone),
		cmocka_unit_test(one_writer_at_a_time),
		cmocka_unit_test(a_failed_begin_holds_no_lock),
		cmocka_unit_test(mode_and_owner_stay),
		cmocka_unit_test(a_group_that_cannot_stay_loses_its_rights),
		cmocka_unit_test(a_link_stays_a_link),
		cmocka_unit_test(nothing_to_write_touches_nothing),
		cmocka_unit_test(twice_in_one_pass),
		cmocka_unit_test(an_editor_appended),
		cmocka_unit_test(an_editor_kept_size_and_time),
		cmocka_unit_test(an_editor_put_another_file_there),
		cmocka_unit_test(it_was_removed),
		cmocka_unit_test(the_draft_does_not_reach_the_disk),
		cmocka_unit_test(the_draft_cannot_be_placed),
		cmocka_unit_test(the_folder_does_not_reach_the_disk),
		cmocka_unit_test(a_folder_that_has_no_sync),
		cmocka_unit_test(an_editor_writes_during_the_write),
		cmocka_unit_test(the_draft_says_something_else),
		cmocka_unit_test(the_draft_is_no_ldif),
		cmocka_unit_test(something_stands_in_the_way),
		cmocka_unit_test(there_is_no_room),
		cmocka_unit_test(the_folder_may_not_be_written),
		cmocka_unit_test(the_file_may_not_be_written),
		cmocka_unit_test(a_killed_writer_leaves_nothing),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
