#include "store/directory/ldap_message.h"

#include <stdio.h>
#include <string.h>

#define DOMAIN_SCOPE "1.2.840.113556.1.4.1339"
#define SD_FLAGS     "1.2.840.113556.1.4.801"
enum { PAGE = 1000 }; /* as many as Active Directory gives at a time (MaxPageSize) */

/* ---- asking --------------------------------------------------------------------------------- */

static int send_search(LDAP *ld, const struct ldap_ask *ask, int *ret_id) {
	/* SEQUENCE { INTEGER 4 }: the DACL (MS-ADTS 3.1.1.3.4.1.11) */
	static const char dacl[] = { 0x30, 0x03, 0x02, 0x01, 0x04 };
	LDAPControl *page = NULL, *controls[4] = { NULL };
	LDAPControl here = { .ldctl_oid = (char *)(size_t)DOMAIN_SCOPE };
	LDAPControl flags = { .ldctl_oid = (char *)(size_t)SD_FLAGS,
		              .ldctl_value = { sizeof(dacl), (char *)(size_t)dacl } };
	size_t n = 0;
	struct berval cookie = { ask->cookie.len, (char *)(size_t)ask->cookie.data };
	int code = LDAP_SUCCESS;

	/* Not critical: a server that gives all at once is welcome to. */
	if (ask->paged)
		code = ldap_create_page_control(ld, PAGE, ask->cookie.len ? &cookie : NULL, 0,
		                                &page);
	if (page)
		controls[n++] = page;
	if (ask->here)
		controls[n++] = &here;
	if (ask->access_list)
		controls[n++] = &flags;
	if (code == LDAP_SUCCESS)
		code = ldap_search_ext(ld, ask->dn, ask->scope, ask->filter,
		                       (char **)(size_t)ask->names, 0, controls, NULL, NULL, 0,
		                       ret_id);
	if (page)
		ldap_control_free(page);
	return code;
}

int ldap_message_send(LDAP *ld, const struct ldap_ask *ask, int *ret_id) {
	if (ask->mods)
		return ldap_modify_ext(ld, ask->dn, ask->mods, NULL, NULL, ret_id);
	if (ask->whoami)
		return ldap_whoami(ld, NULL, NULL, ret_id);
	return send_search(ld, ask, ret_id);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void take_values(struct arena *a, struct ldap_found *found, size_t *cap,
                        const struct berval *name, const struct berval *values) {
	const char *text = arena_copy(a, name->bv_val, name->bv_len);

	for (size_t i = 0; values && values[i].bv_val; i++) {
		struct ldap_line line = { text,
			                  { arena_copy(a, values[i].bv_val, values[i].bv_len),
			                    values[i].bv_len } };
		found->lines = arena_grow(a, found->lines, found->n, cap, sizeof(line));
		found->lines[found->n++] = line;
	}
}

/* False where it cannot be decoded: then nothing of the answer counts. */
static bool take_entry(LDAP *ld, LDAPMessage *message, struct ldap_ask *answer) {
	struct arena *a = answer->arena;
	struct ldap_found found = { 0 };
	struct berval dn, name, *values;
	BerElement *ber;
	size_t cap = 0;
	int code = ldap_get_dn_ber(ld, message, &ber, &dn);

	if (code != LDAP_SUCCESS)
		return false;
	found.dn = arena_copy(a, dn.bv_val, dn.bv_len);
	while ((code = ldap_get_attribute_ber(ld, message, ber, &name, &values)) == LDAP_SUCCESS &&
	       name.bv_val) {
		take_values(a, &found, &cap, &name, values);
		ber_memfree(values);
	}
	ber_free(ber, 0);
	ARENA_PUSH(a, &answer->found, found);
	return code == LDAP_SUCCESS;
}

/* The cookie of the next page; none where this was the last, or the server gives no pages. */
static void take_cookie(LDAP *ld, LDAPControl **controls, struct ldap_ask *answer) {
	LDAPControl *page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	struct berval cookie = { 0 };
	ber_int_t estimate;

	if (!page || ldap_parse_pageresponse_control(ld, page, &estimate, &cookie) != LDAP_SUCCESS)
		return;
	if (cookie.bv_len)
		answer->next_cookie =
		        (struct value){ arena_copy(answer->arena, cookie.bv_val, cookie.bv_len),
			                cookie.bv_len };
	ber_memfree(cookie.bv_val);
}

static void take_result(LDAP *ld, LDAPMessage *message, struct ldap_ask *answer) {
	LDAPControl **controls = NULL;
	char *text = NULL, **referrals = NULL;
	int code = answer->code;
	int parsed = ldap_parse_result(ld, message, &answer->code, NULL, &text, &referrals,
	                               &controls, 0);

	if (parsed != LDAP_SUCCESS)
		answer->code = parsed;
	else if (code != LDAP_SUCCESS)
		answer->code = code; /* an entry that could not be decoded */
	answer->text = arena_strdup(answer->arena, text ? text : "");
	answer->referred |= referrals != NULL;
	take_cookie(ld, controls, answer);
	ldap_controls_free(controls);
	ldap_memvfree((void **)referrals);
	ldap_memfree(text);
}

/* An extended answer's own part: an authzId (RFC 4513, 5.2.1.8), empty for nobody. */
static void take_who(LDAP *ld, LDAPMessage *message, struct ldap_ask *answer) {
	struct berval *who = NULL;

	if (answer->code == LDAP_SUCCESS &&
	    ldap_parse_extended_result(ld, message, NULL, &who, 0) == LDAP_SUCCESS)
		answer->who = who ? arena_copy(answer->arena, who->bv_val, who->bv_len) : "";
	ber_bvfree(who);
}

int ldap_message_last(const struct ldap_ask *ask) {
	return ask->mods     ? LDAP_RES_MODIFY
	       : ask->whoami ? LDAP_RES_EXTENDED
	                     : LDAP_RES_SEARCH_RESULT;
}

bool ldap_message_answers(LDAPMessage *message, int last) {
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
	case LDAP_RES_SEARCH_REFERENCE:
		return last == LDAP_RES_SEARCH_RESULT;
	default:
		return ldap_msgtype(message) == last ||
		       ldap_msgtype(message) == LDAP_RES_INTERMEDIATE;
	}
}

bool ldap_message_take(LDAP *ld, LDAPMessage *message, struct ldap_ask *answer) {
	switch (ldap_msgtype(message)) {
	case LDAP_RES_SEARCH_ENTRY:
		if (!take_entry(ld, message, answer))
			answer->code = LDAP_DECODING_ERROR;
		return false;
	case LDAP_RES_SEARCH_REFERENCE:
		answer->referred = true;
		return false;
	case LDAP_RES_INTERMEDIATE:
		return false;
	default:
		take_result(ld, message, answer);
		if (ldap_msgtype(message) == LDAP_RES_EXTENDED)
			take_who(ld, message, answer);
		return true;
	}
}

bool ldap_message_notice(LDAP *ld, LDAPMessage *message, char *ret, size_t size) {
	char *text = NULL, *oid = NULL;
	int code = LDAP_OTHER;

	(void)ldap_parse_extended_result(ld, message, &oid, NULL, 0);
	bool goodbye = !oid || strcmp(oid, LDAP_NOTICE_OF_DISCONNECTION) == 0;
	ldap_memfree(oid);
	if (!goodbye)
		return false;
	(void)ldap_parse_result(ld, message, &code, NULL, &text, NULL, NULL, 0);
	snprintf(ret, size, "ended the connection: %s%s%s", ldap_err2string(code),
	         text && *text ? ": " : "", text ? text : "");
	ldap_memfree(text);
	return true;
}
