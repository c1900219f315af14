#include "store/directory/access_list.h"

#include <string.h>

/* MS-DTYP 2.4.4 to 2.4.6 */
enum {
	HEADER = 20,
	DACL_AT = 16,
	DACL_PRESENT = 4,
	ACL_HEADER = 8,
	ACE_HEADER = 8,
	INHERIT_ONLY = 8,
	ALLOWED = 0,
	DENIED = 1,
	ALLOWED_OBJECT = 5,
	DENIED_OBJECT = 6,
	KIND_PRESENT = 1,
	INHERITED_KIND_PRESENT = 2
};
#define GENERIC_ALL  0x10000000u
#define GENERIC_READ 0x80000000u
#define READ_MAPPED  0x00020094u

struct question {
	const struct value *sids;
	size_t n_sids;
	const struct guid *kinds;
	size_t n_kinds;
	uint32_t left; /* rights that nothing settled yet */
};

static uint32_t get(const char *p, int n) {
	uint32_t x = 0;

	for (int i = n; i-- > 0;)
		x = x << 8 | (uint8_t)p[i];
	return x;
}

static bool is_one_of_us(const struct question *q, const char *sid, size_t len) {
	for (size_t i = 0; i < q->n_sids; i++)
		if (q->sids[i].len <= len && memcmp(q->sids[i].data, sid, q->sids[i].len) == 0 &&
		    q->sids[i].len == 8 + 4 * (size_t)(uint8_t)sid[1])
			return true;
	return false;
}

static bool names_it(const struct question *q, const char *kind) {
	for (size_t i = 0; i < q->n_kinds; i++)
		if (memcmp(q->kinds[i].bytes, kind, sizeof(q->kinds[i].bytes)) == 0)
			return true;
	return false;
}

static uint32_t mapped(uint32_t mask) {
	if (mask & GENERIC_ALL)
		return UINT32_MAX;
	return mask & GENERIC_READ ? mask | READ_MAPPED : mask;
}

/* True where it denies one of the rights that are left. */
static bool takes_away(struct question *q, const char *ace, size_t size) {
	int type = ace[0];
	bool object = type == ALLOWED_OBJECT || type == DENIED_OBJECT;
	bool denies = type == DENIED || type == DENIED_OBJECT;
	size_t sid = ACE_HEADER;

	/* Other types are of auditing, or have a condition: they allow nothing for certain. */
	if ((!object && type != ALLOWED && type != DENIED) || ace[1] & INHERIT_ONLY)
		return false;
	if (object) {
		if (size < ACE_HEADER + 4)
			return false;
		uint32_t flags = get(ace + ACE_HEADER, 4);
		sid += 4 + (flags & KIND_PRESENT ? 16 : 0) +
		       (flags & INHERITED_KIND_PRESENT ? 16 : 0);
		if (size < sid)
			return false;
		if (flags & KIND_PRESENT && !names_it(q, ace + ACE_HEADER + 4))
			return false;
	}
	uint32_t rights = mapped(get(ace + 4, 4)) & q->left;
	if (size < sid + 8 || !rights || !is_one_of_us(q, ace + sid, size - sid))
		return false;
	if (!denies)
		q->left &= ~rights;
	return denies;
}

enum access_verdict access_list_ask(struct value d, const struct value *sids, size_t n_sids,
                                    uint32_t rights, const struct guid *kinds, size_t n_kinds) {
	struct question q = { sids, n_sids, kinds, n_kinds, rights };

	if (d.len < HEADER || d.data[0] != 1 || !(get(d.data + 2, 2) & DACL_PRESENT))
		return ACCESS_UNREADABLE;
	size_t at = get(d.data + DACL_AT, 4);
	if (!at)
		return ACCESS_ALLOWED; /* no list: everybody may do everything */
	if (at < HEADER || d.len < ACL_HEADER || at > d.len - ACL_HEADER)
		return ACCESS_UNREADABLE;
	const char *p = d.data + at + ACL_HEADER, *end = d.data + d.len;
	uint32_t n = get(d.data + at + 4, 2);
	for (uint32_t i = 0; i < n && q.left; i++) {
		size_t size = end - p >= 4 ? get(p + 2, 2) : 0;
		if (size < ACE_HEADER || size > (size_t)(end - p))
			return ACCESS_UNREADABLE;
		if (takes_away(&q, p, size))
			return ACCESS_DENIED;
		p += size;
	}
	return q.left ? ACCESS_DENIED : ACCESS_ALLOWED;
}
