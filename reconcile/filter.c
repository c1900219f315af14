#include "reconcile/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/dn.h"
#include "base/text.h"

enum { DEPTH_MAX = 64 };

/* How values are compared. */
enum kind { GUESSED, TEXT, NUMBER };
enum op { AND, OR, NOT, EQUAL, PRESENT, SUBSTRING, AT_LEAST, AT_MOST, ALL_BITS, ANY_BIT };

struct filter {
	enum op op;
	enum kind kind;
	struct filter *first, *next; /* of AND, OR, NOT: the parts; next: the sibling */
	const char *name;            /* folded */
	int id;                      /* of the table; -1: another attribute */
	struct value *pieces;        /* SUBSTRING: initial, any..., final; else one */
	size_t n;
};

struct parser {
	struct arena *a;
	const char *p;
	const char *why;
	int depth;
};

/* ---- parsing ---- */

static struct filter *fail(struct parser *s, const char *why) {
	if (!s->why)
		s->why = why;
	return NULL;
}

static int hex(char c) {
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* A value up to a `)`, cut at each `*`: `a*b` gives two pieces. */
static bool parse_pieces(struct parser *s, struct filter *f) {
	struct {
		struct value *v;
		size_t n, cap;
	} list = { 0 };
	struct buf piece = { 0 };
	bool good = true;

	for (;; s->p++) {
		if (*s->p == '*' || *s->p == ')' || !*s->p) {
			struct value v = {
				arena_copy(s->a, piece.data ? piece.data : "", piece.len), piece.len
			};
			ARENA_PUSH(s->a, &list, v);
			piece.len = 0;
			if (*s->p != '*')
				break;
		} else if (*s->p == '(') {
			good = fail(s, "has a ( within a value") != NULL;
			break;
		} else if (*s->p == '\\') {
			int high = hex(s->p[1]), low = high < 0 ? -1 : hex(s->p[2]);
			if (low < 0) {
				good = fail(s, "has a \\ that is not followed by two digits") !=
				       NULL;
				break;
			}
			buf_putc(&piece, (char)(high * 16 + low));
			s->p += 2;
		} else
			buf_putc(&piece, *s->p);
	}
	buf_done(&piece);
	f->pieces = list.v;
	f->n = list.n;
	return good;
}

/* `1.2.840.113556.1.4.803` in `userAccountControl:1.2.840.113556.1.4.803:=2`. */
static bool parse_rule(struct parser *s, struct filter *f, const char *rule, size_t len) {
	static const char all[] = "1.2.840.113556.1.4.803", any[] = "1.2.840.113556.1.4.804";

	f->op = ALL_BITS;
	if (len == sizeof(all) - 1 && strncmp(rule, all, len) == 0)
		return true;
	f->op = ANY_BIT;
	if (len == sizeof(any) - 1 && strncmp(rule, any, len) == 0)
		return true;
	(void)fail(s, "has a matching rule that is not known here");
	return false;
}

static bool parse_operator(struct parser *s, struct filter *f) {
	const char *from = s->p, *colon;

	s->p += strcspn(s->p, "=<>~():");
	if (s->p == from) {
		(void)fail(s, "lacks an attribute");
		return false;
	}
	f->name = text_fold_bytes(s->a, from, (size_t)(s->p - from));
	f->id = attribute_find(f->name, strlen(f->name));
	f->kind = f->id < 0 ? GUESSED : attributes[f->id].syntax == SYNTAX_INTEGER ? NUMBER : TEXT;
	f->op = *s->p == '>' ? AT_LEAST : *s->p == '<' ? AT_MOST : EQUAL;
	if (*s->p == ':') {
		colon = strchr(s->p + 1, ':');
		if (!colon || !parse_rule(s, f, s->p + 1, (size_t)(colon - s->p - 1)))
			return fail(s, "has a matching rule that is not known here") != NULL;
		s->p = colon + 1;
	} else if (*s->p == '~') {
		(void)fail(s, "asks for approximate matches");
		return false;
	} else if (f->op != EQUAL)
		s->p++;
	if (*s->p != '=') {
		(void)fail(s, "lacks a comparison");
		return false;
	}
	s->p++;
	return true;
}

static struct filter *parse_comparison(struct parser *s) {
	struct filter *f = ARENA_NEW(s->a, struct filter);

	if (!parse_operator(s, f) || !parse_pieces(s, f))
		return NULL;
	if (strcmp(f->name, "anr") == 0)
		return fail(s, "asks for ambiguous name resolution");
	if (f->op != EQUAL)
		return f->n == 1 ? f : fail(s, "has a * where none may stand");
	if (f->n == 2 && !f->pieces[0].len && !f->pieces[1].len)
		f->op = PRESENT;
	else if (f->n > 1)
		f->op = SUBSTRING;
	return f;
}

static void skip_blanks(struct parser *s) {
	while (isspace((unsigned char)*s->p))
		s->p++;
}

static struct filter *parse(struct parser *s);

static struct filter *parse_list(struct parser *s, enum op op) {
	struct filter *f = ARENA_NEW(s->a, struct filter);
	struct filter **last = &f->first;

	f->op = op;
	s->p++;
	for (skip_blanks(s); *s->p == '('; skip_blanks(s)) {
		struct filter *part = parse(s);
		if (!part)
			return NULL;
		*last = part;
		last = &part->next;
		f->n++;
	}
	if (op == NOT && f->n != 1)
		return fail(s, "has a ! without exactly one part");
	return f;
}

static struct filter *parse(struct parser *s) {
	struct filter *f;

	skip_blanks(s);
	if (*s->p != '(')
		return fail(s, "lacks a (");
	if (++s->depth > DEPTH_MAX)
		return fail(s, "is nested too deeply");
	s->p++;
	skip_blanks(s);
	if (*s->p == '&' || *s->p == '|' || *s->p == '!')
		f = parse_list(s, *s->p == '&' ? AND : *s->p == '|' ? OR : NOT);
	else
		f = parse_comparison(s);
	if (!f)
		return NULL;
	if (*s->p != ')')
		return fail(s, "lacks a )");
	s->p++;
	s->depth--;
	return f;
}

struct filter *filter_parse(struct arena *a, const char *text, const char **ret_why) {
	struct parser s = { .a = a, .p = text };
	/* Some tools write the outermost brackets away. */
	const char *start = text + strspn(text, " \t\r\n");
	if (*start && *start != '(')
		s.p = arena_printf(a, "(%s)", start);
	struct filter *f = parse(&s);

	if (f) {
		skip_blanks(&s);
		if (*s.p)
			f = fail(&s, "goes on after its end");
	}
	*ret_why = s.why;
	return f;
}

void filter_names(const struct filter *f, void (*name)(void *to, const char *folded), void *to) {
	if (f->name)
		name(to, f->name);
	for (const struct filter *part = f->first; part; part = part->next)
		filter_names(part, name, to);
}

void filter_tell(struct filter *f, const char *folded, bool numbers) {
	if (f->name && f->id < 0 && strcmp(f->name, folded) == 0)
		f->kind = numbers ? NUMBER : TEXT;
	for (struct filter *part = f->first; part; part = part->next)
		filter_tell(part, folded, numbers);
}

/* ---- evaluating ---- */

static bool number(const struct filter *f, struct value v, int64_t *ret) {
	char *end;

	if (!v.len || f->kind == TEXT)
		return false;
	errno = 0;
	*ret = strtoll(v.data, &end, 10);
	return !errno && !*end;
}

/* A class stands for its objects' category: `person` for CN=Person,CN=Schema,..., which is that of
 * users and contacts as well (defaultObjectCategory; MS-ADTS 3.1.1.3.1.3.5). */
static bool is_category(struct arena *a, struct value have, struct value asked) {
	static const char *const people[] = { "user", "contact", "inetOrgPerson",
		                              "organizationalPerson" };
	const char *name = dn_name(a, have.data);

	if (!name)
		return false;
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++)
		if (text_same(asked.data, people[i]))
			return text_same(name, "Person");
	return text_same(name, asked.data);
}

