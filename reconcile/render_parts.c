#include "reconcile/render_parts.h"

#include <string.h>
#include <unistr.h>

/* Line ends of any reader, other control characters, and those that turn the direction. */
static bool moves_lines(ucs4_t c) {
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

const char *render_line(struct arena *a, const char *text) {
	struct buf out = { 0 };

	for (size_t left = strlen(text); left;) {
		ucs4_t c;
		int n = u8_mbtoucr(&c, (const uint8_t *)text, left);
		if (n < 1) {
			buf_printf(&out, "\\x%02x", (unsigned)(unsigned char)*text);
			n = 1;
		} else if (moves_lines(c))
			buf_printf(&out, "\\u%04x", (unsigned)c);
		else
			buf_add(&out, text, (size_t)n);
		text += n;
		left -= (size_t)n;
	}
	const char *copy = arena_copy(a, out.len ? out.data : "", out.len);
	buf_done(&out);
	return copy;
}

const char *render_place(struct arena *a, const struct item *item) {
	const struct place *at = &item->connection->at;

	if (!at->line)
		return render_line(a, at->file);
	return render_line(a, arena_printf(a, "%s:%d", at->file, at->line));
}

const struct change *render_change_of(const struct item *item, enum attribute id) {
	for (size_t i = 0; i < item->changes.n; i++)
		if (!item->changes.v[i].store && item->changes.v[i].id == id)
			return item->changes.v + i;
	return NULL;
}

const struct value *render_missing(struct arena *a, enum attribute id, const struct value *list,
                                   size_t n, const struct value *other, size_t m, size_t *ret_n) {
	struct value *missing = ARENA_ARRAY(a, struct value, n + 1);

	*ret_n = 0;
	for (size_t i = 0; i < n; i++) {
		bool there = false;
		for (size_t k = 0; k < m; k++)
			there |= value_equal(id, list[i], other[k]);
		if (!there)
			missing[(*ret_n)++] = list[i];
	}
	return missing;
}

const struct item **render_order(struct arena *a, const struct plan *p) {
	const struct item **list = ARENA_ARRAY(a, const struct item *, p->n + 1);
	size_t n = 0;

	for (int late = 0; late < 2; late++)
		for (size_t i = 0; i < p->n; i++)
			if (p->items[i].after_partner == (late == 1))
				list[n++] = p->items + i;
	return list;
}

/* Why a person has to agree: the hold's own warning. */
static const char *message_of(const struct item *item, const char *code) {
	for (size_t i = 0; i < item->warnings.n; i++)
		if (strcmp(item->warnings.v[i].code, code) == 0)
			return item->warnings.v[i].message;
	return "";
}

bool render_tells_server(const struct item *item) {
	const char *connected = mailbox_state_names[MAILBOX_CONNECTED];

	for (size_t i = 0; i < item->changes.n; i++)
		if (item->changes.v[i].store)
			return strcmp(item->changes.v[i].after->data, connected) == 0;
	return item->action == ACTION_CONNECT;
}

bool render_is_held(const struct item *item, const char *code) {
	for (size_t i = 0; i < item->holds.n; i++)
		if (strcmp(item->holds.v[i], code) == 0)
			return true;
	return false;
}

static const struct item *held_partner(const struct beside *partners, const struct item *item) {
	const struct item *partner = NULL;

	if (partners && item->after_partner && item_writes(item))
		partner = beside_user(partners, item->user->identity);
	return partner && partner->holds.n ? partner : NULL;
}

const char *render_waits(struct arena *a, const struct beside *partners, const struct item *item) {
	const struct item *partner = held_partner(partners, item);

	return partner ? arena_printf(a,
	                              "it builds on \"%s\", which is held; it is not attempted "
	                              "unless that one is applied",
	                              partner->connection->name)
	               : NULL;
}

const char *const *render_held(struct arena *a, const struct beside *partners,
                               const struct item *item) {
	const char **lines = ARENA_ARRAY(a, const char *, item->holds.n + 2);
	size_t n = 0;

	for (size_t i = 0; i < item->holds.n; i++)
		lines[n++] = arena_printf(a, "held: %s: %s", item->holds.v[i],
		                          message_of(item, item->holds.v[i]));
	if (!n && held_partner(partners, item))
		lines[n++] = "held: what it builds on is held";
	return n ? lines : NULL;
}

bool render_warns(const struct item *item, const char *code) {
	for (size_t i = 0; i < item->warnings.n; i++)
		if (strcmp(item->warnings.v[i].code, code) == 0)
			return true;
	return false;
}

enum render_group render_group_of(const struct item *item) {
	if (render_warns(item, "intent-open"))
		return RENDER_OPEN;
	if (item_writes(item))
		return item->holds.n ? RENDER_HELD : RENDER_CHANGES;
	if (item->action != ACTION_NONE || render_warns(item, "left-alone"))
		return RENDER_TROUBLE;
	return RENDER_SYNC;
}
