#include "tests/ldap-script/filter.h"

#include <ctype.h>
#include <ldap.h>
#include <string.h>

enum { DEPTH_MAX = 100 };

static void put_byte(struct buf *b, unsigned char c) {
	if (c < 0x20 || c > 0x7e || strchr("*()\\", c))
		buf_printf(b, "\\%02x", c);
	else
		buf_putc(b, (char)c);
}

static void put_value(struct buf *b, const struct berval *v) {
	for (ber_len_t i = 0; i < v->bv_len; i++)
		put_byte(b, (unsigned char)v->bv_val[i]);
}

static bool decode(BerElement *ber, struct buf *b, int depth);

static bool decode_list(BerElement *ber, struct buf *b, const char *sign, int depth) {
	ber_len_t len;
	char *end;

	buf_puts(b, sign);
	for (ber_tag_t tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end))
		if (!decode(ber, b, depth + 1))
			return false;
	return true;
}

static bool decode_not(BerElement *ber, struct buf *b, int depth) {
	ber_len_t len;

	buf_putc(b, '!');
	return ber_skip_tag(ber, &len) == LDAP_FILTER_NOT && decode(ber, b, depth + 1);
}

static bool decode_pair(BerElement *ber, struct buf *b, const char *sign) {
	struct berval name, value;

	if (ber_scanf(ber, "{mm}", &name, &value) == LBER_ERROR)
		return false;
	buf_add(b, name.bv_val, name.bv_len);
	buf_puts(b, sign);
	put_value(b, &value);
	return true;
}

static bool decode_substrings(BerElement *ber, struct buf *b) {
	struct berval name, value;
	ber_len_t len;
	char *end;
	ber_tag_t tag, last = LBER_DEFAULT;

	if (ber_scanf(ber, "{m", &name) == LBER_ERROR)
		return false;
	buf_add(b, name.bv_val, name.bv_len);
	buf_putc(b, '=');
	for (tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end)) {
		if (ber_scanf(ber, "m", &value) == LBER_ERROR)
			return false;
		if (tag != LDAP_SUBSTRING_INITIAL)
			buf_putc(b, '*');
		put_value(b, &value);
		last = tag;
	}
	if (last != LDAP_SUBSTRING_FINAL)
		buf_putc(b, '*');
	return true;
}

static bool decode_extended(BerElement *ber, struct buf *b) {
	struct berval rule = { 0 }, type = { 0 }, value = { 0 };
	ber_int_t dn = 0;
	ber_len_t len;
	char *end;

	for (ber_tag_t tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end)) {
		struct berval *to = tag == LDAP_FILTER_EXT_OID    ? &rule
		                    : tag == LDAP_FILTER_EXT_TYPE ? &type
		                                                  : &value;
		if (tag == LDAP_FILTER_EXT_DNATTRS ? ber_scanf(ber, "b", &dn) == LBER_ERROR
		                                   : ber_scanf(ber, "m", to) == LBER_ERROR)
			return false;
	}
	buf_add(b, type.bv_val, type.bv_len);
	buf_puts(b, dn ? ":dn" : "");
	if (rule.bv_len) {
		buf_putc(b, ':');
		buf_add(b, rule.bv_val, rule.bv_len);
	}
	buf_puts(b, ":=");
	put_value(b, &value);
	return true;
}

static bool decode_present(BerElement *ber, struct buf *b) {
	struct berval name;

	if (ber_scanf(ber, "m", &name) == LBER_ERROR)
		return false;
	buf_add(b, name.bv_val, name.bv_len);
	buf_puts(b, "=*");
	return true;
}

static bool decode_item(BerElement *ber, struct buf *b, int depth) {
	ber_len_t len;

	switch (ber_peek_tag(ber, &len)) {
	case LDAP_FILTER_AND:
		return decode_list(ber, b, "&", depth);
	case LDAP_FILTER_OR:
		return decode_list(ber, b, "|", depth);
	case LDAP_FILTER_NOT:
		return decode_not(ber, b, depth);
	case LDAP_FILTER_EQUALITY:
		return decode_pair(ber, b, "=");
	case LDAP_FILTER_GE:
		return decode_pair(ber, b, ">=");
	case LDAP_FILTER_LE:
		return decode_pair(ber, b, "<=");
	case LDAP_FILTER_APPROX:
		return decode_pair(ber, b, "~=");
	case LDAP_FILTER_SUBSTRINGS:
		return decode_substrings(ber, b);
	case LDAP_FILTER_PRESENT:
		return decode_present(ber, b);
	case LDAP_FILTER_EXT:
		return decode_extended(ber, b);
	default:
		return false;
	}
}

static bool decode(BerElement *ber, struct buf *b, int depth) {
	if (depth > DEPTH_MAX)
		return false;
	buf_putc(b, '(');
	bool well = decode_item(ber, b, depth);
	buf_putc(b, ')');
	return well;
}

bool filter_decode(BerElement *ber, struct buf *b) {
	return decode(ber, b, 0);
}

static int hex(char c) {
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

char *filter_canonical(struct arena *a, const char *text, size_t len) {
	struct buf b = { 0 };
	int depth = 0;
	bool well = len > 1 && text[0] == '(' && text[len - 1] == ')';

	for (size_t i = 0; i < len && well; i++) {
		char c = text[i];
		if (c == '\\') {
			well = i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
			       isxdigit((unsigned char)text[i + 2]);
			if (well)
				put_byte(&b,
				         (unsigned char)(hex(text[i + 1]) * 16 + hex(text[i + 2])));
			i += 2;
			continue;
		}
		depth += c == '(' ? 1 : c == ')' ? -1 : 0;
		well = depth > 0 || i == len - 1;
		if (strchr("*()", c))
			buf_putc(&b, c);
		else
			put_byte(&b, (unsigned char)c);
	}
	char *canonical = well && depth == 0 ? arena_copy(a, b.data, b.len) : NULL;
	buf_done(&b);
	return canonical;
}
