/*
 * Random files, random windows: what was not changed stays byte for byte, what was changed is what
 * the window says. The generator knows which line says what, so nothing of the back-end judges
 * itself here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "store/directory/ldif.h"
#include "tests/directory/fixture.h"
#include "tests/test.h"

enum { FILES = 2000, MAX_ENTRIES = 6, MAX_LINES = 14, POOL = 12 };

/* What may be changed; the rest of the lines is anything. */
static const int pool[] = { ATTR_MAIL, ATTR_PROXY_ADDRESSES, ATTR_PUBLIC_DELEGATES,
	                    ATTR_MAILBOX_GUID, ATTR_DISPLAY_NAME };

struct line {
	int id; /* of the pool, or -1 */
	struct value value;
	size_t start, end; /* its bytes in the file */
};

struct entry_made {
	char dn[64], identity[64];
	struct line lines[MAX_LINES];
	size_t n, start, end;
};

struct made {
	struct arena *arena;
	struct buf text;
	const char *newline;
	struct entry_made entries[MAX_ENTRIES];
	size_t n;
	bool open; /* no line break at the end */
	uint64_t seed;
};

static uint32_t any(struct made *m, uint32_t below) {
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return (uint32_t)(m->seed >> 32) % below;
}

/* ---- the generator -------------------------------------------------------------------------- */

/* Text with its line breaks where it pleases; never before the first letter. */
static void put_folded(struct made *m, const char *s) {
	for (const char *p = s; *p; p++) {
		/* A letter of several bytes may be torn apart, as ldifde does. */
		if (p > s && any(m, 20) == 0)
			buf_printf(&m->text, "%s ", m->newline);
		buf_putc(&m->text, *p);
	}
	buf_puts(&m->text, m->newline);
}

static bool plain(struct value v) {
	for (size_t i = 0; i < v.len; i++)
		if ((unsigned char)v.data[i] < ' ' || v.data[i] == 127)
			return false;
	return !strchr(" :<", v.data[0]);
}

static void put_value(struct made *m, const char *name, struct value v) {
	char *spelt = arena_strdup(m->arena, name);

	for (char *p = spelt; *p; p++)
		if (any(m, 8) == 0)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	if (plain(v) && any(m, 4))
		put_folded(m,
		           arena_printf(m->arena, "%s:%*s%s", spelt, (int)any(m, 3), "", v.data));
	else
		put_folded(m, arena_printf(m->arena, "%s::%*s%s", spelt, (int)any(m, 3), "",
		                           text_base64(m->arena, v.data, v.len)));
}

#define TEN_LETTERS "long long "
#define LONG                                                                                       \
	TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS TEN_LETTERS "end"

static struct value make_value(struct made *m, int id) {
	static const char *const texts[] = {
		"a",     "smtp:a@x.com", "SMTP:b@x.com",       "x500:/o=x",
		": odd", " blank ",      "# no comment",       "J\303\274rgen",
		"<url",  "a,b+c\"d\\e",  "changetype: modify", LONG
	};
	char bytes[16] = { (char)any(m, 3), 0, (char)any(m, 256) };

	if (id == ATTR_MAILBOX_GUID)
		return (struct value){ arena_copy(m->arena, bytes, sizeof(bytes)), sizeof(bytes) };
	if (id == ATTR_PUBLIC_DELEGATES) {
		char *dn = arena_printf(m->arena, "CN=d%u,DC=x", any(m, POOL));
		return (struct value){ dn, strlen(dn) };
	}
	const char *text = texts[any(m, ARRAY_SIZE(texts))];
	return (struct value){ text, strlen(text) };
}

static void put_other(struct made *m) {
	static const char *const others[] = { "cn: x",
		                              "objectClass: user",
		                              "description:",
		                              "jpegPhoto:: /9j/",
		                              "homeDirectory: \\\\server\\x",
		                              "info;lang-de: x",
		                              "mailx: no",
		                              "msDS-x: 1",
		                              "userCertificate;binary:: AAA=" };

	if (any(m, 4) == 0)
		put_folded(m, "# mail: this is a comment");
	else
		put_folded(m, others[any(m, ARRAY_SIZE(others))]);
}

