/*
 * alias -- the rules of an Exchange alias (mailNickname), as the cmdlet's description gives them:
 * at most 64 characters; letters, digits, ! # $ % & ' * + - / = ? ^ _ ` { | } ~ and U+00A1 to
 * U+00FF; a period only between two other characters.
 */
#pragma once

#include "base/arena.h"

/*
 * NULL where `alias` (UTF-8) is one; else what is wrong, as the end of a sentence that begins
 * with `alias "help..desk"`: `has a period that is not between two other characters`.
 */
const char *alias_fault(struct arena *a, const char *alias);

/*
 * The alias for a recipient that is given none: spaces dropped, every other character outside
 * the set made a question mark. What comes out may still have a fault (length, periods).
 */
char *alias_derive(struct arena *a, const char *text);

/* Best fit to US-ASCII of one text for the left side of an address; may be empty. */
char *alias_best_fit(struct arena *a, const char *text);
