#include "base/text.h"

#include <ctype.h>
#include <nettle/base64.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>
#include <uniwidth.h>

bool text_utf8(const char *s, size_t len, size_t *ret_at) {
	const uint8_t *bad = u8_check((const uint8_t *)s, len);
	const char *nul = memchr(s, '\0', len);

	if (!bad && !nul)
		return true;
	if (!bad || (nul && nul < (const char *)bad))
		bad = (const uint8_t *)nul;
	*ret_at = (size_t)((const char *)bad - s);
	return false;
}

static bool plain_ascii(const char *s, size_t len) {
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

char *text_fold_bytes(struct arena *a, const char *s, size_t len) {
	char *copy = arena_copy(a, s, len);

	if (plain_ascii(s, len)) {
		for (size_t i = 0; i < len; i++)
			copy[i] = (char)tolower((unsigned char)copy[i]);
		return copy;
	}
	size_t folded_len = 0;
	uint8_t *folded =
	        u8_casefold((const uint8_t *)s, len, NULL, UNINORM_NFC, NULL, &folded_len);
	if (!folded)
		return copy;
	copy = arena_copy(a, folded, folded_len);
	free(folded);
	return copy;
}

char *text_fold(struct arena *a, const char *s) {
	return text_fold_bytes(a, s, strlen(s));
}

const char *text_article(const char *word) {
	bool vowel = *word && strchr("AEIOUaeiou", *word);

	return vowel && strncasecmp(word, "us", 2) != 0 && strncasecmp(word, "uni", 3) != 0 ? "an"
	                                                                                    : "a";
}

bool text_same(const char *a, const char *b) {
	int result = 0;

	if (!a || !b)
		return a == b;
	if (plain_ascii(a, strlen(a)) && plain_ascii(b, strlen(b)))
		return strcasecmp(a, b) == 0;
	if (u8_casecmp((const uint8_t *)a, strlen(a), (const uint8_t *)b, strlen(b), NULL,
	               UNINORM_NFC, &result) < 0)
		return strcmp(a, b) == 0;
	return result == 0;
}

char *text_decompose(struct arena *a, const char *s) {
	size_t len = 0;
	uint8_t *nfd = u8_normalize(UNINORM_NFD, (const uint8_t *)s, strlen(s), NULL, &len);

	if (!nfd)
		return arena_strdup(a, s);
	char *copy = arena_copy(a, nfd, len);
	free(nfd);
	return copy;
}

size_t text_width(const char *s) {
	int width = u8_strwidth((const uint8_t *)s, "UTF-8");

	return width < 0 ? strlen(s) : (size_t)width;
}

/* Edits (insert, delete, change, swap of neighbours) from one word to the other, case ignored. */
static size_t distance(const char *a, const char *b) {
	enum { MAX = 48 };
	size_t la = strlen(a), lb = strlen(b), d[MAX + 1][MAX + 1];

	if (la > MAX || lb > MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= la; i++)
		for (size_t j = 0; j <= lb; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			bool same = tolower((unsigned char)a[i - 1]) ==
			            tolower((unsigned char)b[j - 1]);
			size_t best = d[i - 1][j - 1] + !same;
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[la][lb];
}

/* The one word that begins with this one, or that this one begins with: four letters at least. */
static const char *longer_or_shorter(const char *word, const char *const *words) {
	const char *only = NULL;

	for (; *words; words++) {
		size_t a = strlen(word), b = strlen(*words), common = a < b ? a : b;
		if (common < 4 || strncasecmp(word, *words, common) != 0)
			continue;
		if (only)
			return NULL;
		only = *words;
	}
	return only;
}

const char *text_nearest(const char *word, const char *const *words) {
	const char *const *all = words;
	size_t best = SIZE_MAX;
	const char *nearest = NULL;

	for (; *words; words++) {
		size_t n = distance(word, *words);
		if (n < best) {
			best = n;
			nearest = *words;
		}
	}
	size_t len = strlen(word);
	if (best != SIZE_MAX && best * 3 <= (len < 3 ? 3 : len + 1))
		return nearest;
	return longer_or_shorter(word, all);
}

char *text_base64(struct arena *a, const void *data, size_t len) {
	size_t n = BASE64_ENCODE_RAW_LENGTH(len);
	char *out = arena_alloc(a, n + 1, 1);

	base64_encode_raw(out, len, data);
	return out;
}

char *text_unbase64(struct arena *a, const char *s, size_t len, size_t *ret_len) {
	struct base64_decode_ctx ctx;
	size_t n = BASE64_DECODE_LENGTH(len) + 1;
	char *out = arena_alloc(a, n + 1, 1);

	base64_decode_init(&ctx);
	if (!base64_decode_update(&ctx, &n, (uint8_t *)out, len, s) || !base64_decode_final(&ctx))
		return NULL;
	out[n] = '\0';
	*ret_len = n;
	return out;
}
