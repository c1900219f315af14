/*
 * What a template of an email address policy makes for a user (gatewayProxy): %m %g %i %s %d for
 * alias, givenName, initials, sn and displayName, %Ng and %Ns for their first N characters, %rXY
 * for "X becomes Y in what follows". A value is cut, then replaced in, then fitted to ASCII.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "reconcile/decide.h"
#include "spec/alias.h"

/* One %rXY, of characters as UTF-8 has them; Y equal to X takes X away. */
struct swap {
	const char *from, *to;
};
struct swaps {
	struct swap v[16];
	size_t n;
};

static size_t character(const char *p) {
	size_t n = 1;

	if (!*p)
		return 0;
	while (((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static const char *first_characters(struct arena *a, const char *text, size_t count) {
	const char *p = text;

	while (count-- && *p)
		p += character(p);
	return arena_copy(a, text, (size_t)(p - text));
}

static const char *swapped(struct arena *a, const char *text, const struct swaps *swaps) {
	struct buf out = { 0 };

	for (size_t n; *text; text += n) {
		n = character(text);
		const char *c = arena_copy(a, text, n);
		for (size_t i = 0; i < swaps->n; i++)
			if (strcmp(c, swaps->v[i].from) == 0)
				c = strcmp(swaps->v[i].to, swaps->v[i].from) == 0 ? ""
				                                                  : swaps->v[i].to;
		buf_puts(&out, c);
	}
	const char *copy = out.len ? arena_copy(a, out.data, out.len) : "";
	buf_done(&out);
	return copy;
}

static const char *variable(const struct decision *d, char letter) {
	const char *text = NULL;

	switch (letter) {
	case 'm':
		return d->alias;
	case 'g':
		text = entry_text(d->seen, ATTR_GIVEN_NAME);
		break;
	case 'i':
		text = entry_text(d->seen, ATTR_INITIALS);
		break;
	case 's':
		text = entry_text(d->seen, ATTR_SN);
		break;
	case 'd':
		text = entry_text(d->seen, ATTR_DISPLAY_NAME);
		break;
	default:
		return NULL;
	}
	return text ? text : "";
}

/* Reads one `%...` at *p into `out`; false where it is none of the known ones. */
static bool expand(struct decision *d, const char **p, struct swaps *swaps, struct buf *out) {
	char *end = (char *)*p + 1;
	unsigned long count = 0;

	if (*end == 'r') {
		struct swap *s = swaps->v + swaps->n;
		size_t from = character(end + 1), to = from ? character(end + 1 + from) : 0;
		if (!to || swaps->n == sizeof(swaps->v) / sizeof(*swaps->v))
			return false;
		s->from = arena_copy(d->a, end + 1, from);
		s->to = arena_copy(d->a, end + 1 + from, to);
		swaps->n++;
		*p = end + 1 + from + to;
		return true;
	}
	bool cut = isdigit((unsigned char)*end);
	if (cut)
		count = strtoul(end, &end, 10);
	const char *text = *end ? variable(d, *end) : NULL;
	if (!text || (cut && *end != 'g' && *end != 's'))
		return false;
	if (cut)
		text = first_characters(d->a, text, count);
	buf_puts(out, swapped(d->a, text, swaps));
	*p = end + 1;
	return true;
}

/* Best fit to ASCII, without blanks and what the left side of an address may not have. */
const char *address_left_side(struct arena *a, const char *text) {
	const char *fitted = alias_best_fit(a, text);
	char *left = arena_strdup(a, fitted), *end = left;

	for (const char *p = fitted; *p; p++)
		if (!isspace((unsigned char)*p) && !strchr("\"(),:;<>@[\\]", *p))
			*end++ = *p;
	*end = '\0';
	bool dots = *left == '.' || (end > left && end[-1] == '.') || strstr(left, "..");
	return *left && !dots ? left : NULL;
}

const char *template_address(struct decision *d, const char *template) {
	const char *at = strrchr(template, '@'), *p = template;
	struct swaps swaps = { .n = 0 };
	struct buf out = { 0 };
	bool good = at != NULL;

	if (at == template) {
		p = "%m";
		at = p + 2;
	}
	while (good && p < at) {
		if (*p == '%')
			good = expand(d, &p, &swaps, &out);
		else
			buf_putc(&out, *p++);
	}
	const char *left = good && out.len ? address_left_side(d->a, out.data) : NULL;
	buf_done(&out);
	if (!left) {
		reason(d, "alias-invalid",
		       "the address template %s leaves no left side of an address for %s; give "
		       "`addresses`, "
		       "or another `alias`",
		       template, d->user->dn);
		return NULL;
	}
	return arena_printf(d->a, "%s@%s", left, strrchr(template, '@') + 1);
}
