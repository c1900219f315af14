/*
 * agent/service/wishes: what was good, what is looked at, and what is in force from then on.
 *
 * Files are written shortly: `m/a=hq:x,y` is a file m/a whose manifest hq has the connections x and
 * y; `!hq:x` one with an error besides; `?` one that cannot be read; `~hq:x` one that is just being
 * written; `#` a folder that cannot be read, or a link to nothing; `@` a path without a manifest,
 * `0` one that holds only files that are told by themselves; `>` a link to what was a folder.
 * `(nowhere)` behind a connection names a credential that no config has. The answer: what is in
 * force, with the file that it comes from; then each problem, and whether something good was kept.
 */
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/service/wishes.h"
#include "base/buf.h"
#include "tests/test.h"

struct row {
	const char *name, *good, *looked, *expect;
};

static void add_connection(struct buf *out, char *name) {
	bool linked = strchr(name, '(');

	name[strcspn(name, "(")] = '\0';
	buf_printf(out, "  - {name: %s, mailbox: M, database: D, user: u@contoso.com%s}\n", name,
	           linked ? ", type: linked, linked: {masterAccount: 'F\\u', domainController: "
	                    "dc.f.com, credential: nowhere}"
	                  : "");
}

/* The bytes of `hq:x,y` or `!hq:x`. */
static char *manifest(struct arena *a, const char *text) {
	bool faulty = *text == '!';
	char *copy = arena_strdup(a, text + faulty), *names = strchr(copy, ':') + 1, *rest;
	struct buf out = { 0 };

	names[-1] = '\0';
	buf_printf(&out,
	           "apiVersion: mbxctl/v1\nkind: MailboxConnections\n"
	           "metadata: {name: %s%s}\nconnections:\n",
	           copy, faulty ? ", color: blue" : "");
	for (char *n = strtok_r(names, ",", &rest); n; n = strtok_r(NULL, ",", &rest))
		add_connection(&out, n);
	char *bytes = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return bytes;
}

static void digest_of(const char *bytes, char *ret) {
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, strlen(bytes), (const uint8_t *)bytes);
	sha256_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(ret + 2 * i, "%02x", digest[i]);
}

struct scene {
	struct arena *a;
	struct look look;
	struct {
		const char **v;
		size_t n, cap;
	} barren, dangling;
	struct {
		struct manifest_row *v;
		size_t n, cap;
	} good;
};

static void set_good(struct scene *s, char *path, const char *what) {
	struct manifest_row good = { .path = path, .bytes = manifest(s->a, what) };

	good.len = strlen(good.bytes);
	digest_of(good.bytes, good.sha256);
	ARENA_PUSH(s->a, &s->good, good);
}

static void set_looked(struct scene *s, char *path, const char *what) {
	struct looked f = { .path = path };

	if (*what == '@' || *what == '0')
		ARENA_PUSH(s->a, &s->barren, path);
	if (*what == '@' || *what == '#') {
		diag_add(&s->look.diags, (struct place){ path, 0, 0 }, "manifest-unreadable", NULL,
		         0, "gone");
		return;
	}
	if (*what == '>')
		ARENA_PUSH(s->a, &s->dangling, path);
	if (*what == '0' || *what == '>')
		return;
	if (*what == '?') {
		f.fault = "it cannot be read";
	} else {
		f.bytes = manifest(s->a, what + (*what == '~'));
		f.len = strlen(f.bytes);
		digest_of(f.bytes, f.sha256);
	}
	if (*what == '~') {
		f.bytes = NULL;
		f.fault = "it is being written";
	}
	ARENA_PUSH(s->a, &s->look, f);
}

static void each(struct scene *s, const char *text,
                 void (*set)(struct scene *, char *, const char *)) {
	char *copy = arena_strdup(s->a, text), *rest;

	for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
		char *is = strchr(one, '=');
		*is = '\0';
		set(s, one, is + 1);
	}
}

static void print(const struct wishes *w, struct buf *out) {
	const char *file = "";

	for (size_t i = 0; i < w->connections.n; i++) {
		const struct connection *c = w->connections.v + i;
		if (strcmp(file, c->at.file) != 0)
			buf_printf(out, "%s%s=%s:%s", *file ? " " : "", c->at.file, c->manifest,
			           c->name);
		else
			buf_printf(out, ",%s", c->name);
		file = c->at.file;
	}
	for (size_t i = 0; i < w->n_broken; i++)
		buf_printf(out, "; %s %s %s", w->broken[i].diag.at.file, w->broken[i].diag.code,
		           w->broken[i].kept ? "kept" : "out");
}

