/*
 * answer -- what the server sends, encoded from the parts of a statement (RFC 4511).
 */
#pragma once

#include "base/buf.h"
#include "tests/ldap-script/script.h"

enum answer_shape {
	SHAPE_RESULT,
	SHAPE_ENTRY,
	SHAPE_REFERENCE,
	SHAPE_INTERMEDIATE,
};

struct answer_kind {
	const char *name;
	ber_tag_t tag; /* 0: that of the request's result */
	enum answer_shape shape;
	const char *parts; /* the names that it takes, each after a blank */
	bool unsolicited;  /* it has the message id 0 */
};

/* All kinds, ended by one without name. */
extern const struct answer_kind answer_kinds[];

/* Appends the whole message. `tag` is that of the request's result. */
void answer_encode(const struct statement *s, ber_int_t id, ber_tag_t tag, struct buf *b);

/* A part that is a number; `otherwise` where it is not given. Their values were checked. */
long answer_number(const struct parts *parts, const char *name, long otherwise);
