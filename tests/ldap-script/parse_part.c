#include <regex.h>
#include <string.h>

#include "base/text.h"
#include "tests/ldap-script/parse.h"

#define NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-;."

/*
 * The name's length: letters, digits, - ; . and single colons (add:mail), and the = of
 * an option ;range=0-1 or ;range=0-*.
 */
static size_t name_length(const char *s) {
	size_t len = 0;

	for (;;) {
		len += strspn(s + len, NAME);
		if (s[len] == ':' && s[len + 1] != ':' && s[len + 1])
			len++;
		else if (s[len] == '=' && len > 6 && strncmp(s + len - 6, ";range", 6) == 0)
			len += 1 + strspn(s + len + 1, "0123456789-*");
		else
			return len;
	}
}

static bool pattern_of(struct lexer *x, const struct word *w, struct part *ret) {
	char why[200];
	regex_t compiled;
	int rc = regcomp(&compiled, ret->value.bv_val, REG_EXTENDED);

	ret->pattern = true;
	if (rc == 0) {
		regfree(&compiled);
		return true;
	}
	regerror(rc, &compiled, why, sizeof(why));
	lex_wrong(x, w->line, w->column, "'%s' is no regular expression: %s", ret->value.bv_val,
	          why);
	return false;
}

static bool base64_of(struct lexer *x, const struct word *w, struct part *ret) {
	size_t len;
	char *bytes = text_unbase64(x->arena, ret->value.bv_val, ret->value.bv_len, &len);

	if (!bytes) {
		lex_wrong(x, w->line, w->column, "'%s' is no base64", ret->value.bv_val);
		return false;
	}
	ret->value = (struct berval){ .bv_val = bytes, .bv_len = len };
	return true;
}

bool parse_part(struct lexer *x, const struct word *w, bool patterns, struct part *ret) {
	size_t len = name_length(w->text);
	const char *sign = w->text + len;
	bool base64 = strncmp(sign, "::", 2) == 0, pattern = *sign == '~' && patterns;

	*ret = (struct part){ .line = w->line, .column = w->column };
	if (len == 0 || (!base64 && !pattern && *sign != '=')) {
		ret->value = (struct berval){ .bv_val = (char *)w->text, .bv_len = w->len };
		return true;
	}
	size_t skip = len + (base64 ? 2 : 1);
	ret->name = arena_copy(x->arena, w->text, len);
	ret->value = (struct berval){ .bv_val = (char *)w->text + skip, .bv_len = w->len - skip };
	if (base64)
		return base64_of(x, w, ret);
	return !pattern || pattern_of(x, w, ret);
}