/* The set must be sound in itself, whatever it is. */
static void check_good(const struct row *row, const struct wishes *w) {
	char digest[SHA256_TEXT];

	if (w->files != w->n_good || w->connections.faulty.n)
		fail_msg("%s: %zu files and %zu good ones, %zu faulty connections", row->name,
		         w->files, w->n_good, w->connections.faulty.n);
	for (size_t i = 0; i < w->n_good; i++) {
		digest_of(w->good[i].bytes, digest);
		if (strcmp(digest, w->good[i].sha256) != 0 ||
		    (i && strcmp(w->good[i - 1].path, w->good[i].path) >= 0))
			fail_msg("%s: the good version of %s is not sound", row->name,
			         w->good[i].path);
	}
}

static void check_row(const struct row *row) {
	static const struct config config = { .file = "mbxctl.yaml" };
	struct arena *a = arena_new();
	struct scene s = { .a = a, .look = { .a = a, .diags = { .arena = a } } };
	struct buf got = { 0 };
	const char *end = NULL;

	each(&s, row->good, set_good);
	each(&s, row->looked, set_looked);
	ARENA_PUSH(a, &s.barren, end);
	ARENA_PUSH(a, &s.dangling, end);
	s.look.barren = s.barren.v;
	s.look.dangling = s.dangling.v;
	struct wishes *w = wishes_new(&s.look, &config, s.good.v, s.good.n);
	buf_puts(&got, "");
	print(w, &got);
	check_good(row, w);
	if (strcmp(got.data ? got.data : "", row->expect) != 0)
		fail_msg("%s: (%s) then (%s): \"%s\", not \"%s\"", row->name, row->good,
		         row->looked, got.data ? got.data : "", row->expect);
	wishes_unref(w);
	buf_done(&got);
	arena_free(a);
}

static void check(const struct row *rows, size_t n) {
	for (size_t i = 0; i < n; i++)
		check_row(rows + i);
}

