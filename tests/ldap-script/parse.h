/*
 * parse -- words as statements. What each takes is in tables; blocks are read.c's matter.
 */
#pragma once

#include "tests/ldap-script/lex.h"

/* How many people may wait for a script to end: numbers above are slips of the pen. */
enum { NUMBER_MAX = 1000000000 };

/* The statement that these words are, or NULL; mistakes were told. */
struct statement *parse_statement(struct lexer *x, const struct words *words);

/* `name=value`, `name::base64`, `name~pattern` or a bare word. */
bool parse_part(struct lexer *x, const struct word *w, bool patterns, struct part *ret);
