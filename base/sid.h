/*
 * sid -- security identifiers (MS-DTYP 2.4.2) in their binary form and as S-1-... text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* NT AUTHORITY\SELF, S-1-5-10: the master account of a mailbox that has no person of its own. */
#define SID_SELF "\x01\x01\x00\x00\x00\x00\x00\x05\x0a\x00\x00\x00"
enum { SID_SELF_LEN = 12 };

/* The text of a binary SID, or NULL where the bytes are none. */
char *sid_text(struct arena *a, const void *data, size_t len);

/* The binary form of `S-1-...`, its length in *ret_len; NULL where the text is none. */
char *sid_parse(struct arena *a, const char *text, size_t *ret_len);
