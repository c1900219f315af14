#define _GNU_SOURCE /* faccessat() with AT_EACCESS */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/inventory/schema.h"

/* A reader may stand in a writer's way for as long as it takes to read a directory. */
enum { BUSY_MS = 60000 };

/* What the path leads to, before SQLite touches anything. */
struct place_of_store {
	char *path, *folder; /* absolute, links resolved */
	bool there, empty;
	const char *locked; /* why it cannot be written; NULL: it can */
};

static int may(const char *path, int how) {
	return faccessat(AT_FDCWD, path, how, AT_EACCESS);
}

static int find_folder(struct arena *a, const char *path, struct place_of_store *p,
                       struct error *err) {
	char folder[PATH_MAX];

	if (!realpath(dirname(arena_strdup(a, path)), folder))
		return error_set(err, ERR_IO, "cannot reach the store %s: %s", path,
		                 strerror(errno));
	p->folder = arena_strdup(a, folder);
	if (!p->path)
		p->path = arena_printf(a, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
		                       basename(arena_strdup(a, path)));
	return OK;
}

static int find_file(struct arena *a, const char *path, struct place_of_store *p,
                     struct error *err) {
	char real[PATH_MAX];
	struct stat st;

	if (stat(path, &st) != 0) {
		if (errno == ENOENT)
			return find_folder(a, path, p, err);
		return error_set(err, ERR_IO, "cannot reach the store %s: %s", path,
		                 strerror(errno));
	}
	if (S_ISDIR(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is a folder; a store is a file", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is no regular file", path);
	if (may(path, R_OK) != 0 || !realpath(path, real))
		return error_set(err, ERR_IO, "the store %s cannot be read: %s", path,
		                 strerror(errno));
	p->there = true;
	p->empty = st.st_size == 0;
	p->path = arena_strdup(a, real);
	return find_folder(a, p->path, p, err);
}

/*
 * What stands in the way of writing, as the end of a sentence; NULL: nothing. The folder counts
 * too: SQLite would roll back a journal and then could not remove it.
 */
static const char *find_locked(struct arena *a, const struct place_of_store *p) {
	const char *journal = arena_printf(a, "%s-journal", p->path);

	if (p->there && may(p->path, W_OK) != 0)
		return "it is write-protected";
	if (may(p->folder, W_OK | X_OK) != 0)
		return arena_printf(a, "its folder %s is write-protected", p->folder);
	if (may(journal, F_OK) == 0 && may(journal, R_OK | W_OK) != 0)
		return arena_printf(a, "its journal %s is protected", journal);
	return NULL;
}

static int find_store(struct arena *a, const char *path, enum inventory_mode mode,
                      struct place_of_store *p, struct error *err) {
	int r = find_file(a, path, p, err);

	if (r < 0)
		return r;
	if (mode == INVENTORY_READ && (!p->there || p->empty))
		return error_set(err, ERR_IO,
		                 p->there ? "the store %s is empty; `mbxctl store import FILE` "
		                            "fills it from an inventory of the mailboxes"
		                          : "there is no store %s; `mbxctl store import FILE` "
		                            "makes it from an inventory of the mailboxes",
		                 path);
	p->locked = find_locked(a, p);
	if (mode == INVENTORY_WRITE && p->locked)
		return error_set(err, ERR_IO, "the store %s cannot be written: %s", path,
		                 p->locked);
	return OK;
}

/* What is in the file, read under SQLite's lock so that nobody writes it meanwhile. */
struct content {
	int64_t pages, page_size, application, version, size;
};

static int look(struct inventory *inv, struct content *c, struct error *err) {
	struct stat st;
	int r;

	/* The first read takes the lock and rolls back what a crash left behind. */
	if ((r = sql_exec(inv, "BEGIN", err)) < 0)
		return r;
	if ((r = sql_number(inv, "PRAGMA user_version", &c->version, err)) == OK &&
	    (r = sql_number(inv, "PRAGMA application_id", &c->application, err)) == OK &&
	    (r = sql_number(inv, "PRAGMA page_count", &c->pages, err)) == OK &&
	    (r = sql_number(inv, "PRAGMA page_size", &c->page_size, err)) == OK) {
		c->size = stat(inv->path, &st) == 0 ? st.st_size : 0;
		r = sql_exec(inv, "COMMIT", err);
	}
	if (r < 0)
		(void)sqlite3_exec(inv->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int judge(const struct inventory *inv, const struct content *c, struct error *err) {
	if (c->pages == 0 && c->size == 0)
		return error_set(err, ERR_IO,
		                 "the store %s is empty: its making was interrupted; `mbxctl store "
		                 "import FILE` fills it",
		                 inv->path);
	if (c->application != SCHEMA_APPLICATION || c->version < 1)
		return error_set(err, ERR_INVALID, "%s is not a store of mbxctl%s", inv->path,
		                 c->pages ? ", but another database of SQLite" : "");
	if (c->version > SCHEMA_VERSION)
		return error_set(err, ERR_INVALID,
		                 "the store %s has format %" PRId64
		                 ", and this mbxctl knows none above %d: use a newer mbxctl",
		                 inv->path, c->version, SCHEMA_VERSION);
	if (c->size < c->pages * c->page_size)
		return error_set(err, ERR_INVALID,
		                 "the store %s was cut short: it has %" PRId64 " of %" PRId64
		                 " bytes; put a copy of it from before in its place",
		                 inv->path, c->size, c->pages * c->page_size);
	if (c->version < SCHEMA_VERSION && inv->mode == INVENTORY_READ)
		return error_set(err, ERR_INVALID,
		                 "the store %s has the older format %" PRId64
		                 ": a command that writes it, such as `mbxctl store import`, "
		                 "brings it up to date",
		                 inv->path, c->version);
	return OK;
}

static int check(struct inventory *inv, struct error *err) {
	struct content c = { 0 };
	int r = look(inv, &c, err);

	/* SQLite takes a file of one byte for an empty one, and would write over it. */
	if (r == OK && c.pages == 0 && c.size == 0 && inv->mode == INVENTORY_WRITE &&
	    (r = schema_create(inv, err)) == OK)
		r = look(inv, &c, err);
	if (r < 0 || (r = judge(inv, &c, err)) < 0)
		return r;
	if (c.version < SCHEMA_VERSION)
		return schema_migrate(inv, (int)c.version, SCHEMA_VERSION, schema_steps, err);
	return OK;
}

static int connect_file(struct inventory *inv, const struct place_of_store *p, struct error *err) {
	int flags = inv->mode == INVENTORY_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
	            : p->locked                  ? SQLITE_OPEN_READONLY
	                                         : SQLITE_OPEN_READWRITE;

	if (sqlite3_open_v2(inv->path, &inv->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return sql_error(inv, err);
	(void)sqlite3_extended_result_codes(inv->db, 1);
	(void)sqlite3_busy_timeout(inv->db, BUSY_MS);
	/* Nothing in a file from elsewhere may run code or write past the tables. */
	(void)sqlite3_db_config(inv->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(inv->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return sql_exec(inv,
	                inv->mode == INVENTORY_READ
	                        ? "PRAGMA temp_store = MEMORY; PRAGMA query_only = ON"
	                        : "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;"
	                          "PRAGMA synchronous = EXTRA; PRAGMA cache_size = -65536",
	                err);
}

static void close_cleanup(struct inventory **inv) {
	*inv = inventory_close(*inv);
}

static int open_found(const struct place_of_store *p, enum inventory_mode mode,
                      struct inventory **ret, struct error *err) {
	CLEANUP(close_cleanup) struct inventory *inv = calloc(1, sizeof(*inv));

	if (!inv || !(inv->path = strdup(p->path)))
		abort();
	inv->mode = mode;
	inv->made = !p->there;
	int r = connect_file(inv, p, err);
	if (r == OK)
		r = check(inv, err);
	if (r == OK && mode == INVENTORY_WRITE)
		r = sql_exec(inv, "PRAGMA journal_mode = DELETE", err);
	if (r < 0)
		return r;
	*ret = inv;
	inv = NULL;
	return OK;
}

int inventory_open(const char *path, enum inventory_mode mode, struct inventory **ret,
                   struct error *err) {
	struct arena *a = arena_new();
	struct place_of_store p = { 0 };
	int r = find_store(a, path, mode, &p, err);

	if (r == OK)
		r = open_found(&p, mode, ret, err);
	arena_free(a);
	return r;
}

struct inventory *inventory_close(struct inventory *inv) {
	if (!inv)
		return NULL;
	/* Statements are finalised where they were made, so nothing keeps it open. */
	(void)sqlite3_close_v2(inv->db);
	free(inv->path);
	free(inv);
	return NULL;
}

/* Every row that there may be hangs on one of these. */
static bool holds_nothing(struct inventory *inv) {
	static const char sql[] =
	        "SELECT EXISTS (SELECT 1 FROM database)"
	        " OR EXISTS (SELECT 1 FROM run)"
	        " OR EXISTS (SELECT 1 FROM manifest) OR EXISTS (SELECT 1 FROM mark)";
	struct error err;
	int64_t any = 1;

	inventory_end(inv);
	return sql_number(inv, sql, &any, &err) == OK && !any;
}

struct inventory *inventory_close_unused(struct inventory *inv) {
	char *path = inv && inv->made && holds_nothing(inv) ? strdup(inv->path) : NULL;

	(void)inventory_close(inv);
	if (path)
		(void)unlink(path);
	free(path);
	return NULL;
}