static void put_entry(struct made *m) {
	struct entry_made *e = m->entries + m->n;
	size_t lines = any(m, MAX_LINES);

	snprintf(e->dn, sizeof(e->dn), "CN=e%zu,DC=x", m->n);
	snprintf(e->identity, sizeof(e->identity), "cn=e%zu,dc=x", m->n++);
	if (any(m, 4) == 0)
		put_folded(m, "# above an entry");
	e->start = m->text.len;
	put_value(m, "dn", (struct value){ e->dn, strlen(e->dn) });
	for (size_t i = 0; i < lines; i++) {
		struct line *l = e->lines + e->n;
		l->start = m->text.len;
		l->id = any(m, 2) ? pool[any(m, ARRAY_SIZE(pool))] : -1;
		if (l->id < 0) {
			put_other(m);
		} else {
			l->value = make_value(m, l->id);
			put_value(m, attributes[l->id].name, l->value);
		}
		l->end = m->text.len;
		e->n++;
	}
	e->end = m->text.len;
}

/* Takes the line break at the end away. */
static void chop(struct made *m) {
	struct entry_made *last = m->entries + m->n - 1;

	m->text.len -= strlen(m->newline);
	last->end = m->text.len;
	if (last->n)
		last->lines[last->n - 1].end = m->text.len;
}

static void make(struct made *m, uint64_t seed) {
	*m = (struct made){ .arena = arena_new(), .seed = seed * 0x9e3779b97f4a7c15u + 1 };
	m->newline = any(m, 2) ? "\r\n" : "\n";
	if (any(m, 3) == 0)
		put_folded(m, "version: 1");
	for (uint32_t n = 1 + any(m, MAX_ENTRIES); n; n--) {
		for (uint32_t blank = any(m, 3) + (m->n > 0); blank; blank--)
			buf_puts(&m->text, m->newline);
		put_entry(m);
	}
	m->open = any(m, 4) == 0;
	if (m->open)
		chop(m);
	else if (any(m, 2))
		buf_puts(&m->text, m->newline);
}

/* ---- the window ----------------------------------------------------------------------------- */

struct values {
	struct value *v;
	size_t n, cap;
};

static bool has(const struct values *list, struct value v) {
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].len == v.len && memcmp(list->v[i].data, v.data, v.len) == 0)
			return true;
	return false;
}

static void add(struct made *m, struct values *list, struct value v) {
	if (!has(list, v))
		ARENA_PUSH(m->arena, list, v);
}

static struct change make_change(struct made *m, const struct entry_made *e, int id) {
	struct values before = { 0 }, after = { 0 };

	for (size_t i = 0; i < e->n; i++) {
		if (e->lines[i].id != id)
			continue;
		add(m, &before, e->lines[i].value);
		if (any(m, 2))
			add(m, &after, e->lines[i].value);
	}
	for (uint32_t n = any(m, 3); n; n--)
		add(m, &after, make_value(m, id));
	return (struct change){ .id = (enum attribute)id,
		                .before = before.v,
		                .n_before = before.n,
		                .after = after.v,
		                .n_after = after.n };
}

/* ---- the judge ------------------------------------------------------------------------------ */

static char *unfolded(struct arena *a, struct value line) {
	char *flat = arena_alloc(a, line.len + 1, 1), *to = flat;

	for (size_t i = 0; i < line.len; i++) {
		bool newline = line.data[i] == '\n' || line.data[i] == '\r';
		bool mark = i > 0 && line.data[i - 1] == '\n' && line.data[i] == ' ';
		if (!newline && !mark)
			*to++ = line.data[i];
	}
	return flat;
}

/* Without the line break at its end: the last line of a file gets one where others come behind. */
static struct value bare(const char *text, size_t len) {
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	return (struct value){ text, len };
}

/* The bytes of an entry without the lines of an attribute; these, bare, in `list`. */
static struct value without(struct arena *a, const char *text, size_t len, const char *name,
                            struct values *list) {
	struct buf rest = { 0 };
	size_t name_len = strlen(name), end;

	for (size_t at = 0; at < len; at = end) {
		end = at;
		/* A folded line goes on as long as lines begin with a blank. */
		do {
			const char *newline = memchr(text + end, '\n', len - end);
			end = newline ? (size_t)(newline - text) + 1 : len;
		} while (end < len && text[end] == ' ');
		struct value line = bare(text + at, end - at);
		const char *flat = unfolded(a, line);
		if (strncasecmp(flat, name, name_len) == 0 && flat[name_len] == ':')
			ARENA_PUSH(a, list, line);
		else
			buf_add(&rest, text + at, end - at);
	}
	const char *copy = arena_copy(a, rest.data, rest.len);
	buf_done(&rest);
	return (struct value){ copy, strlen(copy) };
}

