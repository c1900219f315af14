#include "tests/ldap-script/lex.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

void lex_wrong(struct lexer *x, int line, int column, const char *format, ...) {
	va_list args;

	fprintf(stderr, "%s:%d:%d: error: ", x->file, line, column);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	x->wrong++;
}

static int column(const struct lexer *x) {
	return (int)(x->at - x->line_start) + 1;
}

static void next_line(struct lexer *x) {
	x->at++;
	x->line++;
	x->line_start = x->at;
}

/* Blanks, comments and continued lines. False at the end of the statement. */
static bool to_word(struct lexer *x) {
	for (;;) {
		if (*x->at == ' ' || *x->at == '\t' || *x->at == '\r')
			x->at++;
		else if (x->at[0] == '\\' && x->at[1] == '\n') {
			x->at++;
			next_line(x);
		} else if (*x->at == '#')
			x->at += strcspn(x->at, "\n");
		else
			return *x->at && *x->at != '\n';
	}
}

static void expand(struct lexer *x, struct buf *word) {
	const char *name = x->at + 2;
	size_t len = strcspn(name, "}\n \"");

	if (name[len] != '}') {
		lex_wrong(x, x->line, column(x), "'${' without '}'");
		x->at += 2;
		return;
	}
	const struct setting *found = NULL;
	for (size_t i = 0; i < x->settings->n; i++)
		if (strlen(x->settings->v[i].name) == len &&
		    strncmp(x->settings->v[i].name, name, len) == 0)
			found = &x->settings->v[i];
	if (found)
		buf_puts(word, found->value);
	else
		lex_wrong(x, x->line, column(x), "'%.*s' is not set", (int)len, name);
	x->at = name + len + 1;
}

/* From the opening quote to behind the closing one. */
static void quoted(struct lexer *x, struct buf *word) {
	int line = x->line, opened = column(x);

	for (x->at++; *x->at;) {
		if (x->at[0] == '"' && x->at[1] != '"') {
			x->at++;
			return;
		}
		if (x->at[0] == '$' && x->at[1] == '{') {
			expand(x, word);
			continue;
		}
		if (*x->at == '\n')
			break;
		if (*x->at == '"')
			x->at++;
		buf_putc(word, *x->at++);
	}
	lex_wrong(x, line, opened, "the quotes are not closed on this line");
}

static void one_word(struct lexer *x, struct word *ret) {
	struct buf word = { 0 };

	*ret = (struct word){ .line = x->line, .column = column(x) };
	while (*x->at && !strchr(" \t\r\n", *x->at)) {
		if (x->at[0] == '\\' && x->at[1] == '\n')
			break;
		if (*x->at == '"')
			quoted(x, &word);
		else if (x->at[0] == '$' && x->at[1] == '{')
			expand(x, &word);
		else
			buf_putc(&word, *x->at++);
	}
	ret->text = arena_copy(x->arena, word.len ? word.data : "", word.len);
	ret->len = word.len;
	buf_done(&word);
}

bool lex_statement(struct lexer *x, struct words *ret) {
	struct word word;

	*ret = (struct words){ 0 };
	while (*x->at) {
		while (to_word(x)) {
			one_word(x, &word);
			ARENA_PUSH(x->arena, ret, word);
		}
		if (*x->at == '\n')
			next_line(x);
		if (ret->n)
			return true;
	}
	return false;
}