static bool equal(struct arena *a, const struct filter *f, struct value have) {
	struct value asked = f->pieces[0];
	int64_t x, y;
	int id = f->id;

	if (have.len == asked.len && memcmp(have.data, asked.data, have.len) == 0)
		return true;
	if (strcmp(f->name, "objectcategory") == 0 && is_category(a, have, asked))
		return true;
	if (id >= 0 && attributes[id].syntax != SYNTAX_TEXT &&
	    attributes[id].syntax != SYNTAX_INTEGER)
		return value_equal((enum attribute)id, have, asked);
	if (number(f, have, &x) && number(f, asked, &y))
		return x == y;
	return text_same(have.data, asked.data) ||
	       (strchr(asked.data, '=') && dn_same(have.data, asked.data));
}

static bool substring(struct arena *a, const struct filter *f, struct value have) {
	const char *text = text_fold_bytes(a, have.data, have.len), *at = text;
	bool match = true;

	for (size_t i = 0; match && i < f->n; i++) {
		const char *piece = text_fold_bytes(a, f->pieces[i].data, f->pieces[i].len);
		size_t n = strlen(piece), rest = strlen(at);
		if (i == 0)
			match = strncmp(at, piece, n) == 0;
		else if (i == f->n - 1)
			match = rest >= n && strcmp(at + rest - n, piece) == 0;
		else {
			const char *found = strstr(at, piece);
			match = found != NULL;
			at = found ? found : at;
		}
		if (match)
			at += i == f->n - 1 ? 0 : n;
	}
	return match;
}

