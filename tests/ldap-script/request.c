#include "tests/ldap-script/request.h"

#include <ldap.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tests/ldap-script/filter.h"

#define CONTROLS " control page cookie"

const struct request_kind request_kinds[] = {
	{ "bind", LDAP_REQ_BIND, LDAP_RES_BIND,
	  " version dn password mechanism credentials" CONTROLS, false },
	{ "search", LDAP_REQ_SEARCH, LDAP_RES_SEARCH_RESULT,
	  " base scope deref sizelimit timelimit typesonly filter attrs" CONTROLS, false },
	{ "modify", LDAP_REQ_MODIFY, LDAP_RES_MODIFY, " dn" CONTROLS, true },
	{ "abandon", LDAP_REQ_ABANDON, 0, " of" CONTROLS, false },
	{ "unbind", LDAP_REQ_UNBIND, 0, CONTROLS, false },
	{ "extended", LDAP_REQ_EXTENDED, LDAP_RES_EXTENDED, " oid value" CONTROLS, false },
	{ "add", LDAP_REQ_ADD, LDAP_RES_ADD, CONTROLS, false },
	{ "delete", LDAP_REQ_DELETE, LDAP_RES_DELETE, CONTROLS, false },
	{ "rename", LDAP_REQ_MODDN, LDAP_RES_MODDN, CONTROLS, false },
	{ "compare", LDAP_REQ_COMPARE, LDAP_RES_COMPARE, CONTROLS, false },
	{ 0 },
};
const struct request_kind request_any = { "any", 0, 0, CONTROLS, false };
const struct request_kind request_close = { "close", 0, 0, "", false };

static const char *const scopes[] = { "base", "one", "sub", "children" };
static const char *const changes[] = { "add:", "delete:", "replace:", "increment:" };

bool request_is_change(const char *name) {
	for (size_t i = 0; name && i < sizeof(changes) / sizeof(*changes); i++)
		if (strncmp(name, changes[i], strlen(changes[i])) == 0)
			return true;
	return false;
}

long request_length(const char *data, size_t len) {
	const unsigned char *p = (const unsigned char *)data;

	if (len > 0 && p[0] != LBER_SEQUENCE)
		return -1;
	if (len < 2)
		return 0;
	if (p[1] < 0x80)
		return p[1] + 2;
	size_t n = p[1] & 0x7f;
	if (n == 0 || n > 4)
		return -1;
	if (len < 2 + n)
		return 0;
	unsigned long content = 0;
	for (size_t i = 0; i < n; i++)
		content = content << 8 | p[2 + i];
	return content > 64UL << 20 ? -1 : (long)(content + 2 + n);
}

static struct part *put(struct arena *a, struct request *r, const char *name,
                        const struct berval *value) {
	struct part p = { .name = name };

	p.value.bv_len = value->bv_len;
	p.value.bv_val = arena_copy(a, value->bv_len ? value->bv_val : "", value->bv_len);
	ARENA_PUSH(a, &r->parts, p);
	return &r->parts.v[r->parts.n - 1];
}

static struct part *put_text(struct arena *a, struct request *r, const char *name,
                             const char *text) {
	return put(a, r, name, &(struct berval){ .bv_val = (char *)text, .bv_len = strlen(text) });
}

static void put_number(struct arena *a, struct request *r, const char *name, long n, long usual) {
	put_text(a, r, name, arena_printf(a, "%ld", n))->usual = n == usual;
}

static bool decode_bind(struct arena *a, BerElement *ber, struct request *r) {
	struct berval dn, value;
	ber_int_t version;
	ber_len_t len;

	if (ber_scanf(ber, "im", &version, &dn) == LBER_ERROR)
		return false;
	put_number(a, r, "version", version, 3);
	put(a, r, "dn", &dn);
	if (ber_peek_tag(ber, &len) == LDAP_AUTH_SIMPLE) {
		if (ber_scanf(ber, "m", &value) == LBER_ERROR)
			return false;
		put(a, r, "password", &value);
		return true;
	}
	if (ber_scanf(ber, "{m", &value) == LBER_ERROR)
		return false;
	put(a, r, "mechanism", &value);
	if (ber_peek_tag(ber, &len) == LBER_OCTETSTRING) {
		if (ber_scanf(ber, "m", &value) == LBER_ERROR)
			return false;
		put(a, r, "credentials", &value);
	}
	return true;
}

static bool decode_attrs(struct arena *a, BerElement *ber, struct request *r) {
	struct buf attrs = { 0 };
	struct berval name;
	ber_len_t len;
	char *end;
	bool well = true;

	for (ber_tag_t tag = ber_first_element(ber, &len, &end); well && tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end)) {
		well = ber_scanf(ber, "m", &name) != LBER_ERROR;
		if (!well)
			break;
		buf_puts(&attrs, attrs.len ? "," : "");
		buf_add(&attrs, name.bv_val, name.bv_len);
	}
	put_text(a, r, "attrs", attrs.len ? attrs.data : "")->usual = attrs.len == 0;
	buf_done(&attrs);
	return well;
}

static bool decode_search(struct arena *a, BerElement *ber, struct request *r) {
	struct berval base;
	ber_int_t scope, deref, size, time, types;
	struct buf filter = { 0 };

	if (ber_scanf(ber, "meeiib", &base, &scope, &deref, &size, &time, &types) == LBER_ERROR ||
	    scope < 0 || scope > 3)
		return false;
	put(a, r, "base", &base);
	put_text(a, r, "scope", scopes[scope]);
	put_number(a, r, "deref", deref, 0);
	put_number(a, r, "sizelimit", size, 0);
	put_number(a, r, "timelimit", time, 0);
	put_number(a, r, "typesonly", types != 0, 0);
	bool well = filter_decode(ber, &filter);
	if (well)
		put_text(a, r, "filter", filter.data);
	buf_done(&filter);
	return well && decode_attrs(a, ber, r);
}

