#include "spec/scalars.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/timestamp.h"
#include "spec/connection.h"
#include "spec/words.h"

static const char *noun(const struct field *f) {
	return f->noun ? f->noun : f->key;
}

static const char *or_take_away(const struct field *f) {
	return f->rules & FIELD_REQUIRED ? "" : ", or take it away";
}

static void *target(const struct field *f, void *base) {
	return (char *)base + f->offset;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void tell_null(struct decoder *d, const struct field *f, const struct node *n,
                      const char *what, const char *wanted) {
	decode_problem(d, n->at, "null-value", "%s has no value: write %s%s%s", what, wanted,
	               or_take_away(f), d->null_hint);
}

/* Is it a text, with something in it? If not, that is told. */
static bool is_text(struct decoder *d, const struct field *f, const struct node *n,
                    const char *wanted) {
	if (n->kind == NODE_TEXT && node_is_null(n))
		tell_null(d, f, n, noun(f), wanted);
	else if (n->kind == NODE_LIST)
		decode_problem(d, n->at, "wrong-value", "%s takes %s, not a list", noun(f), wanted);
	else if (n->kind == NODE_MAP)
		decode_problem(d, n->at, "wrong-value",
		               "%s takes %s, not a mapping: quote a text in which a colon "
		               "ends the line or is followed by a blank",
		               noun(f), wanted);
	return n->kind == NODE_TEXT && !node_is_null(n);
}

/* Control characters, also those that only an escape can bring in: C1, U+2028, U+2029. */
static bool has_control(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		unsigned char next = i + 1 < len ? (unsigned char)s[i + 1] : 0;
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
			return true;
		if (c == 0xe2 && next == 0x80 && i + 2 < len &&
		    ((unsigned char)s[i + 2] & 0xfe) == 0xa8)
			return true;
	}
	return false;
}

const char *scalar_kept(struct decoder *d, const struct field *f, const struct node *n) {
	if (!is_text(d, f, n, "a text"))
		return NULL;
	if (strspn(n->text, " ") == n->len) {
		decode_problem(d, n->at, "empty-text", "%s is empty: write a text%s", noun(f),
		               or_take_away(f));
		return NULL;
	}
	if (has_control(n->text, n->len)) {
		decode_problem(
		        d, n->at, "control-character",
		        "%s \"%s\" holds a line break or another control character: write "
		        "it in one line, and without double quotes where it holds a backslash",
		        noun(f), decode_quoted(d, n));
		return NULL;
	}
	const char *fault = f->fault ? f->fault(d->scratch, n->text) : NULL;
	if (fault) {
		decode_problem(d, n->at, f->code, "%s \"%s\" %s", noun(f), decode_quoted(d, n),
		               fault);
		return NULL;
	}
	return arena_copy(d->keep, n->text, n->len);
}

void scalar_text(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	const char *value = scalar_kept(d, f, n);

	if (value)
		*(const char **)target(f, base) = value;
}

bool scalar_is_list(struct decoder *d, const struct field *f, const struct node *n) {
	if (n->kind == NODE_TEXT && node_is_null(n))
		tell_null(d, f, n, f->key, "a list");
	else if (n->kind == NODE_TEXT)
		decode_problem(d, n->at, "wrong-value",
		               "%s takes a list: write [%s], or one item a line, each after a -",
		               f->key, decode_quoted(d, n));
	else if (n->kind == NODE_MAP)
		decode_problem(d, n->at, "wrong-value",
		               "%s takes a list, not a mapping: begin each item with a -", f->key);
	else if (n->kind == NODE_LIST && n->len == 0 && (f->rules & FIELD_FILLED))
		decode_problem(d, n->at, "wrong-value",
		               "%s is an empty list: write an item, or take it away", f->key);
	else
		return n->kind == NODE_LIST;
	return false;
}

void scalar_texts(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	bool single = (f->rules & FIELD_ONE_OR_MANY) && n->kind == NODE_TEXT;

	if (!single && !scalar_is_list(d, f, n))
		return;
	const char **texts = ARENA_ARRAY(d->keep, const char *, single ? 2 : (size_t)n->len + 1);
	size_t count = 0;
	for (const struct node *item = single ? n : n->first; item; item = item->next) {
		const char *value = scalar_kept(d, f, item);
		if (value)
			texts[count++] = value;
		if (single)
			break;
	}
	*(const char *const **)target(f, base) = texts;
}

/* ---- words of our own ------------------------------------------------------------------------ */

/* What other YAML readers take for a boolean, and ours does not; -1: nothing of the kind. */
static int boolean_of_others(const char *s) {
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on",
		                             "n",     "y",    "0",  "1",   NULL };

	for (int i = 0; words[i]; i++)
		if (strcasecmp(words[i], s) == 0)
			return i % 2;
	return -1;
}

/* Is it `true` or `false`, without quotes? */
static bool is_boolean(const struct node *n) {
	return n->plain && (strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0);
}

static void tell_no_boolean(struct decoder *d, const struct field *f, const struct node *n,
                            const char *wanted) {
	int meant = boolean_of_others(n->text);

	if (meant < 0)
		decode_problem(d, n->at, "wrong-value", "%s takes %s, not \"%s\"", noun(f), wanted,
		               decode_quoted(d, n));
	else
		decode_problem(d, n->at, "wrong-value", "%s takes %s: write %s%s", noun(f), wanted,
		               meant ? "true" : "false", n->plain ? "" : ", without quotes");
}

