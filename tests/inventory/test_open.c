/* What is opened, what is made, what is refused; and that refusing leaves everything as it was. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "tests/test.h"

#define G1  "11111111-0000-4000-8000-000000000001"
#define CSV "DisplayName,MailboxGuid,LegacyDN,Database\nAnn," G1 ",/o=X,DB1\n"

static void make_store(struct fixture *f) {
	fixture_open(f, INVENTORY_WRITE);
	assert_string_equal(fixture_import(f, "f", CSV, strlen(CSV), NOW), "+1 ~0 =0 -0\n");
	fixture_close(f);
}

/* What opening says, with the store's path as STORE, its folder as FOLDER, long numbers as N. */
static const char *try_open(struct fixture *f, enum inventory_mode mode) {
	struct inventory *inv = NULL;
	struct error err = { 0 };
	struct buf out = { 0 };
	int r = inventory_open(f->path, mode, &inv, &err);

	assert_true((r == OK) == (inv != NULL));
	inventory_close(inv);
	if (r == OK)
		return "opened";
	for (const char *p = err.text; *p;) {
		size_t n = strncmp(p, f->path, strlen(f->path)) == 0       ? strlen(f->path)
		           : strncmp(p, f->folder, strlen(f->folder)) == 0 ? strlen(f->folder)
		                                                           : 0;
		size_t digits = n ? 0 : strspn(p, "0123456789");
		if (n)
			buf_puts(&out, n == strlen(f->path) ? "STORE" : "FOLDER");
		else if (digits > 3)
			buf_puts(&out, "N");
		else
			buf_putc(&out, *p);
		p += n ? n : digits > 3 ? digits : 1;
	}
	const char *text = arena_copy(f->arena, out.data, out.len);
	buf_done(&out);
	return text;
}

/* ---- files that are no stores ---- */

