#include "base/guid.h"

#include <ctype.h>
#include <string.h>

/* Which byte of ours stands at each place of the text. */
static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

static int digit(char c) {
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

bool guid_parse(const char *text, struct guid *ret) {
	struct guid g;
	bool braces = *text == '{';
	const char *p = text + braces;

	for (int i = 0; i < 16; i++) {
		if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
			return false;
		int high = digit(p[0]);
		int low = high < 0 ? -1 : digit(p[1]);
		if (low < 0)
			return false;
		g.bytes[order[i]] = (uint8_t)(high * 16 + low);
		p += 2;
	}
	if (braces && *p++ != '}')
		return false;
	if (*p)
		return false;
	*ret = g;
	return true;
}

char *guid_text(struct guid g, char text[static GUID_TEXT]) {
	static const char digits[] = "0123456789abcdef";
	char *p = text;

	for (int i = 0; i < 16; i++) {
		uint8_t byte = g.bytes[order[i]];
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[byte >> 4];
		*p++ = digits[byte & 15];
	}
	*p = '\0';
	return text;
}

bool guid_from_bytes(const void *data, size_t len, struct guid *ret) {
	if (len != sizeof(ret->bytes))
		return false;
	memcpy(ret->bytes, data, len);
	return true;
}

bool guid_equal(struct guid a, struct guid b) {
	return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

bool guid_none(struct guid g) {
	return guid_equal(g, (struct guid){ 0 });
}
