/*
 * hash -- uthash for all rooms: the process ends where memory does, and a hash function whose
 * macro does not fall through a switch, which clang warns of.
 */
#pragma once

#include <stdlib.h>

#define uthash_fatal(message)        abort()
#define HASH_FUNCTION(key, len, ret) HASH_OAT(key, len, ret)
#include <uthash.h>
