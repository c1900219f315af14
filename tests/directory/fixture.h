/*
 * fixture -- folders, files and texts for the tests of store/directory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "store/directory/directory.h"

/* A folder of its own for each test, made anew; removed with all in it. */
struct folder {
	char path[64];
	struct arena *arena;
};
void folder_make(struct folder *f);
void folder_remove(struct folder *f);
char *folder_path(struct folder *f, const char *name);
/* Writes a file, and returns its path. */
char *folder_write(struct folder *f, const char *name, const void *data, size_t len);
char *folder_put(struct folder *f, const char *name, const char *text);
/* All of a file, or "(none)". */
char *folder_read(struct folder *f, const char *name, size_t *ret_len);
/* The names in it, sorted, a blank after each. */
char *folder_list(struct folder *f);

/* `ldif:` and the path. */
struct directory *directory_at(struct folder *f, const char *path, const char *base,
                               const char *configuration);

/* `upn john@contoso.com`, one a line. */
void keys_read(struct keys *k, const char *text);
/* What the world says to each of them, sorted: `upn john@contoso.com: CN=John,...; CN=...`. */
char *world_text(struct arena *a, const struct world *w, const struct keys *k);
/* An entry with all its values. */
void entry_put(struct buf *out, struct arena *a, const struct entry *e);

/*
 * `> IDENTITY` begins a modification, the lines below it are its changes:
 *
 *     proxyAddresses: SMTP:a@b | smtp:c@d => SMTP:a@b
 *
 * Values as value_parse() takes them; `-` for none, `store` before a change of the store.
 */
struct modification *modifications_read(struct arena *a, const char *text, size_t *ret_n);
/* `applied`, or `stale: ...`, one a line. */
char *outcomes_text(struct arena *a, const struct modification *m, size_t n);
