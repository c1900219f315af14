#include "spec/syntax.h"

#include <string.h>
#include <unistr.h>

/* `context`: the place to look at is where the thing began, not where it turned out wrong. */
static const struct syntax {
	const char *problem; /* libyaml's */
	bool context;
	const char *message;
} table[] = {
	{ "could not find expected ':'", true,
	  "this is no key, there is no colon with a blank behind it" },
	{ "mapping values are not allowed in this context", false,
	  "a colon is not expected here: quote a text that holds \": \", and let the keys of one "
	  "mapping begin in the same column" },
	{ "mapping keys are not allowed in this context", false,
	  "a key is not expected here: let the keys of one mapping begin in the same column" },
	{ "block sequence entries are not allowed in this context", false,
	  "a list is not expected here: let it begin in a line of its own" },
	{ "did not find expected key", false,
	  "a key is expected here: let the keys of one mapping, and each - of one list, begin in "
	  "the same column, and put nothing behind a quoted text" },
	{ "did not find expected '-' indicator", false,
	  "an item is expected here: let every item of a list begin with - in the same column" },
	{ "did not find expected node content", false, "a value is expected here" },
	{ "did not find expected ',' or ']'", false,
	  "a comma or a ] is expected here: quote a text that holds commas, brackets or colons" },
	{ "did not find expected ',' or '}'", false,
	  "a comma or a } is expected here: quote a text that holds commas, braces or colons" },
	{ "did not find expected <document start>", false,
	  "the document has ended here: let the keys of one mapping begin in the same column, and "
	  "let another document begin with ---" },
	{ "found unexpected end of stream", true, "the quote that opens here is never closed" },
	{ "found unexpected document indicator", true,
	  "the quote that opens here is not closed before the next document" },
	{ "found unknown escape character", false,
	  "in double quotes a backslash begins an escape, and this is none: use single quotes, or "
	  "none" },
	{ "did not find expected hexdecimal number", false,
	  "hexadecimal digits are expected after \\x, \\u and \\U: use single quotes for a text "
	  "with backslashes" },
	{ "found invalid Unicode character escape code", false,
	  "the escape stands for no character" },
	{ "found a tab character that violates indentation", false,
	  "a tab cannot indent: use blanks" },
	{ "found a tab character where an indentation space is expected", false,
	  "a tab cannot indent: use blanks" },
	{ "found unknown directive name", false,
	  "a line that begins with % is a directive: quote the text" },
	{ "found incompatible YAML document", false,
	  "this version of YAML is not known: take the %YAML line away" },
	{ "did not find expected alphabetic or numeric character", true,
	  "a text that begins with & or * must be quoted" },
	{ "found undefined tag handle", true,
	  "a tag is not allowed: quote a text that begins with !" },
	{ "found unexpected ':'", false,
	  "a colon is not expected here: put a blank behind it, or quote a text that ends in one" },
	{ "did not find expected comment or line break", false,
	  "nothing may follow here in this line" },
};

static const char bad_start[] = "found character that cannot start any token";

static struct spot spot_of(yaml_mark_t mark, int lines) {
	return (struct spot){ (int)mark.line + lines + 1, (int)mark.column + 1 };
}

/* The column of a tab among the blanks that begin the line; 0: there is none. */
static int tab_in_indentation(const char *line, size_t len) {
	for (size_t i = 0; i < len && (line[i] == ' ' || line[i] == '\t'); i++)
		if (line[i] == '\t')
			return (int)i + 1;
	return 0;
}

/* The character at a column, as a text for a message. */
static char *character_at(struct arena *a, const char *line, size_t len, int column) {
	size_t i = 0;

	for (; column > 1 && i < len; column--) {
		int n = u8_mblen((const uint8_t *)line + i, len - i);
		i += n > 1 ? (size_t)n : 1;
	}
	int n = i < len ? u8_mblen((const uint8_t *)line + i, len - i) : 0;
	return source_quoted(a, line + i, n > 0 ? (size_t)n : 0);
}

static const struct syntax *find(const char *problem) {
	for (size_t i = 0; problem && i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(table[i].problem, problem) == 0)
			return table + i;
	return NULL;
}

static bool is_flow(const yaml_parser_t *p) {
	return p->context && strncmp(p->context, "while parsing a flow ", 21) == 0;
}

static bool is_end(const struct source *s, struct spot at, size_t len) {
	return (size_t)at.line >= s->n_lines && (size_t)at.column > len;
}

int syntax_problem(const yaml_parser_t *p, struct source *s, struct diags *diags, int lines) {
	const struct syntax *known = find(p->problem);
	struct spot stop = spot_of(p->problem_mark, lines), at = stop;
	size_t len = 0;
	const char *line = source_line(s, stop.line, &len);
	const char *message = known ? known->message : p->problem ? p->problem : "this is no YAML";

	if (tab_in_indentation(line, len)) {
		at.column = tab_in_indentation(line, len);
		message = "a tab stands in the indentation: use blanks";
	} else if (known && known->context && p->context) {
		at = spot_of(p->context_mark, lines);
	} else if (is_flow(p) && is_end(s, stop, len)) {
		at = spot_of(p->context_mark, lines);
		message = "the bracket that opens here is never closed";
	} else if (p->problem && strcmp(p->problem, bad_start) == 0) {
		message = arena_printf(diags->arena, "a text that begins with %s must be quoted",
		                       character_at(diags->arena, line, len, at.column));
	}
	source_problem(s, diags, at, "yaml-syntax", "%s", message);
	return stop.line;
}
