/*
 * lex -- the lines of a script as words.
 *
 * Words stand between blanks; "double quotes" keep blanks, and "" within them is one; ${name}
 * is the value of a setting; # at the start of a word begins a comment; \ at the end of a line
 * continues the statement on the next.
 */
#pragma once

#include "tests/ldap-script/script.h"

struct word {
	const char *text;
	size_t len;
	int line, column;
};

struct words {
	struct word *v;
	size_t n, cap;
};

struct lexer {
	struct arena *arena;
	const struct settings *settings;
	const char *file, *at, *line_start;
	int line;
	int wrong; /* how many mistakes were told */
};

/* The words of the next statement; false at the end of the text. */
bool lex_statement(struct lexer *x, struct words *ret);

/* Tells a mistake: FILE:LINE:COLUMN: error: ... */
void lex_wrong(struct lexer *x, int line, int column, const char *format, ...)
        __attribute__((format(printf, 4, 5)));
