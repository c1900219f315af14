#include "reconcile/powershell.h"

#include <string.h>

#include "base/buf.h"

static size_t quote_at(const char *p) {
	if (*p == '\'')
		return 1;
	/* U+2018 to U+201B */
	return memcmp(p, "\xe2\x80", 2) == 0 && (unsigned char)p[2] >= 0x98 &&
	                       (unsigned char)p[2] <= 0x9b
	               ? 3
	               : 0;
}

const char *ps_quoted(struct arena *a, const char *text) {
	struct buf out = { 0 };

	buf_putc(&out, '\'');
	for (const char *p = text; *p;) {
		size_t n = strlen(p) >= 3 || *p == '\'' ? quote_at(p) : 0;
		if (n)
			buf_add(&out, p, n);
		buf_add(&out, p, n ? n : 1);
		p += n ? n : 1;
	}
	buf_putc(&out, '\'');
	const char *copy = arena_copy(a, out.data, out.len);
	buf_done(&out);
	return copy;
}

const char *ps_update_state(struct arena *a, const char *database, struct guid mailbox) {
	char text[GUID_TEXT];

	return arena_printf(a, "Update-StoreMailboxState -Database %s -Identity %s",
	                    ps_quoted(a, database), guid_text(mailbox, text));
}