static void put_png(struct fixture *f) {
	fixture_write(f, "store.db", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1", 24);
}

static void put_empty(struct fixture *f) {
	fixture_write(f, "store.db", "", 0);
}

static void put_byte(struct fixture *f) {
	fixture_write(f, "store.db", "S", 1);
}

static void put_zeros(struct fixture *f) {
	static const char zeros[8192];

	fixture_write(f, "store.db", zeros, sizeof(zeros));
}

static void put_folder(struct fixture *f) {
	assert_int_equal(mkdir(f->path, 0700), 0);
}

static void put_fifo(struct fixture *f) {
	assert_int_equal(mkfifo(f->path, 0600), 0);
}

static void put_foreign(struct fixture *f) {
	(void)fixture_sql(f, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
}

static void put_foreign_version(struct fixture *f) {
	put_foreign(f);
	(void)fixture_sql(f, "PRAGMA user_version = 1");
}

static void put_newer(struct fixture *f) {
	make_store(f);
	(void)fixture_sql(f, "PRAGMA user_version = 9");
}

static void cut(struct fixture *f, long to) {
	make_store(f);
	struct stat st;
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(truncate(f->path, to > 0 ? to : st.st_size + to), 0);
}

static void cut_little(struct fixture *f) {
	cut(f, -10);
}

static void cut_page(struct fixture *f) {
	cut(f, -4096);
}

static void cut_to_header(struct fixture *f) {
	cut(f, 100);
}

static void cut_to_name(struct fixture *f) {
	cut(f, 10);
}

#define NO_STORE  "STORE is not a store of mbxctl: file is not a database"
#define CUT_SHORT "; put a copy of it from before in its place"
#define DAMAGED                                                                                    \
	"the store STORE is damaged or was cut short; put a copy of it from before in its place: " \
	"database disk image is malformed"

static const struct refusal {
	const char *name;
	void (*put)(struct fixture *f);
	const char *reading, *writing; /* writing NULL: the same */
} refusals[] = {
	{ "nothing there", NULL,
	  "there is no store STORE; `mbxctl store import FILE` makes it from an inventory of the "
	  "mailboxes",
	  "opened" },
	{ "an empty file", put_empty,
	  "the store STORE is empty; `mbxctl store import FILE` fills it from an inventory of the "
	  "mailboxes",
	  "opened" },
	{ "a PNG", put_png, NO_STORE, NULL },
	{ "one byte", put_byte, "STORE is not a store of mbxctl", NULL },
	{ "zeros", put_zeros, NO_STORE, NULL },
	{ "a folder", put_folder, "STORE is a folder; a store is a file", NULL },
	{ "a pipe", put_fifo, "STORE is no regular file", NULL },
	{ "another program's database", put_foreign,
	  "STORE is not a store of mbxctl, but another database of SQLite", NULL },
	{ "another program's, with a version", put_foreign_version,
	  "STORE is not a store of mbxctl, but another database of SQLite", NULL },
	{ "a newer one", put_newer,
	  "the store STORE has format 9, and this mbxctl knows none above 4: use a newer mbxctl",
	  NULL },
	{ "cut by ten bytes", cut_little,
	  "the store STORE was cut short: it has N of N bytes" CUT_SHORT, NULL },
	{ "cut by a page", cut_page, DAMAGED, NULL },
	{ "cut to a hundred bytes", cut_to_header, DAMAGED, NULL },
	{ "cut to ten bytes", cut_to_name, NO_STORE, NULL },
};

static void test_refusals(void **state) {
	int failures = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *c = refusals + i;
		struct fixture f;
		fixture_make(&f);
		if (c->put)
			c->put(&f);
		bool readable = c->put != put_fifo && c->put != put_folder;
		const char *before = readable ? fixture_files(&f) : "";
		failures += differs(c->name, try_open(&f, INVENTORY_READ), c->reading);
		const char *after = readable ? fixture_files(&f) : "";
		failures += differs("untouched by a reader", after, before);
		failures += differs(c->name, try_open(&f, INVENTORY_WRITE),
		                    c->writing ? c->writing : c->reading);
		if (!c->writing) {
			after = readable ? fixture_files(&f) : "";
			failures += differs("untouched by a writer", after, before);
		}
		fixture_done(&f);
	}
	assert_int_equal(failures, 0);
}

static void test_no_folder(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	(void)snprintf(f.path, sizeof(f.path), "%s/sub/store.db", f.folder);
	assert_string_equal(try_open(&f, INVENTORY_READ),
	                    "cannot reach the store STORE: No such file or directory");
	assert_string_equal(try_open(&f, INVENTORY_WRITE),
	                    "cannot reach the store STORE: No such file or directory");
	assert_string_equal(fixture_files(&f), "");
	fixture_done(&f);
}

/* ---- what a store is ---- */

static void test_made(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	make_store(&f);
	assert_string_equal(fixture_sql(&f, "PRAGMA application_id; PRAGMA user_version; "
	                                    "PRAGMA journal_mode; PRAGMA integrity_check"),
	                    "1296193603\n4\ndelete\nok\n");
	assert_string_equal(fixture_sql(&f, "SELECT count(*) FROM pragma_table_list"
	                                    " WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'"
	                                    " AND NOT strict"),
	                    "0\n");
	fixture_open(&f, INVENTORY_WRITE);
	const char *once = fixture_files(&f);
	fixture_open(&f, INVENTORY_WRITE);
	assert_string_equal(fixture_files(&f), once);
	fixture_done(&f);
}

static void test_name_is_a_path(void **state) {
	struct inventory *inv = NULL;
	struct error err = { 0 };
	struct fixture f;
	char *home = getcwd(NULL, 0);

	(void)state;
	fixture_make(&f);
	assert_int_equal(chdir(f.folder), 0);
	assert_int_equal(inventory_open(":memory:", INVENTORY_WRITE, &inv, &err), OK);
	inv = inventory_close(inv);
	assert_int_equal(access(":memory:", F_OK), 0);
	assert_int_equal(chdir(home), 0);
	free(home);
	fixture_done(&f);
}

/* ---- readers that may not write ---- */

enum { NOBODY = 65534 };

/* Root may write whatever the mode says, so it is somebody else who looks. */
static void become_nobody(void) {
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
}

static void become_self(void) {
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
}

static void read_it(struct fixture *f) {
	fixture_open(f, INVENTORY_READ);
	assert_string_equal(fixture_list(f), "DB1 | 30d | imported 2026-11-01T00:00:00Z\n"
	                                     "  Ann | 11111111 | /o=X | connected\n");
	fixture_close(f);
}

static const struct locked {
	const char *name;
	mode_t file, folder;
	const char *writing;
} locked_modes[] = {
	{ "file and folder", 0444, 0555,
	  "the store STORE cannot be written: it is write-protected" },
	{ "the file alone", 0444, 0777,
	  "the store STORE cannot be written: it is write-protected" },
	{ "the folder alone", 0666, 0555,
	  "the store STORE cannot be written: its folder FOLDER is write-protected" },
};

static void test_locked(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(locked_modes); i++) {
		struct fixture f;
		fixture_make(&f);
		make_store(&f);
		assert_int_equal(chmod(f.path, locked_modes[i].file), 0);
		assert_int_equal(chmod(f.folder, locked_modes[i].folder), 0);
		const char *before = fixture_files(&f);
		become_nobody();
		read_it(&f);
		const char *said = try_open(&f, INVENTORY_WRITE);
		become_self();
		assert_string_equal(fixture_files(&f), before);
		assert_int_equal(differs(locked_modes[i].name, said, locked_modes[i].writing), 0);
		fixture_done(&f);
	}
}