void scalar_boolean(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	if (!is_text(d, f, n, "true or false"))
		return;
	if (is_boolean(n))
		*(bool *)target(f, base) = strcmp(n->text, "true") == 0;
	else
		tell_no_boolean(d, f, n, "true or false");
}

/* A reason may be written over several lines; it is read as one. */
static const char *reason(struct decoder *d, const struct field *f, const struct node *n) {
	char *copy = arena_copy(d->keep, n->text, n->len);
	struct node line = *n;

	for (size_t i = 0; i < n->len; i++)
		if (copy[i] == '\n' || copy[i] == '\r' || copy[i] == '\t')
			copy[i] = ' ';
	while (line.len > 0 && copy[line.len - 1] == ' ')
		copy[--line.len] = '\0';
	line.text = copy;
	return scalar_kept(d, f, &line);
}

void scalar_suspension(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	static const char wanted[] = "true, false or the reason";

	if (!is_text(d, f, n, wanted))
		return;
	if (is_boolean(n)) {
		*(bool *)target(f, base) = strcmp(n->text, "true") == 0;
		return;
	}
	if (boolean_of_others(n->text) >= 0) {
		tell_no_boolean(d, f, n, wanted);
		return;
	}
	const char **ret = (const char **)(void *)((char *)base + f->beside);
	*ret = reason(d, f, n);
	*(bool *)target(f, base) = *ret != NULL;
}

/* The number of the word among the field's names; -1: it is none, which is told. */
static int choice(struct decoder *d, const struct field *f, const struct node *n) {
	if (!is_text(d, f, n, "a text"))
		return -1;
	for (int i = 0; f->names[i]; i++)
		if (n->len > 0 && n->len == strlen(f->names[i]) &&
		    strcmp(f->names[i], n->text) == 0)
			return i;
	decode_problem(d, n->at, "wrong-value", "unknown %s \"%s\"%s", noun(f), decode_quoted(d, n),
	               words_advice(d->scratch, n->text, f->names, "write"));
	return -1;
}

void scalar_switch(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	int number = choice(d, f, n);

	if (number >= 0)
		*(bool *)target(f, base) = number == 1;
}

void scalar_choice(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	int number = choice(d, f, n);

	if (number >= 0)
		*(unsigned *)target(f, base) = (unsigned)number;
}

void scalar_choices(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	if (!scalar_is_list(d, f, n))
		return;
	for (const struct node *item = n->first; item && !source_is_full(d->source);
	     item = item->next) {
		int number = choice(d, f, item);
		if (number >= 0)
			*(unsigned *)target(f, base) |= 1u << number;
	}
}

void scalar_policy(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	struct policy_wish *wish = target(f, base);

	if (n->kind == NODE_TEXT && node_is_null(n)) {
		*wish = (struct policy_wish){ .how = CLEAR };
		return;
	}
	if (n->kind == NODE_TEXT && n->plain && strcasecmp(n->text, "null") == 0) {
		decode_problem(d, n->at, "wrong-value",
		               "write null in small letters to clear %s, or quote a policy's name",
		               noun(f));
		return;
	}
	const char *value = scalar_kept(d, f, n);
	if (value)
		*wish = (struct policy_wish){ .how = SET, .text = value };
}

/* ---- numbers --------------------------------------------------------------------------------- */

void scalar_integer(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	char *end;

	if (!is_text(d, f, n, "a whole number"))
		return;
	errno = 0;
	long long value = strtoll(n->text, &end, 10);
	const char *digits = n->text + (n->text[0] == '-');
	if (!n->plain || strspn(digits, "0123456789") != strlen(digits) || !*digits || *end ||
	    errno || value < f->min || value > f->max)
		decode_problem(d, n->at, "wrong-value",
		               "%s takes a whole number from %lld to %lld%s", noun(f),
		               (long long)f->min, (long long)f->max,
		               n->plain ? "" : ", without quotes");
	else
		*(int64_t *)target(f, base) = value;
}

void scalar_duration(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	int64_t seconds;

	if (!is_text(d, f, n, "a time such as 10s, 5m, 6h or 2d"))
		return;
	if (strlen(n->text) != n->len || !duration_parse(n->text, &seconds))
		decode_problem(d, n->at, "wrong-value",
		               "%s takes a time such as 10s, 5m, 6h or 2d, not \"%s\"", noun(f),
		               decode_quoted(d, n));
	else if (seconds < f->min)
		decode_problem(d, n->at, "wrong-value", "%s is too short: write %llds at least",
		               noun(f), (long long)f->min);
	else
		*(int64_t *)target(f, base) = seconds;
}

void scalar_percent(struct decoder *d, const struct field *f, const struct node *n, void *base) {
	if (!is_text(d, f, n, "a share such as 10%"))
		return;
	size_t digits = strspn(n->text, "0123456789");
	long value = strtol(n->text, NULL, 10);
	if (digits == 0 || digits > 3 || strcmp(n->text + digits, "%") != 0 ||
	    n->len != digits + 1 || value > 100)
		decode_problem(d, n->at, "wrong-value",
		               "%s takes a share from 0%% to 100%%, such as 10%%, not \"%s\"",
		               noun(f), decode_quoted(d, n));
	else
		*(int64_t *)target(f, base) = value;
}
