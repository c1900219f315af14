#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "base/text.h"
#include "store/inventory/csv_file.h"

static bool begins(const char *bytes, size_t len, const char *with, size_t n) {
	return len >= n && memcmp(bytes, with, n) == 0;
}

static int line_of(const uint16_t *units, size_t n) {
	int line = 1;

	for (size_t i = 0; i < n; i++)
		if (units[i] == '\n')
			line++;
	return line;
}

static bool fault(struct csv_file *f, int line, const char *message) {
	struct place at = { .file = f->label, .line = line };

	diag_add(f->diags, at, "csv-encoding", NULL, 0, "%s", message);
	return false;
}

static bool decode_utf16(struct csv_file *f, const char *bytes, size_t len) {
	size_t n = len / 2, utf8_len = 0;
	uint16_t *units = ARENA_ARRAY(f->diags->arena, uint16_t, n + 1);

	for (size_t i = 0; i < n; i++)
		units[i] = (uint16_t)((unsigned char)bytes[2 * i] | (unsigned char)bytes[2 * i + 1]
		                                                            << 8);
	if (len % 2)
		return fault(f, line_of(units, n),
		             "the file ends within a character: UTF-16 has two bytes for each; "
		             "export it again");
	const uint16_t *bad = u16_check(units, n);
	if (bad)
		return fault(f, line_of(units, (size_t)(bad - units)),
		             "there is half a character here, so the file is no UTF-16; export it "
		             "with `-Encoding UTF8`");
	uint8_t *utf8 = u16_to_u8(units, n, NULL, &utf8_len);
	if (!utf8)
		abort();
	f->text = arena_copy(f->diags->arena, utf8, utf8_len);
	f->len = utf8_len;
	free(utf8);
	return true;
}

/* The first bad byte of each line is reported, and all are replaced so that reading can go on. */
static void replace_bad(struct csv_file *f, size_t at) {
	char *copy = arena_copy(f->diags->arena, f->text, f->len);
	size_t from = 0, line_from = 0, told = SIZE_MAX, bad = at;
	int line = 1;

	f->text = copy;
	do {
		at = from + bad;
		for (size_t i = line_from; i < at; i++)
			if (copy[i] == '\n') {
				line++;
				line_from = i + 1;
			}
		bool nul = copy[at] == '\0';
		copy[at] = '?';
		if (told != line_from)
			csv_fault(f, line, line_from, CSV_RECORD, nul ? "csv-nul" : "csv-utf8",
			          nul ? "there is a NUL byte at column %zu: this is no text; "
			                "export it with `-Encoding UTF8`"
			              : "the byte at column %zu is not UTF-8; export it with "
			                "`-Encoding UTF8`",
			          u8_mbsnlen((const uint8_t *)copy + line_from, at - line_from) +
			                  1);
		told = line_from;
		from = at + 1;
	} while (!text_utf8(copy + from, f->len - from, &bad));
}

bool csv_decode(struct csv_file *f, const char *bytes, size_t len) {
	size_t bad;

	if (begins(bytes, len, "\xff\xfe", 2))
		if (!decode_utf16(f, bytes + 2, len - 2))
			return false;
	if (begins(bytes, len, "\xfe\xff", 2))
		return fault(f, 0,
		             "the file is UTF-16 with the high byte first, which is not read; "
		             "export it with `-Encoding UTF8`");
	if (!f->text) {
		size_t bom = begins(bytes, len, "\xef\xbb\xbf", 3) ? 3 : 0;
		f->text = bytes + bom;
		f->len = len - bom;
	}
	if (!text_utf8(f->text, f->len, &bad))
		replace_bad(f, bad);
	return true;
}
