#include "tests/ldap-script/match.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct label *label_find(const struct labels *labels, const char *name) {
	for (size_t i = labels->n; i > 0; i--) /* the newest of that name */
		if (strcmp(labels->v[i - 1].name, name) == 0)
			return &labels->v[i - 1];
	return NULL;
}

static bool pattern_matches(struct arena *a, const char *pattern, const struct berval *v) {
	regex_t compiled;
	regmatch_t all = { .rm_so = 0, .rm_eo = (regoff_t)v->bv_len };

	if (regcomp(&compiled, arena_printf(a, "^(%s)$", pattern), REG_EXTENDED) != 0)
		return false;
	bool matches = regexec(&compiled, v->bv_val, 1, &all, REG_STARTEND) == 0;
	regfree(&compiled);
	return matches;
}

static bool value_matches(struct arena *a, const struct part *want, const struct part *got,
                          const struct labels *labels) {
	struct berval value = want->value;

	if (want->pattern)
		return pattern_matches(a, want->value.bv_val, &got->value);
	if (strcmp(want->name, "of") == 0 && label_find(labels, want->value.bv_val)) {
		value.bv_val = arena_printf(a, "%d", label_find(labels, want->value.bv_val)->id);
		value.bv_len = strlen(value.bv_val);
	}
	return want->valueless == got->valueless && value.bv_len == got->value.bv_len &&
	       memcmp(value.bv_val, got->value.bv_val, value.bv_len) == 0;
}

static const char *differs(struct arena *a, const struct part *want, const struct part *got) {
	struct buf b = { 0 };

	if (want)
		request_tell_part(a, &b, want);
	else
		buf_puts(&b, "nothing");
	buf_puts(&b, " was expected, ");
	if (got)
		request_tell_part(a, &b, got);
	else
		buf_puts(&b, "nothing");
	buf_puts(&b, " came");
	const char *text = arena_copy(a, b.data, b.len);
	buf_done(&b);
	return text;
}

/* The nth part of that name, or NULL. */
static const struct part *nth(const struct parts *parts, const char *name, size_t n) {
	for (size_t i = 0; i < parts->n; i++)
		if (parts->v[i].name && strcmp(parts->v[i].name, name) == 0 && n-- == 0)
			return &parts->v[i];
	return NULL;
}

static bool wants_none(const struct part *p) {
	return !p->pattern && strcmp(p->value.bv_val, "none") == 0 &&
	       (strcmp(p->name, "page") == 0 || strcmp(p->name, "control") == 0);
}

/* All that is expected of the name that `s` names at `i`. */
static const char *match_name(struct arena *a, const struct statement *s, const struct request *r,
                              size_t i, const struct labels *labels) {
	const struct part *want = &s->parts.v[i], *got;
	size_t before = 0;

	for (size_t j = 0; j < i; j++)
		before += s->parts.v[j].name && strcmp(s->parts.v[j].name, want->name) == 0;
	got = nth(&r->parts, want->name, before);
	if (wants_none(want))
		return got ? differs(a, want, got) : NULL;
	if (!got || !value_matches(a, want, got, labels))
		return differs(a, want, got);
	if (!nth(&s->parts, want->name, before + 1) && nth(&r->parts, want->name, before + 1))
		return differs(a, NULL, nth(&r->parts, want->name, before + 1));
	return NULL;
}

static const struct part *next_change(const struct parts *parts, size_t *at) {
	while (*at < parts->n) {
		const struct part *p = &parts->v[(*at)++];
		if (request_is_change(p->name))
			return p;
	}
	return NULL;
}

/* Changes, where there are some, are expected in their order, to the last or to `...`. */
static const char *match_changes(struct arena *a, const struct statement *s,
                                 const struct request *r, const struct labels *labels) {
	size_t i = 0, j = 0;
	const struct part *want = next_change(&s->parts, &i), *got = next_change(&r->parts, &j);
	bool open = s->parts.n > 0 && !s->parts.v[s->parts.n - 1].name;

	if (!want)
		return NULL;
	for (; want; want = next_change(&s->parts, &i), got = next_change(&r->parts, &j))
		if (!got || strcasecmp(want->name, got->name) != 0 ||
		    !value_matches(a, want, got, labels))
			return differs(a, want, got);
	return got && !open ? differs(a, NULL, got) : NULL;
}

const char *match(struct arena *a, const struct statement *s, const struct request *r,
                  const struct labels *labels) {
	if (s->request != &request_any && s->request != r->kind)
		return arena_printf(a, "%s was expected, %s came", s->request->name, r->kind->name);
	for (size_t i = 0; i < s->parts.n; i++) {
		const struct part *want = &s->parts.v[i];
		if (!want->name || strcmp(want->name, "as") == 0 || request_is_change(want->name))
			continue;
		const char *why = match_name(a, s, r, i, labels);
		if (why)
			return why;
	}
	return match_changes(a, s, r, labels);
}