static void single_files(void **state) {
	static const struct row rows[] = {
		{ "nothing at all", "", "", "" },
		{ "new", "", "m/a=hq:x,y m/b=rd:z", "m/a=hq:x,y m/b=rd:z" },
		{ "as before", "m/a=hq:x", "m/a=hq:x", "m/a=hq:x" },
		{ "changed", "m/a=hq:x", "m/a=hq:x,y", "m/a=hq:x,y" },
		{ "gone from a folder that holds others", "m/a=hq:x m/b=rd:z", "m/b=rd:z",
		  "m/b=rd:z" },
		{ "an error: its own connections stay as they were", "m/a=hq:x m/b=rd:z",
		  "m/a=!hq:x,y m/b=rd:w", "m/a=hq:x m/b=rd:w; m/a unknown-key kept" },
		{ "an error, and nothing to fall back to", "m/b=rd:z", "m/a=!hq:x m/b=rd:z",
		  "m/b=rd:z; m/a unknown-key out" },
		{ "unreadable", "m/a=hq:x", "m/a=? m/b=?",
		  "m/a=hq:x; m/a manifest-unreadable kept; m/b manifest-unreadable out" },
		{ "being written", "m/a=hq:x", "m/a=~hq:x,y",
		  "m/a=hq:x; m/a manifest-unreadable kept" },
		{ "being written, with what it holds already", "m/a=hq:x", "m/a=~hq:x",
		  "m/a=hq:x" },
		{ "being written, and new", "", "m/a=~hq:x", "; m/a manifest-unreadable out" },
		{ "the last good version has an error itself by now", "m/a=hq:x(nowhere)",
		  "m/a=!hq:x", "; m/a unknown-key out" },
		{ "unreadable, and the last good version has an error by now", "m/a=hq:x(nowhere)",
		  "m/a=?", "; m/a manifest-unreadable out" },
		{ "a credential that there is not", "m/a=hq:x", "m/a=hq:x,y(nowhere)",
		  "m/a=hq:x; m/a credential-unknown kept" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void lost_folders(void **state) {
	static const struct row rows[] = {
		{ "a path is gone", "m/a=hq:x m/s/b=rd:z n/c=it:v", "m=@ n/c=it:v",
		  "n/c=it:v m/a=hq:x m/s/b=rd:z; m manifest-unreadable kept" },
		{ "a path that never had anything", "n/c=it:v", "m=@ n/c=it:v",
		  "n/c=it:v; m manifest-unreadable out" },
		{ "a file that is a path itself", "m/a=hq:x", "m/a=@",
		  "m/a=hq:x; m/a manifest-unreadable kept" },
		{ "a folder within cannot be read", "m/a=hq:x m/s/b=rd:z", "m/s=# m/a=hq:x",
		  "m/a=hq:x m/s/b=rd:z; m/s manifest-unreadable kept" },
		{ "a link to a folder leads to nothing", "m/a=hq:x m/s/b=rd:z", "m/s=> m/a=hq:x",
		  "m/a=hq:x m/s/b=rd:z; m/s manifest-unreadable kept" },
		{ "a link that never led to anything", "m/a=hq:x", "m/s=> m/a=hq:x", "m/a=hq:x" },
		{ "another folder, whose name begins alike", "m/a=hq:x m/sub/b=rd:z",
		  "m/s=# m/a=hq:x", "m/a=hq:x; m/s manifest-unreadable out" },
		{ "a name of one letter", "ma=hq:x", "m=@", "; m manifest-unreadable out" },
		{ "the root", "/a=hq:x", "/=@", "/a=hq:x; / manifest-unreadable kept" },
		{ "where we are", "./a=hq:x", ".=@", "./a=hq:x; . manifest-unreadable kept" },
		{ "nothing but a link to nothing", "m/a=hq:x m/b=rd:z", "m=0 m/a=#",
		  "m/a=hq:x m/b=rd:z; m/a manifest-unreadable kept" },
		{ "a link to nothing", "m/a=hq:x m/b=rd:z", "m/a=# m/b=rd:z",
		  "m/b=rd:z m/a=hq:x; m/a manifest-unreadable kept" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void quarrels(void **state) {
	static const struct row rows[] = {
		{ "the new one of two gives way", "m/a=hq:x", "m/a=hq:x m/b=hq:x",
		  "m/a=hq:x; m/a name-twice kept; m/b name-twice out" },
		{ "the one that changed gives way", "m/a=hq:x m/b=hq:y", "m/a=hq:x,y m/b=hq:y",
		  "m/a=hq:x m/b=hq:y; m/a name-twice kept; m/b name-twice kept" },
		{ "both are new", "", "m/a=hq:x m/b=hq:x m/c=rd:z",
		  "m/c=rd:z; m/a name-twice out; m/b name-twice out" },
		{ "both changed", "m/a=hq:x m/b=hq:y", "m/a=hq:z m/b=hq:z",
		  "m/a=hq:x m/b=hq:y; m/a name-twice kept; m/b name-twice kept" },
		{ "neither changed: the later path is left out", "m/b=hq:x m/a=hq:x",
		  "m/b=hq:x m/a=hq:x", "m/a=hq:x; m/a name-twice kept; m/b name-twice out" },
		{ "within one file", "m/a=hq:x", "m/a=hq:x,x",
		  "m/a=hq:x; m/a name-twice kept; m/a name-twice kept" },
		{ "within one file, and with another", "m/b=hq:y", "m/a=hq:x,x m/b=hq:x,y",
		  "m/b=hq:x,y; m/a name-twice out; m/a name-twice out" },
		{ "three of them, one old", "m/b=hq:x", "m/a=hq:x m/b=hq:x m/c=hq:x",
		  "m/b=hq:x; m/a name-twice out; m/b name-twice kept; m/c name-twice out" },
		{ "a connection moves from one file to another", "m/a=hq:x,y m/b=hq:z",
		  "m/a=hq:x m/b=hq:y,z", "m/a=hq:x m/b=hq:y,z" },
		{ "it moves, but the one that it leaves is broken", "m/a=hq:x,y m/b=hq:z",
		  "m/a=!hq:x m/b=hq:y,z",
		  "m/a=hq:x,y m/b=hq:z; m/a unknown-key kept; m/b name-twice kept" },
		{ "one falls over its own error: the other stands", "m/a=hq:x m/b=hq:y",
		  "m/a=!hq:x,z m/b=hq:y,z",
		  "m/a=hq:x m/b=hq:y,z; m/a unknown-key kept; m/a "
		  "name-twice kept" },
		{ "falling back makes the next quarrel", "m/a=hq:x m/b=hq:y m/c=hq:z",
		  "m/a=!hq:w m/b=hq:x m/c=hq:y",
		  "m/a=hq:x m/b=hq:y m/c=hq:z; m/a unknown-key kept; m/b name-twice kept; m/c "
		  "name-twice kept" },
		{ "with what stays of a lost folder", "m/a=hq:x", "m=@ n/b=hq:x",
		  "m/a=hq:x; m manifest-unreadable kept; m/a name-twice kept; n/b name-twice out" },
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_files),
		cmocka_unit_test(lost_folders),
		cmocka_unit_test(quarrels),
	};

	return cmocka_run_group_tests_name("wishes", tests, NULL, NULL);
}