static bool decode_change(struct arena *a, BerElement *ber, struct request *r) {
	ber_int_t op;
	struct berval name, value;
	ber_len_t len;
	char *end;
	bool any = false;

	if (ber_scanf(ber, "{e{m", &op, &name) == LBER_ERROR || op < 0 || op > 3)
		return false;
	const char *what = arena_printf(a, "%s%.*s", changes[op], (int)name.bv_len, name.bv_val);
	for (ber_tag_t tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end)) {
		if (ber_scanf(ber, "m", &value) == LBER_ERROR)
			return false;
		put(a, r, what, &value);
		any = true;
	}
	if (!any)
		put_text(a, r, what, "")->valueless = true;
	return true;
}

static bool decode_modify(struct arena *a, BerElement *ber, struct request *r) {
	struct berval dn;
	ber_len_t len;
	char *end;

	if (ber_scanf(ber, "m", &dn) == LBER_ERROR)
		return false;
	put(a, r, "dn", &dn);
	for (ber_tag_t tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end))
		if (!decode_change(a, ber, r))
			return false;
	return true;
}

static bool decode_extended(struct arena *a, BerElement *ber, struct request *r) {
	struct berval value;
	ber_len_t len;

	if (ber_scanf(ber, "m", &value) == LBER_ERROR)
		return false;
	put(a, r, "oid", &value);
	if (ber_peek_tag(ber, &len) == LDAP_TAG_EXOP_REQ_VALUE) {
		if (ber_scanf(ber, "m", &value) == LBER_ERROR)
			return false;
		put(a, r, "value", &value);
	}
	return true;
}

static bool decode_abandon(struct arena *a, const struct berval *content, struct request *r) {
	ber_int_t of;

	if (ber_decode_int(content, &of) != 0)
		return false;
	put_text(a, r, "of", arena_printf(a, "%d", of));
	return true;
}

static bool decode_page(struct arena *a, const struct berval *value, struct request *r) {
	BerElement *ber = ber_init((struct berval *)value);
	ber_int_t size;
	struct berval cookie;
	bool well = ber && ber_scanf(ber, "{im}", &size, &cookie) != LBER_ERROR;

	if (well) {
		put_number(a, r, "page", size, -1);
		put(a, r, "cookie", &cookie);
	}
	ber_free(ber, 1);
	return well;
}

static bool decode_controls(struct arena *a, BerElement *ber, struct request *r) {
	struct berval oid, value = { 0 };
	ber_len_t len;
	char *end;

	for (ber_tag_t tag = ber_first_element(ber, &len, &end); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, end)) {
		ber_int_t critical = 0;
		if (ber_scanf(ber, "{m", &oid) == LBER_ERROR ||
		    (ber_peek_tag(ber, &len) == LBER_BOOLEAN &&
		     ber_scanf(ber, "b", &critical) == LBER_ERROR) ||
		    (ber_peek_tag(ber, &len) == LBER_OCTETSTRING &&
		     ber_scanf(ber, "m", &value) == LBER_ERROR))
			return false;
		const char *name =
		        arena_printf(a, "%.*s%s", (int)oid.bv_len, oid.bv_val, critical ? "!" : "");
		if (strncmp(name, LDAP_CONTROL_PAGEDRESULTS, strlen(LDAP_CONTROL_PAGEDRESULTS)) !=
		    0)
			put_text(a, r, "control", name);
		else if (!decode_page(a, &value, r))
			return false;
	}
	return true;
}

static bool decode_content(struct arena *a, ber_tag_t tag, struct berval *content,
                           struct request *r) {
	if (tag == LDAP_REQ_ABANDON)
		return decode_abandon(a, content, r);
	BerElement *ber = ber_init(content);
	if (!ber)
		return false;
	bool well = tag == LDAP_REQ_BIND       ? decode_bind(a, ber, r)
	            : tag == LDAP_REQ_SEARCH   ? decode_search(a, ber, r)
	            : tag == LDAP_REQ_MODIFY   ? decode_modify(a, ber, r)
	            : tag == LDAP_REQ_EXTENDED ? decode_extended(a, ber, r)
	                                       : true;
	ber_free(ber, 1);
	return well;
}

static const struct request_kind *kind_of(ber_tag_t tag) {
	const struct request_kind *k = request_kinds;

	while (k->name && k->tag != tag)
		k++;
	return k->name ? k : NULL;
}

bool request_decode(struct arena *a, const struct berval *message, struct request *ret,
                    const char **ret_why) {
	struct berval content = { 0 };
	ber_len_t len;
	BerElement *ber = ber_init((struct berval *)message);

	*ret = (struct request){ 0 };
	*ret_why = "it has no message id";
	if (!ber || ber_scanf(ber, "{i", &ret->id) == LBER_ERROR) {
		ber_free(ber, 1);
		return false;
	}
	ber_tag_t tag = ber_skip_element(ber, &content);
	ret->kind = kind_of(tag);
	bool well = ret->kind != NULL;
	if (tag == LBER_ERROR)
		*ret_why = "it is broken";
	else if (!well)
		*ret_why = arena_printf(a, "its tag, 0x%02lx, is no request's", tag);
	else if (!(well = decode_content(a, tag, &content, ret)))
		*ret_why = arena_printf(a, "it is a broken %s", ret->kind->name);
	if (well && ber_peek_tag(ber, &len) == LDAP_TAG_CONTROLS) {
		well = decode_controls(a, ber, ret);
		*ret_why = "its controls are broken";
	}
	ber_free(ber, 1);
	return well;
}
