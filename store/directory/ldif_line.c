#include "store/directory/ldif_line.h"

#include <string.h>
#include <strings.h>

#include "base/sid.h"
#include "base/text.h"
#include "store/directory/ldif_library.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

static const char no_colon[] =
        "there is no \"name: value\" in this line; a line that goes on with the one above it "
        "starts with a blank";

/* libldap would drop every carriage return, wherever it stands. */
static bool stray_return(const char *s, size_t len) {
	for (const char *p = s; (p = memchr(p, '\r', len - (size_t)(p - s))) != NULL; p++)
		if (p + 1 == s + len || p[1] != '\n')
			return true;
	return false;
}

/* ldif_getline() marks the places where a line was folded by carriage returns. */
static void drop_marks(char *s) {
	char *to = strchr(s, '\r');

	for (const char *from = to; from && *from; from++)
		if (*from != '\r')
			*to++ = *from;
	if (to)
		*to = '\0';
}

/* libldap ignores what follows the padding, and the bits that are left over. */
static bool is_base64(const char *s) {
	size_t len = strlen(s);
	size_t letters = strspn(s, LETTERS DIGITS "+/");
	size_t padding = strspn(s + letters, "=");

	return len % 4 == 0 && letters + padding == len && padding <= 2;
}

static const char *check_name(const char *line, size_t *ret_len) {
	size_t len = strspn(line, LETTERS DIGITS "-._;=*");

	if (*line == ' ')
		return "this line starts with a blank, but there is none above it to go on with";
	if (*line == '\t')
		return "this line starts with a tab; a line that goes on with the one above it "
		       "starts with a blank";
	if (!strchr(line, ':'))
		return no_colon;
	if (len == 0 || line[len] != ':')
		return "what stands before the colon is no name of an attribute";
	*ret_len = len;
	return NULL;
}

static const char *decode(char *line, size_t name_len, struct ldif_line *ret) {
	char *after = line + name_len + 1;
	bool base64 = *after == ':';
	char *text = after + base64;
	struct berval name, value;
	int owned = 0;

	text += strspn(text, " ");
	if (*after == '<')
		return "a value in another file (:<) is not read; put the value itself here, as "
		       "base64 after ::";
	if (base64 && !is_base64(text))
		return "what stands after :: is no base64; was the file cut or mended by hand?";
	*ret = (struct ldif_line){ line, name_len, { text, strlen(text) } };
	if (!*text)
		return NULL;
	if (ldif_parse_line2(line, &name, &value, &owned) != 0)
		return "this line cannot be decoded";
	/* A tab at the beginning of a plain value belongs to it, and libldap drops it. */
	if (base64) {
		value.bv_val[value.bv_len] = '\0';
		ret->value = (struct value){ value.bv_val, value.bv_len };
	}
	return NULL;
}

const char *ldif_line_decode(char *text, size_t len, struct ldif_line *ret) {
	char *next = text;
	size_t name_len = 0;

	if (stray_return(text, len))
		return "a carriage return stands in this line without a line feed after it; end "
		       "lines with LF or CR LF";
	text[text[len - 1] == '\n' ? len - 1 : len] = '\0';
	char *line = ldif_getline(&next);
	if (!line)
		return no_colon;
	drop_marks(line);
	const char *wrong = check_name(line, &name_len);
	return wrong ? wrong : decode(line, name_len, ret);
}

bool ldif_line_guid(struct value v, struct guid *ret) {
	return guid_from_bytes(v.data, v.len, ret) ||
	       (strlen(v.data) == v.len && guid_parse(v.data, ret));
}

const char *ldif_line_value(struct arena *a, enum attribute id, struct value v, struct value *ret) {
	struct guid g;
	size_t at;

	*ret = v;
	switch (attributes[id].syntax) {
	case SYNTAX_GUID:
		if (v.len == sizeof(g.bytes))
			return NULL;
		if (!ldif_line_guid(v, &g))
			return "this is neither the 16 bytes of a GUID (base64 after ::) nor its "
			       "text";
		ret->data = arena_copy(a, g.bytes, sizeof(g.bytes));
		ret->len = sizeof(g.bytes);
		return NULL;
	case SYNTAX_SID:
		if (strncasecmp(v.data, "S-1-", 4) != 0)
			return NULL;
		ret->data = sid_parse(a, v.data, &ret->len);
		return ret->data ? NULL : "this is no SID; write its bytes as base64 after ::";
	case SYNTAX_TEXT:
	case SYNTAX_DN:
	case SYNTAX_INTEGER:
	case SYNTAX_BOOLEAN:
		return text_utf8(v.data, v.len, &at)
		               ? NULL
		               : "this value is not UTF-8; export the file as UTF-8";
	case SYNTAX_OCTETS:
		break;
	}
	return NULL;
}

bool ldif_line_named(const struct ldif_line *l, const char *name) {
	size_t len = strlen(name);

	return l->name_len >= len && strncasecmp(l->name, name, len) == 0 &&
	       (l->name_len == len || l->name[len] == ';');
}
