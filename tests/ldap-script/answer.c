#include "tests/ldap-script/answer.h"

#include <assert.h>
#include <ldap.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS " to id length"
#define RESULT " code matched message referral control page cookie" ALWAYS

const struct answer_kind answer_kinds[] = {
	{ "result", 0, SHAPE_RESULT, RESULT, false },
	{ "bind", LDAP_RES_BIND, SHAPE_RESULT, " credentials" RESULT, false },
	{ "done", LDAP_RES_SEARCH_RESULT, SHAPE_RESULT, RESULT, false },
	{ "modify", LDAP_RES_MODIFY, SHAPE_RESULT, RESULT, false },
	{ "add", LDAP_RES_ADD, SHAPE_RESULT, RESULT, false },
	{ "delete", LDAP_RES_DELETE, SHAPE_RESULT, RESULT, false },
	{ "rename", LDAP_RES_MODDN, SHAPE_RESULT, RESULT, false },
	{ "compare", LDAP_RES_COMPARE, SHAPE_RESULT, RESULT, false },
	{ "extended", LDAP_RES_EXTENDED, SHAPE_RESULT, " oid value" RESULT, false },
	{ "notice", LDAP_RES_EXTENDED, SHAPE_RESULT, " oid value" RESULT, true },
	{ "entry", LDAP_RES_SEARCH_ENTRY, SHAPE_ENTRY, " dn control" ALWAYS, false },
	{ "reference", LDAP_RES_SEARCH_REFERENCE, SHAPE_REFERENCE, " url control" ALWAYS, false },
	{ "intermediate", LDAP_RES_INTERMEDIATE, SHAPE_INTERMEDIATE, " oid value control" ALWAYS,
	  false },
	{ 0 },
};

const struct part *part_find(const struct parts *parts, const char *name) {
	for (size_t i = 0; i < parts->n; i++)
		if (parts->v[i].name && strcmp(parts->v[i].name, name) == 0)
			return &parts->v[i];
	return NULL;
}

long answer_number(const struct parts *parts, const char *name, long otherwise) {
	const struct part *p = part_find(parts, name);

	return p ? strtol(p->value.bv_val, NULL, 10) : otherwise;
}

/* Memory alone can make an encoder fail. */
static void must(int rc) {
	assert(rc != -1);
}

static void put_octets(BerElement *ber, ber_tag_t tag, const struct part *p) {
	must(ber_put_ostring(ber, p ? p->value.bv_val : "", p ? p->value.bv_len : 0, tag));
}

/* Every part of the name, in turn. */
static void put_all(BerElement *ber, const struct parts *parts, const char *name) {
	for (size_t i = 0; i < parts->n; i++)
		if (parts->v[i].name && strcmp(parts->v[i].name, name) == 0)
			put_octets(ber, LBER_OCTETSTRING, &parts->v[i]);
}

static void put_result(BerElement *ber, const struct statement *s) {
	const struct parts *p = &s->parts;
	bool notice = s->answer->unsolicited;
	const struct part *oid = part_find(p, "oid");

	must(ber_printf(ber, "e", (ber_int_t)answer_number(p, "code", notice ? 52 : 0)));
	put_octets(ber, LBER_OCTETSTRING, part_find(p, "matched"));
	put_octets(ber, LBER_OCTETSTRING, part_find(p, "message"));
	if (part_find(p, "referral")) {
		must(ber_printf(ber, "t{", (ber_tag_t)LDAP_TAG_REFERRAL));
		put_all(ber, p, "referral");
		must(ber_printf(ber, "}"));
	}
	if (part_find(p, "credentials"))
		put_octets(ber, LDAP_TAG_SASL_RES_CREDS, part_find(p, "credentials"));
	if (oid)
		put_octets(ber, LDAP_TAG_EXOP_RES_OID, oid);
	else if (notice)
		must(ber_printf(ber, "ts", (ber_tag_t)LDAP_TAG_EXOP_RES_OID,
		                LDAP_NOTICE_OF_DISCONNECTION));
	if (part_find(p, "value"))
		put_octets(ber, LDAP_TAG_EXOP_RES_VALUE, part_find(p, "value"));
}

