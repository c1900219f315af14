#include "store/directory/ldap_dn.h"

#include <string.h>

static int digit(char c) {
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* `\2C` as `\,`; what has no letter of its own stays as it is. Returns what follows. */
static const char *tidy_escape(const char *p, char **to) {
	int high = digit(p[1]), low = high < 0 ? -1 : digit(p[2]);
	int byte = high * 16 + low;

	if (low < 0) {
		*(*to)++ = *p++;
		if (*p)
			*(*to)++ = *p++;
		return p;
	}
	if (byte < ' ' || byte == 0x7f) {
		memcpy(*to, p, 3);
		*to += 3;
	} else {
		if (byte < 0x80 && strchr(",+\"\\<>;=# ", byte))
			*(*to)++ = '\\';
		*(*to)++ = (char)byte;
	}
	return p + 3;
}

char *ldap_dn_tidy(struct arena *a, const char *dn, size_t len) {
	char *text = arena_copy(a, dn, len), *to = text;
	bool type = true;

	for (const char *p = dn, *end = dn + len; p < end && *p;) {
		if (*p == '\\' && !type) {
			p = tidy_escape(p, &to);
			continue;
		}
		if (*p == '=')
			type = false;
		else if (*p == ',' || *p == '+')
			type = true;
		*to++ = type && *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
		p++;
	}
	*to = '\0';
	return text;
}
