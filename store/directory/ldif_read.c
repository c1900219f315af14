#include "store/directory/ldif_read.h"

#include <string.h>
#include <strings.h>

#include "store/directory/ldif_entry.h"
#include "store/directory/ldif_forest.h"
#include "store/directory/ldif_index.h"
#include "store/directory/ldif_line.h"
#include "store/directory/ldif_name.h"
#include "store/directory/ldif_split.h"

enum where {
	BETWEEN,  /* records, or behind `version: 1` */
	IN_ENTRY, /* behind `dn:` */
	IN_TAIL   /* what ldapsearch says about the search itself */
};

struct reader {
	const char *file;
	struct error *err;
	struct ldif_cursor cursor;
	struct ldif_names names;
	struct ldif_builder builder;
	enum where where;
	int open_page; /* the line of a page that was not the last one; 0: none */
};

static int fail(const struct reader *r, int line, const char *what) {
	return error_set(r->err, ERR_INVALID, "%s:%d: %s", r->file, line, what);
}

/* ---- lines that are no attributes ---- */

static const char *check_change(struct value v) {
	return strcasecmp(v.data, "add") == 0
	               ? NULL
	               : "this record changes an entry; only whole entries (no changetype, or "
	                 "changetype: add) are read";
}

static const char *check_version(struct value v) {
	return strcmp(v.data, "1") == 0 ? NULL : "only version 1 of LDIF is known";
}

static const char *check_result(struct value v) {
	bool fine = v.data[0] == '0' && (v.len == 1 || v.data[1] == ' ');

	return fine ? NULL
	            : "the search that wrote this file did not come to its end, so entries are "
	              "missing; export it again";
}

/* The server gives a cookie with every page but the last. */
static void note_page(struct reader *r, int line, const char *s) {
	const char *cookie = strstr(s, "cookie=");

	if (cookie)
		r->open_page = cookie[strcspn(cookie, "=") + 1] > ' ' ? line : 0;
}

static void note_comment(struct reader *r, const struct ldif_piece *p) {
	static const char page[] = "# pagedresults:";
	const char *s = r->cursor.bytes + p->start;

	if (p->end - p->start < sizeof(page) || strncmp(s, page, sizeof(page) - 1) != 0)
		return;
	char *copy = arena_copy(r->builder.scratch, s, p->end - p->start);
	note_page(r, p->line, copy);
}

/* ---- records ---- */

static const char *begin_record(struct reader *r, const struct ldif_name *name,
                                const struct ldif_line *l, const struct ldif_piece *p) {
	const char *wrong;

	switch (name->meaning) {
	case LDIF_VERSION:
		return check_version(l->value);
	case LDIF_SEARCH:
	case LDIF_REFERENCE:
		r->where = IN_TAIL;
		return NULL;
	case LDIF_RESULT:
		r->where = IN_TAIL;
		return check_result(l->value);
	case LDIF_DN:
		wrong = ldif_entry_begin(&r->builder, l);
		r->builder.now.start = p->start;
		r->builder.now.end = p->end;
		r->builder.now.line = p->line;
		r->where = IN_ENTRY;
		return wrong;
	default:
		return "a record begins with dn: and this one does not; is a blank line in the "
		       "middle of an entry?";
	}
}

static const char *take_line(struct reader *r, const struct ldif_name *name,
                             const struct ldif_line *l, const struct ldif_piece *p) {
	if (name->meaning == LDIF_INCLUDE)
		return "other files are not read (include:); put their records here";
	if (r->where == BETWEEN)
		return begin_record(r, name, l, p);
	if (r->where == IN_TAIL) {
		if (name->meaning == LDIF_PAGE)
			note_page(r, p->line, l->value.data);
		return name->meaning == LDIF_RESULT ? check_result(l->value) : NULL;
	}
	r->builder.now.end = p->end;
	switch (name->meaning) {
	case LDIF_DN:
		return "here is a second dn: in one record; a blank line stands between two";
	case LDIF_CHANGETYPE:
		return check_change(l->value);
	case LDIF_VERSION:
	case LDIF_SEARCH:
	case LDIF_RESULT:
	case LDIF_REFERENCE:
	case LDIF_PAGE:
		return NULL;
	default:
		return ldif_entry_take(&r->builder, name, l);
	}
}

