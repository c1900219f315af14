/*
 * fingerprint -- SHA-256 as text, of anything.
 */
#pragma once

#include <stddef.h>

/* 64 hexadecimal digits. */
void bytes_fingerprint(const void *data, size_t len, char text[static 65]);
