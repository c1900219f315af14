#include "base/sid.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

char *sid_text(struct arena *a, const void *data, size_t len) {
	const uint8_t *b = data;
	struct buf text = { 0 };
	uint64_t authority = 0;

	/* revision, count of sub-authorities, six bytes of authority, four bytes each */
	if (len < 8 || b[0] != 1 || b[1] > 15 || len != 8 + (size_t)b[1] * 4)
		return NULL;
	for (int i = 2; i < 8; i++)
		authority = authority << 8 | b[i];
	buf_printf(&text, "S-1-%" PRIu64, authority);
	for (size_t i = 8; i < len; i += 4)
		buf_printf(&text, "-%" PRIu32,
		           (uint32_t)b[i] | (uint32_t)b[i + 1] << 8 | (uint32_t)b[i + 2] << 16 |
		                   (uint32_t)b[i + 3] << 24);
	char *copy = arena_copy(a, text.data, text.len);
	buf_done(&text);
	return copy;
}

char *sid_parse(struct arena *a, const char *text, size_t *ret_len) {
	enum { PARTS = 16 };
	unsigned long long parts[PARTS];
	int n = 0;
	const char *p = text;

	if (strncmp(p, "S-1", 3) != 0)
		return NULL;
	for (p += 3; *p == '-' && n < PARTS; n++) {
		char *end;
		if (!isdigit((unsigned char)p[1]))
			return NULL;
		parts[n] = strtoull(p + 1, &end, 10);
		if (parts[n] > (n == 0 ? 0xffffffffffffULL : 0xffffffffULL))
			return NULL;
		p = end;
	}
	if (*p || n == 0)
		return NULL;
	*ret_len = 8 + (size_t)(n - 1) * 4;
	uint8_t *b = arena_alloc(a, *ret_len + 1, 1);
	b[0] = 1;
	b[1] = (uint8_t)(n - 1);
	for (int i = 0; i < 6; i++)
		b[2 + i] = (uint8_t)(parts[0] >> (40 - 8 * i));
	for (int i = 1; i < n; i++)
		for (int j = 0; j < 4; j++)
			b[8 + (i - 1) * 4 + j] = (uint8_t)(parts[i] >> (8 * j));
	return (char *)b;
}
