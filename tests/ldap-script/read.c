#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/ldap-script/parse.h"

enum { DEPTH_MAX = 10 };

struct reader {
	struct arena *arena;
	const char *pieces;
	struct settings *settings;
	struct script *script;
	struct statement *block, *connection; /* the open ones, or NULL */
	int depth, wrong;
};

static const char *read_file(struct reader *r, const char *file);

static char *contents(struct arena *a, const char *file) {
	FILE *f = fopen(file, "r");
	struct buf b = { 0 };
	char chunk[4096];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	char *text = arena_copy(a, b.len ? b.data : "", b.len);
	buf_done(&b);
	return text;
}

/* As it is named, from the including file's folder, else from the library. */
static const char *included(struct reader *r, const struct lexer *x, const char *name) {
	const char *slash = strrchr(x->file, '/');
	const char *near =
	        name[0] == '/' || !slash
	                ? name
	                : arena_printf(r->arena, "%.*s/%s", (int)(slash - x->file), x->file, name);
	FILE *f = fopen(near, "r");

	if (!f)
		return arena_printf(r->arena, "%s/%s.ldap", r->pieces, name);
	fclose(f);
	return near;
}

static void set(struct reader *r, const struct part *p) {
	for (size_t i = 0; i < r->settings->n; i++)
		if (strcmp(r->settings->v[i].name, p->name) == 0)
			return; /* the first one counts: the command line, then who includes */
	struct setting s = { .name = p->name, .value = p->value.bv_val };
	ARENA_PUSH(r->arena, r->settings, s);
}

/* True: it is no step of a connection, and has been seen to. */
static bool outside(struct reader *r, struct lexer *x, struct statement *s) {
	const struct part *word = s->parts.n ? &s->parts.v[0] : NULL;
	const char *why;

	switch (s->verb) {
	case VERB_INCLUDE:
		why = read_file(r, included(r, x, word->value.bv_val));
		if (why)
			lex_wrong(x, word->line, word->column, "%s", why);
		return true;
	case VERB_SET:
		if (word->name)
			set(r, word);
		else
			lex_wrong(x, word->line, word->column, "write 'set name=value'");
		return true;
	case VERB_SCHEME:
		r->script->scheme = word->value.bv_val;
		return true;
	case VERB_CONNECTION:
		ARENA_PUSH(r->arena, &r->script->connections, s);
		r->connection = s;
		return true;
	default:
		return false;
	}
}

static void place(struct reader *r, struct lexer *x, struct statement *s) {
	bool opens = s->verb == VERB_ALWAYS || s->verb == VERB_ONCE;

	if (s->verb == VERB_END) {
		if (!r->block)
			lex_wrong(x, s->line, s->column, "'end' without 'always' or 'once'");
		r->block = NULL;
		return;
	}
	if (r->block && (opens || s->verb == VERB_CONNECTION || s->verb == VERB_INCLUDE)) {
		lex_wrong(x, s->line, s->column, "the block of line %d wants its 'end' first",
		          r->block->line);
		return;
	}
	if (outside(r, x, s))
		return;
	struct statements *to = r->block        ? &r->block->body
	                        : r->connection ? &r->connection->body
	                                        : &r->script->prologue;
	ARENA_PUSH(r->arena, to, s);
	if (opens)
		r->block = s;
}

/* NULL, or why it cannot be read at all. */
static const char *read_file(struct reader *r, const char *file) {
	struct lexer x = { .arena = r->arena, .settings = r->settings, .file = file, .line = 1 };
	struct words words;

	if (r->depth >= DEPTH_MAX)
		return "files include each other in a circle";
	x.at = x.line_start = contents(r->arena, file);
	if (!x.at)
		return arena_printf(r->arena, "%s cannot be read", file);
	r->depth++;
	while (lex_statement(&x, &words)) {
		struct statement *s = parse_statement(&x, &words);
		if (s)
			place(r, &x, s);
	}
	if (r->block && r->block->file == x.file) {
		lex_wrong(&x, r->block->line, r->block->column, "it has no 'end'");
		r->block = NULL;
	}
	r->depth--;
	r->wrong += x.wrong;
	return NULL;
}

bool script_read(struct arena *a, const char *file, const char *library, struct settings *settings,
                 struct script *ret) {
	struct reader r = { .arena = a, .pieces = library, .settings = settings, .script = ret };

	*ret = (struct script){ .scheme = "ldap" };
	const char *why = read_file(&r, file);
	if (why)
		fprintf(stderr, "%s: error: %s\n", file, why);
	if (ret->connections.n == 0) {
		struct statement *one = ARENA_NEW(a, struct statement);
		*one = (struct statement){
			.verb = VERB_CONNECTION, .file = file, .line = 1, .column = 1, .number = 1
		};
		ARENA_PUSH(a, &ret->connections, one);
	}
	return !why && r.wrong == 0;
}
