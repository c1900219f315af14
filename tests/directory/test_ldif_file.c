/* The file as a file: who may write, what stays, and who else may have written. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/directory/passing.h"

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
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