static int read_line(struct reader *r, struct ldif_snapshot *s, const struct ldif_piece *p) {
	struct ldif_line l;
	const char *wrong = ldif_line_decode(s->bytes.data + p->start, p->end - p->start, &l);

	if (!wrong)
		wrong = take_line(r, ldif_name_of(&r->names, &l), &l, p);
	return wrong ? fail(r, p->line, wrong) : OK;
}

static void end_record(struct reader *r) {
	if (r->where == IN_ENTRY)
		ldif_entry_finish(&r->builder);
	r->where = BETWEEN;
}

static int read_records(struct reader *r, struct ldif_snapshot *s) {
	for (;;) {
		struct ldif_piece p = ldif_next(&r->cursor);
		switch (p.kind) {
		case LDIF_COMMENT:
			note_comment(r, &p);
			break;
		case LDIF_LINE:
			if (read_line(r, s, &p) < 0)
				return r->err->code;
			break;
		case LDIF_BREAK:
			end_record(r);
			break;
		case LDIF_END:
			end_record(r);
			return OK;
		}
	}
}

/* ---- the file ---- */

static int check_bytes(const struct reader *r, const struct ldif_bytes *b) {
	const char *nul = memchr(b->data, '\0', b->len);
	int line = 1;

	if (b->len >= 2 &&
	    (memcmp(b->data, "\xff\xfe", 2) == 0 || memcmp(b->data, "\xfe\xff", 2) == 0))
		return fail(r, 1, "this file is UTF-16 (ldifde -u); export or convert it to UTF-8");
	for (const char *p = b->data; nul && p < nul; p++)
		line += *p == '\n';
	return nul ? fail(r, line, "a NUL byte stands in this line; was the file cut or damaged?")
	           : OK;
}

static int read_bytes(struct ldif_snapshot *s, const char *file, struct error *err) {
	struct reader r = { .file = file,
		            .err = err,
		            .names = { .arena = s->arena, .snapshot = s } };
	int result = check_bytes(&r, &s->bytes);

	if (result < 0)
		return result;
	ldif_cursor_init(&r.cursor, s->bytes.data, s->bytes.len);
	ldif_builder_init(&r.builder, s);
	result = read_records(&r, s);
	ldif_builder_done(&r.builder);
	ldif_names_done(&r.names);
	if (result < 0)
		return result;
	if (r.open_page)
		return fail(&r, r.open_page,
		            "pages are missing after this one; export it again, to the end");
	if (!s->n)
		return error_set(err, ERR_INVALID,
		                 "%s holds no entries; did the export come to its end?", file);
	result = ldif_index(s, file, err);
	if (result == OK)
		ldif_forest(s);
	return result;
}

int ldif_read(const char *path, const char *file, bool digest, struct ldif_snapshot **ret,
              struct error *err) {
	struct ldif_bytes bytes;
	int r = ldif_load(path, digest, &bytes, err);

	if (r < 0)
		return r;
	struct ldif_snapshot *s = calloc(1, sizeof(*s));
	if (!s)
		abort();
	s->bytes = bytes;
	s->arena = arena_new();
	s->called = "the file";
	r = read_bytes(s, file, err);
	if (r < 0) {
		ldif_snapshot_free(s);
		return r;
	}
	*ret = s;
	return OK;
}

struct ldif_snapshot *ldif_snapshot_free(struct ldif_snapshot *s) {
	if (!s)
		return NULL;
	HASH_CLEAR(by_dn, s->by_dn);
	HASH_CLEAR(by_guid, s->by_guid);
	free(s->records);
	free(s->fields);
	arena_free(s->arena);
	ldif_bytes_done(&s->bytes);
	free(s);
	return NULL;
}
