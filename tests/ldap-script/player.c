#include "tests/ldap-script/player.h"

#include <stdio.h>
#include <string.h>

void player_takes(struct player *p, const struct statement *s, const struct request *r) {
	const struct part *as = part_find(&s->parts, "as");

	p->request = *r;
	if (as) {
		struct label label = { as->value.bv_val, r->id, r->kind->answer };
		ARENA_PUSH(p->arena, &p->labels, label);
	}
}

static const char *hex(struct arena *a, const char *data, size_t len) {
	struct buf b = { 0 };

	for (size_t i = 0; i < len && i < 16; i++)
		buf_printf(&b, " %02x", (unsigned char)data[i]);
	const char *text =
	        arena_printf(a, "%s%s", b.len ? b.data : " none", len > 16 ? " ..." : "");
	buf_done(&b);
	return text;
}

static const char *no_ldap(struct player *p, const struct buf *in) {
	if (in->len > 1 && in->data[0] == 0x16 && in->data[1] == 3)
		return "a TLS handshake";
	return arena_printf(p->arena, "bytes that are no LDAP:%s",
	                    hex(p->arena, in->data, in->len));
}

/* False: what is at the front of `in` is a request that is none. */
static bool decode(struct player *p, long len, struct request *ret) {
	struct buf *in = &p->wire.in;
	struct berval message = { .bv_val = in->data, .bv_len = (ber_len_t)len };
	const char *why;

	if (!request_decode(p->arena, &message, ret, &why)) {
		tell_not_met(p,
		             arena_printf(p->arena, "no request:%s: %s",
		                          hex(p->arena, in->data, (size_t)len), why),
		             NULL);
		return false;
	}
	p->came = *ret;
	memmove(in->data, in->data + len, in->len - (size_t)len);
	in->len -= (size_t)len;
	tell_came(p, ret);
	return true;
}

/* Without bytes of a request the client may close where it will. */
static enum came nothing(struct player *p) {
	bool closed = p->wire.state == WIRE_GONE;

	if (closed && (!p->at || (p->at->request == &request_close && !p->wire.in.len)))
		return CAME_CLOSE;
	if (p->wire.state == WIRE_STRUCK)
		return CAME_NOTHING;
	if (closed)
		tell_not_met(p, "the client closed the connection", NULL);
	else
		tell_not_met(p, "nothing", NULL);
	return CAME_NOTHING;
}

enum came player_request(struct player *p, struct request *ret) {
	struct buf *in = &p->wire.in;

	for (;;) {
		long len = request_length(in->data, in->len);
		if (len < 0) {
			tell_not_met(p, no_ldap(p, in), NULL);
			return CAME_NOTHING;
		}
		if (len > 0 && in->len >= (size_t)len)
			return decode(p, len, ret) ? CAME_REQUEST : CAME_NOTHING;
		if (wire_fill(&p->wire) != WIRE_WELL)
			return nothing(p);
	}
}
