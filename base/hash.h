/*
 * hash -- uthash for all rooms: the process ends where memory does, and a hash function that takes
 * eight bytes at a time. Tables keep the order of insertion, whatever it is.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline unsigned hash_bytes(const void *data, size_t len) {
	const unsigned char *p = data;
	uint64_t hash = len, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	word = 0;
	memcpy(&word, p, len);
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return (unsigned)(hash ^ hash >> 32);
}

#define uthash_fatal(message)        abort()
#define HASH_FUNCTION(key, len, ret) (ret) = hash_bytes(key, len)
#include <uthash.h>
