/*
 * ldif_split -- the bytes of an LDIF file taken apart into lines (RFC 2849); none is changed.
 *
 * Ours and not libldap's, because libldap's reader opens other files (`include:`) and forgets
 * where it read what. A piece is a whole line with those that are folded onto it, its line break
 * included; the pieces laid end to end are the file.
 */
#pragma once

#include <stddef.h>

enum ldif_kind {
	LDIF_END,     /* of the bytes */
	LDIF_BREAK,   /* a blank line, or one of dashes alone: a record ends here */
	LDIF_COMMENT, /* `# ...` */
	LDIF_LINE     /* anything else */
};

struct ldif_piece {
	enum ldif_kind kind;
	size_t start, end; /* offsets; `end` is behind the line break */
	int line;          /* counted from 1 */
};

struct ldif_cursor {
	const char *bytes;
	size_t len, at;
	int line;
};

/* A byte order mark of UTF-8 is stepped over. */
void ldif_cursor_init(struct ldif_cursor *c, const char *bytes, size_t len);

/* Looks at no byte before `c->at` again: a piece may be overwritten as soon as it is handed out. */
struct ldif_piece ldif_next(struct ldif_cursor *c);
