#include "tests/fuzz/inventory_fuzz.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/inventory/import.h"

static char folder[] = "/tmp/mbxctl-fuzz-XXXXXX";
static char path[64];
static struct inventory *inv;

static void forget(void) {
	char journal[80];

	inv = inventory_close(inv);
	(void)snprintf(journal, sizeof(journal), "%s-journal", path);
	(void)unlink(journal);
	(void)unlink(path);
}

static void clear(void) {
	forget();
	(void)rmdir(folder);
}

/* A store that knows one database, which mailboxes need. */
static void begin(void) {
	static const char database[] = "Name,Guid,MailboxRetention\n"
	                               "MBXDB01,e47ad1db-d3c2-4e4c-9553-3685dde3529f,30.00:00:00\n";
	struct import_options options = { .now = 1795165200 };
	struct import_report report = { 0 };
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct error err;

	if (!*path) {
		if (!mkdtemp(folder))
			abort();
		(void)snprintf(path, sizeof(path), "%s/store.db", folder);
		atexit(clear);
	}
	if (inventory_open(path, INVENTORY_WRITE, &inv, &err) != OK ||
	    inventory_import(inv, "d.csv", database, sizeof(database) - 1, &options, &report,
	                     &diags, &err) != OK) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	arena_free(a);
}

void inventory_fuzz(const uint8_t *data, size_t size) {
	unsigned salt = size && data[size - 1] != '\n' ? data[size - 1] : 0;
	struct import_options options = { .now = 1795165200,
		                          .date_order = salt % 4,
		                          .time_zone = salt & 4 ? "Europe/Berlin" : NULL,
		                          .prune = salt & 8 };
	struct import_report report = { 0 };
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct buf text = { 0 };
	struct error err;

	if (!inv)
		begin();
	int r = inventory_import(inv, "fuzz", (const char *)data, size, &options, &report, &diags,
	                         &err);
	/* What is refused says why. */
	assert(r == OK || r == ERR_INVALID);
	assert((r == OK) == (diags.n == 0));
	diags_print(&diags, &text);
	buf_done(&text);
	arena_free(a);
	if (r == OK && report.added + report.changed + report.vanished + report.pruned)
		forget();
}
