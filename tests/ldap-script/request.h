/*
 * request -- what a client sends, taken apart into the parts that a script writes.
 *
 * Knows LDAP's encoding (RFC 4511), not what was expected. A request is told in the language
 * of the script, so what came can be copied into one.
 */
#pragma once

#include "base/buf.h"
#include "tests/ldap-script/script.h"

struct request_kind {
	const char *name;
	ber_tag_t tag;
	ber_tag_t answer;  /* the tag of its result; 0: it has none */
	const char *parts; /* the names that may be expected, each after a blank */
	bool changes;      /* also add:, delete:, replace:, increment: */
};

/* All kinds, ended by one without name. */
extern const struct request_kind request_kinds[];
extern const struct request_kind request_any, request_close;

struct request {
	const struct request_kind *kind;
	ber_int_t id;
	struct parts parts;
};

/*
 * The length of the message that starts here, or 0 when more bytes are needed to say, or -1
 * when this is the start of no LDAP message.
 */
long request_length(const char *data, size_t len);

/* False: these bytes are no request; *ret_why then says what is wrong. */
bool request_decode(struct arena *a, const struct berval *message, struct request *ret,
                    const char **ret_why);

/* "search base=dc=x scope=sub ...". */
void request_tell(struct buf *b, const struct request *r);
/* A value as a script writes it: name=value, quoted where needed, or name::base64. */
void request_tell_part(struct arena *a, struct buf *b, const struct part *p);

/* Is it a change of a modify: add:NAME and its kin? */
bool request_is_change(const char *name);
