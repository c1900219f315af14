#include "tests/directory/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"

/* ---- folders and files ---- */

void folder_make(struct folder *f) {
	strcpy(f->path, "/tmp/mbxctl-directory-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->arena = arena_new();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void folder_remove(struct folder *f) {
	(void)chmod(f->path, 0700);
	nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	f->arena = arena_free(f->arena);
}

char *folder_path(struct folder *f, const char *name) {
	return arena_printf(f->arena, "%s/%s", f->path, name);
}

char *folder_write(struct folder *f, const char *name, const void *data, size_t len) {
	char *path = folder_path(f, name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	return path;
}

char *folder_put(struct folder *f, const char *name, const char *text) {
	return folder_write(f, name, text, strlen(text));
}

char *folder_read(struct folder *f, const char *name, size_t *ret_len) {
	FILE *file = fopen(folder_path(f, name), "rb");
	struct buf all = { 0 };
	char chunk[4096];
	size_t n;

	if (!file)
		return arena_strdup(f->arena, "(none)");
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_add(&all, chunk, n);
	fclose(file);
	char *copy = arena_copy(f->arena, all.data, all.len);
	if (ret_len)
		*ret_len = all.len;
	buf_done(&all);
	return copy;
}

char *folder_list(struct folder *f) {
	struct dirent **names;
	char *text = arena_strdup(f->arena, "");
	int n = scandir(f->path, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			text = arena_printf(f->arena, "%s%s ", text, names[i]->d_name);
		free(names[i]);
	}
	free(names);
	return text;
}

struct directory *directory_at(struct folder *f, const char *path, const char *base,
                               const char *configuration) {
	struct directory_options o = { .uri = arena_printf(f->arena, "ldif:%s", path),
		                       .base = base,
		                       .configuration = configuration };
	struct directory *d = NULL;
	struct error err = { 0 };

	if (directory_new(&o, &d, &err) < 0)
		fail_msg("directory_new: %s", err.text);
	return d;
}

/* ---- keys and answers ---- */

static const char *const kind_names[KEY_KINDS] = {
	[KEY_ROW_GUID] = "row-guid",
	[KEY_ROW_NAME] = "row-name",
	[KEY_ROW_LEGACY_DN] = "row-legacy",
	[KEY_USER_GUID] = "guid",
	[KEY_USER_DN] = "dn",
	[KEY_USER_NAME] = "name",
	[KEY_USER_UPN] = "upn",
	[KEY_USER_SAM] = "sam",
	[KEY_USER_LEGACY_DN] = "legacy",
	[KEY_USER_DISPLAY_NAME] = "display",
	[KEY_OWNER] = "owner",
	[KEY_ARCHIVE_OWNER] = "archive-owner",
	[KEY_HOLDER_ALIAS] = "alias",
	[KEY_HOLDER_ADDRESS] = "address",
	[KEY_HOLDER_LEGACY_DN] = "holder",
	[KEY_HOLDER_SID] = "sid",
	[KEY_TYPE_DETAILS] = "type",
	[KEY_CLASS] = "class",
};

void keys_read(struct keys *k, const char *text) {
	while (*text) {
		size_t len = strcspn(text, "\n"), word = strcspn(text, " ");
		int kind = 0;
		while (kind < KEY_KINDS && !(kind_names[kind] && strlen(kind_names[kind]) == word &&
		                             strncmp(kind_names[kind], text, word) == 0))
			kind++;
		if (kind == KEY_KINDS)
			fail_msg("no such kind of key: %.*s", (int)len, text);
		keys_add(k, (enum key_kind)kind,
		         arena_copy(k->arena, text + word + 1, len - word - 1));
		text += len + (text[len] == '\n');
	}
}

static int by_dn(const void *x, const void *y) {
	const struct entry *const *a = x, *const *b = y;

	return strcmp((*a)->dn, (*b)->dn);
}

char *world_text(struct arena *a, const struct world *w, const struct keys *k) {
	struct buf out = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		struct answer answer = world_ask(w, k->v[i].kind, k->v[i].text);
		buf_printf(&out, "%s %s:", kind_names[k->v[i].kind], k->v[i].text);
		if (answer.state == ANSWER_NOT_ASKED)
			buf_puts(&out, " (not asked)");
		if (answer.state == ANSWER_UNKNOWN)
			buf_printf(&out, " (%s: %s)", answer.code, answer.why);
		const struct entry **sorted = ARENA_ARRAY(a, const struct entry *, answer.n);
		if (answer.n)
			memcpy(sorted, answer.entries, answer.n * sizeof(*sorted));
		qsort(sorted, answer.n, sizeof(*sorted), by_dn);
		for (size_t j = 0; j < answer.n; j++)
			buf_printf(&out, "%s %s", j ? ";" : "", sorted[j]->dn);
		buf_putc(&out, '\n');
	}
	char *text = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return text;
}

void entry_put(struct buf *out, struct arena *a, const struct entry *e) {
	buf_printf(out, "%s%s %s\n", e->dn, e->person ? " (person)" : "",
	           strcmp(e->identity, e->normal) == 0 ? "" : e->identity);
	for (size_t i = 0; i < e->n; i++) {
		const struct attribute_values *v = e->attributes + i;
		buf_printf(out, "  %s:%s", attributes[v->id].name, v->incomplete ? " (part)" : "");
		for (size_t j = 0; j < v->n; j++)
			buf_printf(out, "%s %s", j ? " |" : "", value_text(a, v->id, v->values[j]));
		buf_putc(out, '\n');
	}
}

/* ---- modifications ---- */

static char *cut(struct arena *a, const char *from, const char *to) {
	while (from < to && *from == ' ')
		from++;
	while (to > from && to[-1] == ' ')
		to--;
	return arena_copy(a, from, (size_t)(to - from));
}

static struct value *values_read(struct arena *a, int id, const char *text, size_t *ret_n) {
	struct {
		struct value *v;
		size_t n, cap;
	} list = { 0 };

	for (const char *p = text; *p && strcmp(text, "-") != 0;) {
		const char *end = strstr(p, " | ");
		const char *stop = end ? end : p + strlen(p);
		struct value v;
		if (!value_parse(a, (enum attribute)id, cut(a, p, stop), &v))
			fail_msg("no value of %s: %s", attributes[id].name, p);
		ARENA_PUSH(a, &list, v);
		p = end ? end + 3 : stop;
	}
	*ret_n = list.n;
	return list.v;
}

static struct change change_read(struct arena *a, const char *line) {
	struct change c = { .store = strncmp(line, "store ", 6) == 0, .column = "state" };
	const char *colon = strchr(line, ':'), *arrow = strstr(line, "=>");

	if (c.store) {
		/* What would be stale if it were taken for an attribute's. */
		static const struct value disabled = { "disabled", 8 },
		                          connected = { "connected", 9 };
		c.before = &disabled;
		c.after = &connected;
		c.n_before = c.n_after = 1;
		return c;
	}
	assert_non_null(colon);
	assert_non_null(arrow);
	int id = attribute_find(line, (size_t)(colon - line));
	if (id < 0)
		fail_msg("no such attribute: %s", line);
	c.id = (enum attribute)id;
	c.before = values_read(a, id, cut(a, colon + 1, arrow), &c.n_before);
	c.after = values_read(a, id, cut(a, arrow + 2, arrow + strlen(arrow)), &c.n_after);
	return c;
}

struct modification *modifications_read(struct arena *a, const char *text, size_t *ret_n) {
	struct {
		struct modification *v;
		size_t n, cap;
	} list = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = cut(a, text, text + len);
		if (*line == '>') {
			struct modification m = { .identity = line + 2, .dn = line + 2 };
			ARENA_PUSH(a, &list, m);
		} else if (*line) {
			struct modification *m = list.v + list.n - 1;
			struct change *changes = ARENA_ARRAY(a, struct change, m->n_changes + 1);
			if (m->n_changes)
				memcpy(changes, m->changes, m->n_changes * sizeof(*changes));
			changes[m->n_changes++] = change_read(a, line);
			m->changes = changes;
		}
		text += len + (text[len] == '\n');
	}
	*ret_n = list.n;
	return list.v;
}

char *outcomes_text(struct arena *a, const struct modification *m, size_t n) {
	static const char *const names[OUTCOMES] = { "none",         "applied",   "failed",
		                                     "stale",        "uncertain", "held",
		                                     "not-attempted" };
	char *text = arena_strdup(a, "");

	for (size_t i = 0; i < n; i++)
		text = arena_printf(a, "%s%s%s%s\n", text, names[m[i].outcome],
		                    m[i].message ? ": " : "", m[i].message ? m[i].message : "");
	return text;
}
