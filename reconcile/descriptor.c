#include "reconcile/descriptor.h"

#include <string.h>

#include "base/buf.h"
#include "base/sid.h"

enum {
	HEADER = 20,     /* revision, sbz, control, four offsets */
	DACL_AT = 16,    /* where the offset of the list stands */
	ACL_HEADER = 8,  /* revision, sbz, size, count, sbz */
	ACE_HEADER = 8,  /* type, flags, size, mask */
	ALLOW = 0,       /* ACCESS_ALLOWED_ACE_TYPE */
	INHERIT = 2,     /* CONTAINER_INHERIT_ACE */
	CONTROL = 0x8004 /* SE_SELF_RELATIVE, SE_DACL_PRESENT */
};

static uint32_t get(const char *p, int n) {
	uint32_t x = 0;

	for (int i = n; i-- > 0;)
		x = x << 8 | (uint8_t)p[i];
	return x;
}

static void put(struct buf *out, uint32_t x, int n) {
	for (int i = 0; i < n; i++)
		buf_putc(out, (char)(x >> (8 * i)));
}

static void put_ace(struct buf *out, struct value sid, uint32_t rights) {
	put(out, ALLOW, 1);
	put(out, INHERIT, 1);
	put(out, (uint32_t)(ACE_HEADER + sid.len), 2);
	put(out, rights, 4);
	buf_add(out, sid.data, sid.len);
}

static struct value taken(struct arena *a, struct buf *out) {
	struct value v = { arena_copy(a, out->data, out->len), out->len };

	buf_done(out);
	return v;
}

struct value descriptor_new(struct arena *a, struct value sid, uint32_t rights) {
	struct buf out = { 0 };
	uint32_t acl = HEADER + 2 * SID_SELF_LEN;

	put(&out, 1, 1);
	put(&out, 0, 1);
	put(&out, CONTROL, 2);
	put(&out, HEADER, 4);
	put(&out, HEADER + SID_SELF_LEN, 4);
	put(&out, 0, 4);
	put(&out, acl, 4);
	buf_add(&out, SID_SELF, SID_SELF_LEN);
	buf_add(&out, SID_SELF, SID_SELF_LEN);
	put(&out, 4, 2); /* ACL_REVISION_DS, as Exchange writes it */
	put(&out, (uint32_t)(ACL_HEADER + ACE_HEADER + sid.len), 2);
	put(&out, 1, 4);
	put_ace(&out, sid, rights);
	return taken(a, &out);
}

/* The size of the entry at `p`; 0: it is none. */
static size_t entry_size(const char *p, const char *end) {
	size_t size = end - p >= 4 ? get(p + 2, 2) : 0;

	return size < ACE_HEADER || size > (size_t)(end - p) ? 0 : size;
}

static bool entry_allows(const char *p, size_t size, struct value sid) {
	return p[0] == ALLOW && size == ACE_HEADER + sid.len &&
	       memcmp(p + ACE_HEADER, sid.data, sid.len) == 0;
}

/* Is it what put_ace() writes? */
static bool entry_is(const char *p, size_t size, struct value sid, uint32_t rights) {
	return entry_allows(p, size, sid) && p[1] == INHERIT && get(p + 4, 4) == rights;
}

/* The entries of a list, with those that allow `from` become one, which may be there already; how
 * many there are. */
static bool copy_entries(struct buf *out, const char *p, const char *end, uint32_t n,
                         struct value from, struct value to, uint32_t rights, uint32_t *ret_n) {
	bool changed = false;

	*ret_n = 0;
	for (uint32_t i = 0; i < n; i++) {
		size_t size = entry_size(p, end);
		if (!size)
			return false;
		bool ours = entry_allows(p, size, from) || entry_is(p, size, to, rights);
		if (ours && !changed)
			put_ace(out, to, rights);
		else if (!ours)
			buf_add(out, p, size);
		*ret_n += !ours || !changed;
		changed |= ours;
		p += size;
	}
	if (!changed) {
		put_ace(out, to, rights);
		(*ret_n)++;
	}
	return true;
}

/* Where the list stands and how long it is; false: there is none. */
static bool find_list(struct value d, size_t *ret_at, size_t *ret_size) {
	if (d.len < HEADER || d.data[0] != 1 || !(get(d.data + 2, 2) & 4))
		return false;
	size_t at = get(d.data + DACL_AT, 4);
	if (at < HEADER || d.len < ACL_HEADER || at > d.len - ACL_HEADER)
		return false;
	*ret_at = at;
	*ret_size = get(d.data + at + 2, 2);
	return *ret_size >= ACL_HEADER && *ret_size <= d.len - at;
}

bool descriptor_names(struct value d, struct value sid) {
	size_t at, list, size = 0;

	if (!find_list(d, &at, &list))
		return false;
	const char *p = d.data + at + ACL_HEADER, *end = d.data + at + list;
	for (uint32_t n = get(d.data + at + 4, 2); n > 0; n--, p += size) {
		size = entry_size(p, end);
		if (!size)
			return false;
		if (entry_allows(p, size, sid))
			return true;
	}
	return false;
}

/* The list is moved to the end, so that the other parts keep their places. */
bool descriptor_change(struct arena *a, struct value d, struct value from, struct value to,
                       uint32_t rights, struct value *ret) {
	struct buf entries = { 0 }, out = { 0 };
	uint32_t count;
	size_t at, size;

	if (!find_list(d, &at, &size))
		return false;
	if (!copy_entries(&entries, d.data + at + ACL_HEADER, d.data + at + size,
	                  get(d.data + at + 4, 2), from, to, rights, &count)) {
		buf_done(&entries);
		return false;
	}
	if (entries.len == size - ACL_HEADER &&
	    memcmp(entries.data, d.data + at + ACL_HEADER, entries.len) == 0) {
		buf_done(&entries);
		*ret = d;
		return true;
	}
	bool last = at + size == d.len;
	buf_add(&out, d.data, DACL_AT);
	put(&out, (uint32_t)(last ? at : d.len), 4);
	buf_add(&out, d.data + HEADER, (last ? at : d.len) - HEADER);
	buf_add(&out, d.data + at, 2);
	put(&out, (uint32_t)(ACL_HEADER + entries.len), 2);
	put(&out, count, 2);
	buf_add(&out, d.data + at + 6, 2);
	buf_add(&out, entries.data, entries.len);
	buf_done(&entries);
	*ret = taken(a, &out);
	return true;
}