static void judge(struct made *m, const struct entry_made *e, const struct change *c,
                  const char *file, size_t len) {
	const struct values after = { (struct value *)c->after, c->n_after, 0 };
	const char *made = m->text.data, *name = attributes[c->id].name;
	size_t tail = m->text.len - e->end;
	struct values was = { 0 }, is = { 0 };

	assert_true(len >= e->start + tail);
	assert_memory_equal(file, made, e->start);
	assert_memory_equal(file + len - tail, made + e->end, tail);
	struct value x = without(m->arena, made + e->start, e->end - e->start, name, &was);
	struct value y = without(m->arena, file + e->start, len - tail - e->start, name, &is);
	if (m->open && !tail) {
		x = bare(x.data, x.len);
		y = bare(y.data, y.len);
	}
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	/* A line stays, byte for byte, where its value does. */
	for (size_t i = 0; i < e->n; i++) {
		const struct line *l = e->lines + i;
		if (l->id == (int)c->id && has(&after, l->value))
			assert_true(has(&is, bare(made + l->start, l->end - l->start)));
	}
}

static int no_sync(int fd) {
	(void)fd;
	return 0;
}
static const struct ldif_calls calls = { .sync = no_sync, .rename = rename };

static void assert_values(struct made *m, struct directory *d, const struct entry_made *e,
                          const struct change *c) {
	const struct ldif_snapshot *s = ((struct ldif *)d)->snapshot;
	struct values list = { 0 }, after = { (struct value *)c->after, c->n_after, 0 };

	list.n = ldif_values(s, ldif_by_identity(s, e->identity), c->id, m->arena, &list.v);
	for (size_t i = 0; i < list.n; i++)
		assert_true(has(&after, list.v[i]));
	for (size_t i = 0; i < c->n_after; i++)
		assert_true(has(&list, c->after[i]));
}

static void run(struct folder *f, uint64_t seed, bool change) {
	struct error err = { 0 };
	struct made m;
	size_t len = 0;

	make(&m, seed);
	char *path = folder_write(f, "a", m.text.data, m.text.len);
	struct directory *d = directory_at(f, path, NULL, NULL);
	((struct ldif *)d)->calls = &calls;
	const struct entry_made *e = m.entries + any(&m, (uint32_t)m.n);
	struct change c = make_change(&m, e, pool[any(&m, ARRAY_SIZE(pool))]);
	if (!change) {
		c.after = c.before;
		c.n_after = c.n_before;
	}
	struct modification mod = {
		.identity = e->identity, .dn = e->dn, .changes = &c, .n_changes = 1
	};
	if (directory_begin(d, true, &err) < 0 || directory_apply(d, m.arena, &mod, 1, &err) < 0)
		fail_msg("seed %llu: %s", (unsigned long long)seed, err.text);
	if (mod.outcome != OUTCOME_APPLIED)
		fail_msg("seed %llu: %s", (unsigned long long)seed, mod.message);
	char *file = folder_read(f, "a", &len);
	if (!change) {
		assert_int_equal(len, m.text.len);
		assert_memory_equal(file, m.text.data, len);
	}
	judge(&m, e, &c, file, len);
	assert_values(&m, d, e, &c);
	directory_free(d);
	buf_done(&m.text);
	arena_free(m.arena);
}

static void run_all(bool change) {
	struct folder f;

	folder_make(&f);
	for (uint64_t seed = 0; seed < FILES; seed++) {
		run(&f, seed, change);
		f.arena = arena_free(f.arena);
		f.arena = arena_new();
	}
	folder_remove(&f);
}

static void no_change_keeps_every_byte(void **state) {
	(void)state;
	run_all(false);
}

static void a_change_keeps_every_other_byte(void **state) {
	(void)state;
	run_all(true);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_change_keeps_every_byte),
		cmocka_unit_test(a_change_keeps_every_other_byte),
	};

	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
