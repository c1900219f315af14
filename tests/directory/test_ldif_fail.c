/* What happens when writing fails: to the file, to the window, to what is left behind. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/directory/ldif.h"
#include "tests/directory/passing.h"

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
#define B "dn: CN=b,DC=x\nobjectClass: user\n"

static void the_draft_says_something_else(void **state) {
	static const struct {
		const char *what, *draft;
	} drafts[] = {
		{ "nothing was changed", BEFORE },
		{ "an entry is missing", "dn: CN=a,DC=x\nmail: n\n" },
		{ "a value is missing", "dn: CN=a,DC=x\nmail: n\n\n" B },
		{ "a value too many", AFTER "mail: m\n" },
		{ "a value is another", "dn: CN=a,DC=x\nmail: n\n\n" B "mail: M\n" },
		{ "another entry", "dn: CN=a,DC=x\nmail: n\n\ndn: CN=c,DC=x\n"
		                   "objectClass: user\nmail: m\n" },
		{ "another order", B "mail: m\n\ndn: CN=a,DC=x\nmail: n\n" },
		{ "it is in part", "dn: CN=a,DC=x\nmail: n\nmail:\n\n" B "mail: m\n" },
		{ "another is in part", AFTER "cn:\n" },
		{ "a class too many", AFTER "objectClass: top\n" },
		{ "a GUID", AFTER "entryUUID: 11111111-2222-3333-4444-555555555555\n" },
		{ "no person", AFTER "objectCategory: CN=Computer\n" },
		{ "a tombstone", AFTER "objectCategory: CN=Person\nisDeleted: TRUE\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(drafts); i++) {
		struct pass p;
		setup_calls(&p, &scripted);
		script.file = folder_path(&p.f, DRAFT);
		script.bytes = drafts[i].draft;
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

	return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
