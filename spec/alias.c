#include "spec/alias.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>

enum { ALIAS_CHARACTERS_MAX = 64 };

/* ASCII letters, digits and signs, and U+00A1 to U+00FF; the period has a rule of its own. */
static bool allowed(ucs4_t c) {
	if (c >= 0xa1 && c <= 0xff)
		return true;
	return c > 0 && c < 0x80 &&
	       strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	              "!#$%&'*+-/=?^_`{|}~",
	              (int)c) != NULL;
}

/* The character at `s`, and how many bytes it takes; a bad byte is one character, U+FFFD. */
static size_t next_character(const char *s, ucs4_t *ret) {
	int n = u8_mbtoucr(ret, (const uint8_t *)s, strlen(s));

	if (n > 0)
		return (size_t)n;
	*ret = 0xfffd;
	return 1;
}

static const char *character_fault(struct arena *a, const char *at, size_t n, ucs4_t c) {
	static const char allowed_ones[] =
	        "an alias may hold letters, digits, "
	        "!#$%&'*+-/=?^_`{|}~, inner periods and U+00A1 to U+00FF";

	if (c == ' ')
		return arena_printf(a, "has a blank: %s", allowed_ones);
	if (c == '@')
		return "has an @: write the part before it alone, an alias is no address";
	if (c == '"')
		return arena_printf(a, "has a double quote: %s", allowed_ones);
	if (c < 0x20 || c == 0x7f || c == 0xfffd || (c >= 0x80 && c <= 0xa0))
		return arena_printf(a, "has the character U+%04X: %s", (unsigned)c, allowed_ones);
	return arena_printf(a, "has the character \"%.*s\": %s", (int)n, at, allowed_ones);
}

const char *alias_fault(struct arena *a, const char *alias) {
	size_t characters = 0;
	ucs4_t c;

	if (!*alias)
		return "is empty: write one, or leave it out";
	for (const char *p = alias; *p; characters++) {
		size_t n = next_character(p, &c);
		if (c != '.' && !allowed(c))
			return character_fault(a, p, n, c);
		if (c == '.' && (p == alias || p[-1] == '.' || p[1] == '\0' || p[1] == '.'))
			return "has a period that is not between two other characters";
		p += n;
	}
	if (characters > ALIAS_CHARACTERS_MAX)
		return arena_printf(a, "is %zu characters long: at most %d are allowed", characters,
		                    ALIAS_CHARACTERS_MAX);
	return NULL;
}

char *alias_derive(struct arena *a, const char *text) {
	char *alias = arena_alloc(a, strlen(text) + 1, 1), *end = alias;
	ucs4_t c;

	for (const char *p = text; *p;) {
		size_t n = next_character(p, &c);
		if (c == '.' || allowed(c)) {
			memcpy(end, p, n);
			end += n;
		} else if (c != ' ') {
			*end++ = '?';
		}
		p += n;
	}
	return alias;
}

/* Letters that are more than a letter and an accent; all others follow from Unicode. */
static const struct {
	ucs4_t letter;
	const char *fit;
} best_fits[] = {
	{ 0xe4, "ae" }, { 0xf6, "oe" },   { 0xfc, "ue" }, { 0xc4, "Ae" }, { 0xd6, "Oe" },
	{ 0xdc, "Ue" }, { 0xdf, "ss" },   { 0xe6, "ae" }, { 0xc6, "Ae" }, { 0xf8, "oe" },
	{ 0xd8, "Oe" }, { 0x1e9e, "Ss" }, { 0xfe, "th" }, { 0xde, "Th" }, { 0xf0, "d" },
	{ 0xd0, "D" },  { 0xaa, "a" },    { 0xba, "o" },  { 0xb9, "1" },  { 0xb2, "2" },
	{ 0xb3, "3" },
};

static const char *fit_of(ucs4_t c) {
	for (size_t i = 0; i < sizeof(best_fits) / sizeof(*best_fits); i++)
		if (best_fits[i].letter == c)
			return best_fits[i].fit;
	return NULL;
}

/* The same letters, each in one piece where there is such a piece, or apart: NFC or NFD. */
static char *normalized(struct arena *a, uninorm_t form, const char *text) {
	size_t len = 0;
	uint8_t *result = u8_normalize(form, (const uint8_t *)text, strlen(text), NULL, &len);
	char *copy = result ? arena_copy(a, result, len) : arena_strdup(a, text);

	free(result);
	return copy;
}

char *alias_best_fit(struct arena *a, const char *text) {
	const char *composed = normalized(a, UNINORM_NFC, text);
	/* No fit is longer than its letter in UTF-8. */
	char *fitted = arena_alloc(a, strlen(composed) + 1, 1), *end = fitted;
	ucs4_t c;

	for (const char *p = composed; *p;) {
		size_t n = next_character(p, &c);
		const char *fit = fit_of(c);
		size_t take = fit ? strlen(fit) : n;
		memcpy(end, fit ? fit : p, take);
		end += take;
		p += n;
	}
	/* What is left of a letter without its accents is ASCII, or it is dropped. */
	char *plain = normalized(a, UNINORM_NFD, fitted);
	end = plain;
	for (const char *p = plain; *p; p++)
		if ((unsigned char)*p < 0x80)
			*end++ = *p;
	*end = '\0';
	return plain;
}
