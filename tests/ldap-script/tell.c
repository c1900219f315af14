#include <string.h>

#include "base/text.h"
#include "tests/ldap-script/request.h"

/* Text that needs no base64: UTF-8 without control characters. */
static bool is_text(const struct berval *v) {
	size_t at;

	for (ber_len_t i = 0; i < v->bv_len; i++)
		if ((unsigned char)v->bv_val[i] < 0x20 || v->bv_val[i] == 0x7f)
			return false;
	return text_utf8(v->bv_val, v->bv_len, &at);
}

static bool needs_quotes(const struct berval *v) {
	if (v->bv_len == 0 || v->bv_val[0] == '#')
		return true;
	for (ber_len_t i = 0; i < v->bv_len; i++)
		if (strchr(" \"", v->bv_val[i]))
			return true;
	return v->bv_val[v->bv_len - 1] == '\\';
}

static void tell_value(struct buf *b, const struct berval *v) {
	if (!needs_quotes(v)) {
		buf_add(b, v->bv_val, v->bv_len);
		return;
	}
	buf_putc(b, '"');
	for (ber_len_t i = 0; i < v->bv_len; i++)
		buf_puts(b, v->bv_val[i] == '"' ? "\"\"" : (char[]){ v->bv_val[i], '\0' });
	buf_putc(b, '"');
}

void request_tell_part(struct arena *a, struct buf *b, const struct part *p) {
	if (p->name)
		buf_puts(b, p->name);
	if (p->valueless)
		return;
	if (!is_text(&p->value)) {
		buf_puts(b, "::");
		buf_puts(b, text_base64(a, p->value.bv_val, p->value.bv_len));
		return;
	}
	if (p->name)
		buf_putc(b, p->pattern ? '~' : '=');
	tell_value(b, &p->value);
}

void request_tell(struct buf *b, const struct request *r) {
	struct arena *a = arena_new();

	buf_puts(b, r->kind->name);
	for (size_t i = 0; i < r->parts.n; i++) {
		if (r->parts.v[i].usual)
			continue;
		buf_putc(b, ' ');
		request_tell_part(a, b, &r->parts.v[i]);
	}
	arena_free(a);
}
