/*
 * scalars -- one decoder for each kind of field that is not a mapping.
 *
 * What is wrong is told, and leaves the field as it was.
 */
#pragma once

#include "spec/decode.h"

/* `n` is the field's value, `base` the struct that the field stands in. */
typedef void scalar_decoder(struct decoder *d, const struct field *f, const struct node *n,
                            void *base);
scalar_decoder scalar_text, scalar_texts, scalar_boolean, scalar_switch, scalar_choice,
        scalar_choices, scalar_policy, scalar_suspension, scalar_integer, scalar_duration,
        scalar_percent;

/* The text, kept; NULL where it is none, which is told. */
const char *scalar_kept(struct decoder *d, const struct field *f, const struct node *n);

/* Is it a list (and, where the field says so, not an empty one)? If not, that is told. */
bool scalar_is_list(struct decoder *d, const struct field *f, const struct node *n);
