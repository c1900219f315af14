#include "base/dn.h"

#include <ctype.h>
#include <ldap.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"

static void dn_cleanup(LDAPDN *dn) {
	if (*dn)
		ldap_dnfree(*dn);
}

#define DN_PARSED __attribute__((cleanup(dn_cleanup))) LDAPDN

static LDAPDN parse(const char *text) {
	LDAPDN dn = NULL;

	if (!text || !*text || ldap_str2dn(text, &dn, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return NULL;
	return dn;
}

/*
 * How most DNs are written: `type=value,type=value`, nothing escaped, no blank at an edge, nothing
 * but ASCII. For these the functions below need no parser; libldap's comes to the same.
 */
static bool is_plain(const char *s) {
	for (;; s++) {
		if (!isalpha((unsigned char)*s))
			return false;
		while (isalnum((unsigned char)*s) || *s == '-')
			s++;
		if (*s++ != '=' || !isalnum((unsigned char)*s))
			return false;
		while (isalnum((unsigned char)*s) || (*s && strchr(" ._-()/", *s)))
			s++;
		if (s[-1] == ' ' || (*s && *s != ','))
			return false;
		if (!*s)
			return true;
	}
}

/* Writes `type=value`, escaped; the same bytes for every way to write the same thing. */
static void put_component(struct arena *a, struct buf *out, const LDAPAVA *ava) {
	char *type = arena_copy(a, ava->la_attr.bv_val, ava->la_attr.bv_len);
	char *value = text_fold_bytes(a, ava->la_value.bv_val, ava->la_value.bv_len);
	size_t len = strlen(value);

	for (char *p = type; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	buf_printf(out, "%s=", type);
	for (size_t i = 0; i < len; i++) {
		bool edge = (i == 0 || i == len - 1) && value[i] == ' ';
		if (edge || strchr(",+\"\\<>;=", value[i]) || (i == 0 && value[i] == '#'))
			buf_putc(out, '\\');
		buf_putc(out, value[i]);
	}
}

char *dn_normal(struct arena *a, const char *text) {
	if (text && is_plain(text))
		return text_fold(a, text);
	DN_PARSED dn = parse(text);
	struct buf out = { 0 };

	if (!dn)
		return NULL;
	for (size_t i = 0; dn[i]; i++) {
		if (i)
			buf_putc(&out, ',');
		for (size_t j = 0; dn[i][j]; j++) {
			if (j)
				buf_putc(&out, '+');
			put_component(a, &out, dn[i][j]);
		}
	}
	char *normal = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return normal;
}

bool dn_same(const char *a, const char *b) {
	if (strcasecmp(a, b) == 0)
		return true;
	if (is_plain(a) && is_plain(b))
		return false;
	struct arena *scratch = arena_new();
	char *na = dn_normal(scratch, a);
	char *nb = dn_normal(scratch, b);
	bool same = na && nb && strcmp(na, nb) == 0;
	arena_free(scratch);
	return same;
}

char *dn_name(struct arena *a, const char *text) {
	if (text && is_plain(text)) {
		const char *value = strchr(text, '=') + 1;
		return arena_copy(a, value, strcspn(value, ","));
	}
	DN_PARSED dn = parse(text);

	if (!dn || !dn[0] || !dn[0][0])
		return NULL;
	return arena_copy(a, dn[0][0]->la_value.bv_val, dn[0][0]->la_value.bv_len);
}

char *dn_parent(struct arena *a, const char *text) {
	if (text && is_plain(text)) {
		const char *comma = strchr(text, ',');
		return comma ? arena_strdup(a, comma + 1) : NULL;
	}
	DN_PARSED dn = parse(text);
	char *written = NULL;

	if (!dn || !dn[1] || ldap_dn2str(dn + 1, &written, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
		return NULL;
	char *copy = arena_strdup(a, written);
	ldap_memfree(written);
	return copy;
}

bool dn_below(const char *dn, const char *base) {
	size_t n = strlen(dn), m = strlen(base), slashes = 0;

	if (n < m || strcmp(dn + n - m, base) != 0)
		return false;
	if (n == m)
		return true;
	if (dn[n - m - 1] != ',')
		return false;
	/* A comma that belongs to a name is escaped, by a backslash that is not escaped itself. */
	while (slashes < n - m - 1 && dn[n - m - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

static bool is_dc(LDAPRDN rdn) {
	return rdn[0] && !rdn[1] && rdn[0]->la_attr.bv_len == 2 &&
	       strncasecmp(rdn[0]->la_attr.bv_val, "DC", 2) == 0;
}

static size_t first_dc(LDAPDN dn) {
	size_t n = 0;

	while (dn[n])
		n++;
	while (n > 0 && is_dc(dn[n - 1]))
		n--;
	return n;
}

static void put_value(struct buf *out, LDAPRDN rdn, char escape) {
	for (size_t i = 0; i < rdn[0]->la_value.bv_len; i++) {
		if (escape && rdn[0]->la_value.bv_val[i] == escape)
			buf_putc(out, '\\');
		buf_putc(out, rdn[0]->la_value.bv_val[i]);
	}
}

static void put_domain(struct buf *out, LDAPDN dn, size_t from) {
	for (size_t i = from; dn[i]; i++) {
		if (i > from)
			buf_putc(out, '.');
		put_value(out, dn[i], 0);
	}
}

static char *taken(struct arena *a, struct buf *out) {
	char *copy = out->len ? arena_copy(a, out->data, out->len) : NULL;

	buf_done(out);
	return copy;
}

char *dn_domain(struct arena *a, const char *text) {
	DN_PARSED dn = parse(text);
	struct buf out = { 0 };

	if (dn)
		put_domain(&out, dn, first_dc(dn));
	return taken(a, &out);
}

char *dn_canonical(struct arena *a, const char *text) {
	DN_PARSED dn = parse(text);
	struct buf out = { 0 };

	if (!dn)
		return NULL;
	size_t dc = first_dc(dn);
	put_domain(&out, dn, dc);
	if (!out.len)
		return NULL;
	if (dc == 0)
		buf_putc(&out, '/');
	for (size_t i = dc; i-- > 0;) {
		buf_putc(&out, '/');
		put_value(&out, dn[i], '/');
	}
	return taken(a, &out);
}
