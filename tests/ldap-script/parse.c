#include "tests/ldap-script/parse.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "tests/ldap-script/answer.h"
#include "tests/ldap-script/filter.h"
#include "tests/ldap-script/request.h"

#define STARTTLS "1.3.6.1.4.1.1466.20037"

enum takes {
	TAKES_NOTHING,
	TAKES_NUMBER,
	TAKES_COUNT, /* a number, * or nothing */
	TAKES_HEX,
	TAKES_WORD,
	TAKES_PARTS,
	TAKES_AFTER,
	TAKES_REQUEST,
	TAKES_ANSWER,
};

struct form {
	const char *name;
	enum takes takes;
	const char *parts;
};

static const struct form forms[] = {
	[VERB_AFTER] = { "after", TAKES_AFTER, NULL },
	[VERB_ALWAYS] = { "always", TAKES_REQUEST, NULL },
	[VERB_ANSWER] = { "answer", TAKES_ANSWER, NULL },
	[VERB_BYTES] = { "bytes", TAKES_HEX, NULL },
	[VERB_CLOSE] = { "close", TAKES_NOTHING, NULL },
	[VERB_CONNECTION] = { "connection", TAKES_COUNT, NULL },
	[VERB_DELAY] = { "delay", TAKES_NUMBER, NULL },
	[VERB_DRIP] = { "drip", TAKES_NUMBER, NULL },
	[VERB_END] = { "end", TAKES_NOTHING, NULL },
	[VERB_EXPECT] = { "expect", TAKES_REQUEST, NULL },
	[VERB_INCLUDE] = { "include", TAKES_WORD, NULL },
	[VERB_ONCE] = { "once", TAKES_REQUEST, NULL },
	[VERB_RAW] = { "raw", TAKES_HEX, NULL },
	[VERB_RESET] = { "reset", TAKES_NOTHING, NULL },
	[VERB_SCHEME] = { "scheme", TAKES_WORD, NULL },
	[VERB_SET] = { "set", TAKES_WORD, NULL },
	[VERB_SILENT] = { "silent", TAKES_NOTHING, NULL },
	[VERB_TLS] = { "tls", TAKES_PARTS, " cert key ca client priority refused" },
	[VERB_WAIT] = { "wait", TAKES_NUMBER, NULL },
};
enum { VERBS = sizeof(forms) / sizeof(*forms) };

/* A bare word that is the name of a part without value. */
static void valueless(struct part *p) {
	if (p->name)
		return;
	p->valueless = true;
	p->name = p->value.bv_val;
	p->value = (struct berval){ .bv_val = (char *)"" };
}

static void wrong_word(struct lexer *x, const struct word *w, const char *what,
                       const char *const *known) {
	const char *near = text_nearest(w->text, known);

	if (near)
		lex_wrong(x, w->line, w->column, "'%s' is no %s; did you mean '%s'?", w->text, what,
		          near);
	else
		lex_wrong(x, w->line, w->column, "'%s' is no %s", w->text, what);
}

static bool number_of(struct lexer *x, const struct word *w, long *ret) {
	char *end;

	*ret = strtol(w->text, &end, 10);
	if (w->len > 0 && isdigit((unsigned char)w->text[0]) && *end == '\0' && *ret <= NUMBER_MAX)
		return true;
	lex_wrong(x, w->line, w->column, "'%s' is no whole number up to %d", w->text, NUMBER_MAX);
	return false;
}