static void test_unreadable(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	make_store(&f);
	assert_int_equal(chmod(f.path, 0), 0);
	assert_int_equal(chmod(f.folder, 0755), 0);
	become_nobody();
	const char *said = try_open(&f, INVENTORY_READ);
	become_self();
	assert_string_equal(said, "the store STORE cannot be read: Permission denied");
	fixture_done(&f);
}

static void test_reader_cannot_write(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	make_store(&f);
	const char *before = fixture_files(&f);
	fixture_open(&f, INVENTORY_READ);
	(void)fixture_list(&f);
	(void)fixture_history(&f);
	fixture_close(&f);
	assert_string_equal(fixture_files(&f), before);
	fixture_done(&f);
}

/* ---- after a crash ---- */

/* A writer that dies with half of its pages in the file and the others in the journal. */
static void crash(struct fixture *f) {
	pid_t pid = fork();

	if (pid == 0) {
		sqlite3 *db;
		if (sqlite3_open(f->path, &db) != SQLITE_OK ||
		    sqlite3_exec(db,
		                 "PRAGMA cache_size = 1; BEGIN; UPDATE mailbox SET display_name = "
		                 "'half'; CREATE TABLE more (x); WITH RECURSIVE n(i) AS (SELECT 1 "
		                 "UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO more "
		                 "SELECT hex(randomblob(50)) FROM n",
		                 NULL, NULL, NULL) != SQLITE_OK)
			_exit(1);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_non_null(strstr(fixture_files(f), "store.db-journal"));
}

static void test_journal_is_rolled_back(void **state) {
	struct fixture f;

	(void)state;
	fixture_make(&f);
	make_store(&f);
	const char *before = fixture_files(&f);
	crash(&f);
	assert_string_not_equal(fixture_files(&f), before);
	read_it(&f);
	assert_string_equal(fixture_files(&f), before);
	fixture_done(&f);
}

static void test_journal_that_may_not_be(void **state) {
	static const char said[] =
	        "the store STORE was left in the middle of a write, and you may not write to it: "
	        "its owner puts it right with `mbxctl store list --store sqlite:STORE`";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(locked_modes); i++) {
		struct fixture f;
		fixture_make(&f);
		make_store(&f);
		crash(&f);
		assert_int_equal(chmod(f.path, locked_modes[i].file), 0);
		assert_int_equal(chmod(f.folder, locked_modes[i].folder), 0);
		const char *before = fixture_files(&f);
		become_nobody();
		const char *got = try_open(&f, INVENTORY_READ);
		become_self();
		assert_string_equal(fixture_files(&f), before);
		assert_int_equal(differs(locked_modes[i].name, got, said), 0);
		/* And its owner does. */
		assert_int_equal(chmod(f.folder, 0700), 0);
		assert_int_equal(chmod(f.path, 0600), 0);
		read_it(&f);
		fixture_done(&f);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_made),
		cmocka_unit_test(test_name_is_a_path),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_reader_cannot_write),
		cmocka_unit_test(test_journal_is_rolled_back),
		cmocka_unit_test(test_journal_that_may_not_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
