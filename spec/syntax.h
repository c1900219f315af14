/*
 * syntax -- libyaml's words for what it could not read, said for people who write manifests.
 */
#pragma once

#include <yaml.h>

#include "spec/source.h"

/*
 * Tells why the parser gave up. `lines`: how many lines of the file stand before its input.
 * Returns the line of the file at which it gave up.
 */
int syntax_problem(const yaml_parser_t *p, struct source *s, struct diags *diags, int lines);