static bool ordered(struct arena *a, const struct filter *f, struct value have) {
	int64_t x, y;
	int order;

	if (number(f, have, &x) && number(f, f->pieces[0], &y))
		order = (x > y) - (x < y);
	else
		order = strcmp(text_fold(a, have.data), text_fold(a, f->pieces[0].data));
	return f->op == AT_LEAST ? order >= 0 : order <= 0;
}

static bool bits(const struct filter *f, struct value have) {
	int64_t x, mask;

	if (!number(f, have, &x) || !number(f, f->pieces[0], &mask))
		return false;
	return f->op == ALL_BITS ? (x & mask) == mask : (x & mask) != 0;
}

static bool compare(struct arena *a, const struct filter *f, struct value have) {
	switch (f->op) {
	case EQUAL:
		return equal(a, f, have);
	case SUBSTRING:
		return substring(a, f, have);
	case AT_LEAST:
	case AT_MOST:
		return ordered(a, f, have);
	case ALL_BITS:
	case ANY_BIT:
		return bits(f, have);
	case PRESENT:
		return true;
	case AND:
	case OR:
	case NOT:
		break;
	}
	return false;
}

static enum verdict of_values(const struct filter *f, const struct filter_subject *s) {
	size_t n;
	bool incomplete = false;
	const struct value *values = s->values(s->subject, f->name, f->id, &n, &incomplete);

	for (size_t i = 0; i < n; i++)
		if (compare(s->a, f, values[i]))
			return VERDICT_YES;
	return incomplete ? VERDICT_UNREADABLE : VERDICT_NO;
}

/* What is unreadable decides only where the readable parts leave it open. */
enum verdict filter_matches(const struct filter *f, const struct filter_subject *s) {
	enum verdict decides = f->op == AND ? VERDICT_NO : VERDICT_YES;
	enum verdict verdict = f->op == AND ? VERDICT_YES : VERDICT_NO;

	if (f->op == NOT) {
		verdict = filter_matches(f->first, s);
		return verdict == VERDICT_UNREADABLE ? verdict
		       : verdict == VERDICT_YES      ? VERDICT_NO
		                                     : VERDICT_YES;
	}
	if (f->op != AND && f->op != OR)
		return of_values(f, s);
	for (const struct filter *part = f->first; part; part = part->next) {
		enum verdict of_part = filter_matches(part, s);
		if (of_part == decides)
			return decides;
		if (of_part == VERDICT_UNREADABLE)
			verdict = VERDICT_UNREADABLE;
	}
	return verdict;
}