static bool named(const char *names, const char *name) {
	size_t len = strlen(name);

	for (const char *p = names; (p = strstr(p, name)) != NULL; p += len)
		if (p[-1] == ' ' && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

static bool is_number(const char *name) {
	return named(" code id length page version deref sizelimit timelimit typesonly", name);
}

/* Names that the statement does not take, numbers that are none, filters that are none. */
static void check_part(struct lexer *x, const struct word *w, const char *takes, bool changes,
                       struct part *p) {
	if (changes && (p->name ? request_is_change(p->name) : request_is_change(w->text))) {
		valueless(p);
	} else if (!p->name && changes && strcmp(w->text, "...") == 0) {
		return;
	} else if (!p->name) {
		lex_wrong(x, w->line, w->column, "'%s' is no name=value", w->text);
	} else if (!named(takes, p->name)) {
		lex_wrong(x, w->line, w->column, "'%s' is not taken here; known are%s", p->name,
		          *takes ? takes : " none");
	} else if (!p->pattern && is_number(p->name) && strcmp(p->value.bv_val, "none") != 0) {
		char *end;
		strtoul(p->value.bv_val, &end, 10);
		if (p->value.bv_len == 0 || *end)
			lex_wrong(x, w->line, w->column, "'%s' is no number", p->value.bv_val);
	} else if (!p->pattern && strcmp(p->name, "filter") == 0) {
		char *canonical = filter_canonical(x->arena, p->value.bv_val, p->value.bv_len);
		if (!canonical)
			lex_wrong(x, w->line, w->column, "'%s' is no filter", p->value.bv_val);
		else
			p->value =
			        (struct berval){ .bv_val = canonical, .bv_len = strlen(canonical) };
	}
}

static void parts_of(struct lexer *x, const struct words *words, size_t from, const char *takes,
                     bool changes, bool patterns, struct statement *s) {
	for (size_t i = from; i < words->n; i++) {
		struct part p;
		if (!parse_part(x, &words->v[i], patterns, &p))
			continue;
		check_part(x, &words->v[i], takes, changes, &p);
		ARENA_PUSH(x->arena, &s->parts, p);
	}
}

static void request_of(struct lexer *x, const struct words *words, struct statement *s) {
	const char *known[32] = { "any", "close", "starttls" };
	size_t n = 3;
	const char *name = words->v[1].text;

	for (const struct request_kind *k = request_kinds; k->name; k++) {
		known[n++] = k->name;
		if (strcmp(k->name, strcmp(name, "starttls") == 0 ? "extended" : name) == 0)
			s->request = k;
	}
	if (strcmp(name, "any") == 0)
		s->request = &request_any;
	else if (strcmp(name, "close") == 0 && s->verb == VERB_EXPECT)
		s->request = &request_close;
	if (!s->request) {
		wrong_word(x, &words->v[1], "request", known);
		return;
	}
	if (strcmp(name, "starttls") == 0) {
		struct part oid = { .name = "oid",
			            .value = { strlen(STARTTLS), (char *)STARTTLS } };
		ARENA_PUSH(x->arena, &s->parts, oid);
	}
	parts_of(x, words, 2, arena_printf(x->arena, " as%s", s->request->parts),
	         s->request->changes, true, s);
}

/* What stands behind dn= of an entry are its attributes, whatever they are called. */
static void attributes_of(struct lexer *x, const struct words *words, size_t from,
                          struct statement *s) {
	for (size_t i = from; i < words->n; i++) {
		const struct word *w = &words->v[i];
		struct part p;
		if (!parse_part(x, w, false, &p))
			continue;
		valueless(&p);
		ARENA_PUSH(x->arena, &s->attributes, p);
	}
}

static void answer_of(struct lexer *x, const struct words *words, struct statement *s) {
	const char *known[32] = { NULL };
	size_t n = 0, own = words->n;

	for (const struct answer_kind *k = answer_kinds; k->name; k++) {
		known[n++] = k->name;
		if (strcmp(k->name, words->v[1].text) == 0)
			s->answer = k;
	}
	if (!s->answer) {
		wrong_word(x, &words->v[1], "answer", known);
		return;
	}
	if (s->answer->shape == SHAPE_ENTRY) {
		own = 2;
		while (own < words->n && strncmp(words->v[own].text, "dn=", 3) != 0 &&
		       strncmp(words->v[own].text, "dn::", 4) != 0)
			own++;
		if (own == words->n)
			lex_wrong(x, s->line, s->column, "an entry needs dn=");
		else
			own++;
	}
	const struct words front = { .v = words->v, .n = own };
	parts_of(x, &front, 2, s->answer->parts, false, false, s);
	attributes_of(x, words, own, s);
}

static void hex_of(struct lexer *x, const struct words *words, struct statement *s) {
	struct buf b = { 0 };

	for (size_t i = 1; i < words->n; i++) {
		const struct word *w = &words->v[i];
		if (w->len % 2 || strspn(w->text, "0123456789abcdefABCDEF") != w->len) {
			lex_wrong(x, w->line, w->column, "'%s' is no pairs of hex digits", w->text);
			continue;
		}
		for (size_t j = 0; j < w->len; j += 2) {
			char pair[] = { w->text[j], w->text[j + 1], '\0' };
			buf_putc(&b, (char)strtoul(pair, NULL, 16));
		}
	}
	s->bytes = (struct berval){ .bv_val = arena_copy(x->arena, b.len ? b.data : "", b.len),
		                    .bv_len = b.len };
	buf_done(&b);
}

static void after_of(struct lexer *x, const struct words *words, struct statement *s) {
	static const enum verb ends[] = { VERB_SILENT, VERB_CLOSE, VERB_RESET, VERB_WAIT };
	bool known = false;

	number_of(x, &words->v[1], &s->number);
	for (size_t i = 0; words->n > 2 && i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(words->v[2].text, forms[ends[i]].name) == 0) {
			s->then = ends[i];
			known = true;
		}
	if (!known || words->n != (s->then == VERB_WAIT ? 4U : 3U))
		lex_wrong(x, s->line, s->column,
		          "write 'after BYTES silent', close, reset or wait MS");
	else if (s->then == VERB_WAIT)
		number_of(x, &words->v[3], &s->then_number);
}

/* -1 stands for any number of connections. */
static void count_of(struct lexer *x, const struct words *words, struct statement *s) {
	s->number = 1;
	if (words->n > 1 && strcmp(words->v[1].text, "*") == 0)
		s->number = -1;
	else if (words->n > 1 && number_of(x, &words->v[1], &s->number) && s->number == 0)
		lex_wrong(x, words->v[1].line, words->v[1].column, "none is not to come");
}

/* How many words, the verb's among them. */
static bool count_words(struct lexer *x, const struct words *words, const struct form *form) {
	static const struct {
		size_t min, max;
	} range[] = {
		[TAKES_NOTHING] = { 1, 1 },       [TAKES_NUMBER] = { 2, 2 },
		[TAKES_COUNT] = { 1, 2 },         [TAKES_HEX] = { 2, SIZE_MAX },
		[TAKES_WORD] = { 2, 2 },          [TAKES_PARTS] = { 1, SIZE_MAX },
		[TAKES_AFTER] = { 3, 4 },         [TAKES_REQUEST] = { 2, SIZE_MAX },
		[TAKES_ANSWER] = { 2, SIZE_MAX },
	};
	size_t min = range[form->takes].min, max = range[form->takes].max;
	const struct word *last = &words->v[words->n - 1];

	if (words->n < min)
		lex_wrong(x, last->line, last->column + (int)last->len, "'%s' needs more",
		          form->name);
	else if (words->n > max)
		lex_wrong(x, words->v[max].line, words->v[max].column, "'%s' takes no '%s'",
		          form->name, words->v[max].text);
	else
		return true;
	return false;
}

static void takes(struct lexer *x, const struct words *words, const struct form *form,
                  struct statement *s) {
	switch (form->takes) {
	case TAKES_NUMBER:
		number_of(x, &words->v[1], &s->number);
		return;
	case TAKES_COUNT:
		count_of(x, words, s);
		return;
	case TAKES_HEX:
		hex_of(x, words, s);
		return;
	case TAKES_WORD: {
		struct part p;
		if (parse_part(x, &words->v[1], false, &p))
			ARENA_PUSH(x->arena, &s->parts, p);
		return;
	}
	case TAKES_PARTS:
		parts_of(x, words, 1, form->parts, false, false, s);
		return;
	case TAKES_AFTER:
		after_of(x, words, s);
		return;
	case TAKES_REQUEST:
		request_of(x, words, s);
		return;
	case TAKES_ANSWER:
		answer_of(x, words, s);
		return;
	case TAKES_NOTHING:
		return;
	}
}

struct statement *parse_statement(struct lexer *x, const struct words *words) {
	const char *known[VERBS + 1] = { NULL };
	const struct word *first = &words->v[0];
	int before = x->wrong, verb = -1;

	for (int i = 0; i < VERBS; i++) {
		known[i] = forms[i].name;
		if (strcmp(first->text, forms[i].name) == 0)
			verb = i;
	}
	if (verb < 0) {
		wrong_word(x, first, "statement", known);
		return NULL;
	}
	struct statement *s = ARENA_NEW(x->arena, struct statement);
	s->verb = (enum verb)verb;
	s->file = x->file;
	s->line = first->line;
	s->column = first->column;
	if (count_words(x, words, &forms[verb]))
		takes(x, words, &forms[verb], s);
	return x->wrong == before ? s : NULL;
}