/* Parts of one name that follow each other are the values of one attribute. */
static void put_entry(BerElement *ber, const struct statement *s) {
	const struct parts *all = &s->attributes;

	put_octets(ber, LBER_OCTETSTRING, part_find(&s->parts, "dn"));
	must(ber_printf(ber, "{"));
	for (size_t i = 0; i < all->n;) {
		const char *name = all->v[i].name;
		must(ber_printf(ber, "{s[", name));
		for (; i < all->n && strcmp(all->v[i].name, name) == 0; i++)
			if (!all->v[i].valueless)
				put_octets(ber, LBER_OCTETSTRING, &all->v[i]);
		must(ber_printf(ber, "]}"));
	}
	must(ber_printf(ber, "}"));
}

static void put_intermediate(BerElement *ber, const struct parts *parts) {
	if (part_find(parts, "oid"))
		put_octets(ber, LDAP_TAG_IM_RES_OID, part_find(parts, "oid"));
	if (part_find(parts, "value"))
		put_octets(ber, LDAP_TAG_IM_RES_VALUE, part_find(parts, "value"));
}

static void put_page(BerElement *ber, const struct parts *parts) {
	BerElement *inner = ber_alloc_t(LBER_USE_DER);
	struct berval value;

	must(ber_printf(inner, "{i", (ber_int_t)answer_number(parts, "page", 0)));
	put_octets(inner, LBER_OCTETSTRING, part_find(parts, "cookie"));
	must(ber_printf(inner, "}"));
	must(ber_flatten2(inner, &value, 0));
	must(ber_printf(ber, "{sO}", LDAP_CONTROL_PAGEDRESULTS, &value));
	ber_free(inner, 1);
}

static void put_controls(BerElement *ber, const struct parts *parts) {
	bool paged = part_find(parts, "page") || part_find(parts, "cookie");

	if (!paged && !part_find(parts, "control"))
		return;
	must(ber_printf(ber, "t{", (ber_tag_t)LDAP_TAG_CONTROLS));
	if (paged)
		put_page(ber, parts);
	for (size_t i = 0; i < parts->n; i++) {
		if (strcmp(parts->v[i].name, "control") != 0)
			continue;
		must(ber_printf(ber, "{"));
		put_octets(ber, LBER_OCTETSTRING, &parts->v[i]);
		must(ber_printf(ber, "}"));
	}
	must(ber_printf(ber, "}"));
}

/* Where the statement gives the length of the message, that stands in its head. */
static void put_lying(struct buf *b, const struct berval *message, unsigned long length) {
	const unsigned char *p = (const unsigned char *)message->bv_val;
	size_t head = p[1] < 0x80 ? 2 : 2 + (p[1] & 0x7fU);

	buf_add(b, "\x30\x84", 2);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_putc(b, (char)(length >> shift & 0xff));
	buf_add(b, message->bv_val + head, message->bv_len - head);
}

void answer_encode(const struct statement *s, ber_int_t id, ber_tag_t tag, struct buf *b) {
	BerElement *ber = ber_alloc_t(LBER_USE_DER);
	const struct part *length = part_find(&s->parts, "length");
	struct berval message;

	must(ber_printf(ber, "{it{", id, s->answer->tag ? s->answer->tag : tag));
	switch (s->answer->shape) {
	case SHAPE_RESULT:
		put_result(ber, s);
		break;
	case SHAPE_ENTRY:
		put_entry(ber, s);
		break;
	case SHAPE_REFERENCE:
		put_all(ber, &s->parts, "url");
		break;
	case SHAPE_INTERMEDIATE:
		put_intermediate(ber, &s->parts);
		break;
	}
	must(ber_printf(ber, "}"));
	put_controls(ber, &s->parts);
	must(ber_printf(ber, "}"));
	must(ber_flatten2(ber, &message, 0));
	if (length)
		put_lying(b, &message, strtoul(length->value.bv_val, NULL, 10));
	else
		buf_add(b, message.bv_val, message.bv_len);
	ber_free(ber, 1);
}
