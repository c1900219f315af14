/*
 * text -- comparing names as directories do, and helping people who mistyped one.
 *
 * Names of mailboxes, users and policies ignore case in every script: they are
 * compared folded (Unicode full case folding, then NFC; libunistring). Knows
 * nothing of what the names stand for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* Valid UTF-8 without NUL? If not, *ret_at is the offset of the first bad byte. */
bool text_utf8(const char *s, size_t len, size_t *ret_at);

/* What two texts that differ in case alone have in common. Bytes that are not UTF-8 stay. */
char *text_fold(struct arena *a, const char *s);
char *text_fold_bytes(struct arena *a, const char *s, size_t len);
/* "a" or "an", as the word sounds: an equipment mailbox, a user mailbox. */
const char *text_article(const char *word);
bool text_same(const char *a, const char *b); /* equal when folded; NULL equals only NULL */

/* Canonical decomposition (NFD): a letter and its accents apart. */
char *text_decompose(struct arena *a, const char *s);

/* The columns that a terminal needs for it. */
size_t text_width(const char *s);

/*
 * The word of a NULL-ended list that was most likely meant by `word` (ignoring
 * case, at most a third of its letters wrong; or the only one that goes on
 * where the other ends), or NULL.
 */
const char *text_nearest(const char *word, const char *const *words);

/* Bytes as base64 (RFC 4648, section 4), and back: NULL where the text is none. */
char *text_base64(struct arena *a, const void *data, size_t len);
char *text_unbase64(struct arena *a, const char *s, size_t len, size_t *ret_len);
