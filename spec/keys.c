#include "spec/keys.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/dn.h"

/* A DN of one component would be a name with a `=` in it: `A=B`. */
static bool is_dn(const char *text) {
	if (!strchr(text, '=') || !strchr(text, ','))
		return false;
	struct arena *scratch = arena_new();
	bool is = dn_parent(scratch, text) != NULL;
	arena_free(scratch);
	return is;
}

static void parse_domain_and_sam(struct arena *a, const char *text, struct user_key *ret) {
	const char *backslash = strchr(text, '\\');

	if (!backslash || backslash == text || !backslash[1] || strchr(backslash + 1, '\\'))
		return;
	ret->domain = arena_copy(a, text, (size_t)(backslash - text));
	ret->sam = arena_strdup(a, backslash + 1);
}

static void parse_upn(struct arena *a, const char *text, struct user_key *ret) {
	const char *at = strrchr(text, '@');

	if (!at || at == text || !at[1])
		return;
	ret->is_upn = true;
	ret->upn_left = arena_copy(a, text, (size_t)(at - text));
	ret->upn_right = arena_strdup(a, at + 1);
}

/* Labels of letters, digits, hyphens and underscores, apart by single periods. */
static bool is_dns_name(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool period = c == '.' && i > 0 && i + 1 < len && s[i - 1] != '.';
		if (!period && !isalnum(c) && c != '-' && c != '_' && c < 0x80)
			return false;
	}
	return len > 0;
}

static void parse_canonical_name(struct arena *a, const char *text, struct user_key *ret) {
	const char *slash = strchr(text, '/');

	if (!slash || !is_dns_name(text, (size_t)(slash - text)))
		return;
	const char *last = slash + 1;
	for (const char *p = last; *p; p++) {
		if (*p == '\\' && p[1] == '/')
			p++;
		else if (*p == '/')
			last = p + 1;
	}
	if (!*last)
		return;
	char *name = arena_strdup(a, last), *end = name;
	for (const char *p = last; *p; p++) {
		if (*p == '\\' && p[1] == '/')
			p++;
		*end++ = *p;
	}
	*end = '\0';
	ret->canonical_name = name;
}

void user_key_parse(struct arena *a, const char *text, struct user_key *ret) {
	*ret = (struct user_key){ 0 };
	ret->is_guid = guid_parse(text, &ret->guid);
	if (ret->is_guid)
		return;
	ret->is_dn = is_dn(text);
	if (ret->is_dn)
		return;
	parse_domain_and_sam(a, text, ret);
	parse_upn(a, text, ret);
	parse_canonical_name(a, text, ret);
}

enum mailbox_key mailbox_key_parse(const char *text, struct guid *ret_guid) {
	if (strncasecmp(text, "/o=", 3) == 0)
		return MAILBOX_BY_LEGACY_DN;
	return guid_parse(text, ret_guid) ? MAILBOX_BY_GUID : MAILBOX_BY_NAME;
}

enum object_key object_key_parse(const char *text, struct guid *ret_guid) {
	if (guid_parse(text, ret_guid))
		return OBJECT_BY_GUID;
	return is_dn(text) ? OBJECT_BY_DN : OBJECT_BY_NAME;
}
