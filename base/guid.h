/*
 * guid -- the 16 bytes by which directories and mailbox databases know things.
 *
 * Kept as Active Directory keeps them: the first three groups of the text are
 * little-endian (MS-DTYP 2.3.4.2). All zero bytes mean "none".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guid {
	uint8_t bytes[16];
};

enum { GUID_TEXT = 37 };

/* Takes 8-4-4-4-12 hexadecimal digits in any case, with or without braces; nothing around it. */
bool guid_parse(const char *text, struct guid *ret);
/* Lower case, no braces. Returns `text`. */
char *guid_text(struct guid g, char text[static GUID_TEXT]);
bool guid_from_bytes(const void *data, size_t len, struct guid *ret); /* exactly 16 bytes */
bool guid_equal(struct guid a, struct guid b);
bool guid_none(struct guid g);
