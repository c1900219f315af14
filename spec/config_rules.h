/*
 * config_rules -- what the fields of a config mean for each other: ways to bind that lack
 * something, and ways to encrypt that cannot work or would show a password to the network.
 */
#pragma once

#include "spec/decode.h"

void config_check_bind(struct decoder *d, const struct node *map, const void *filled);
void config_check_tls(struct decoder *d, const struct node *map, const void *filled);
void config_check_credential(struct decoder *d, const struct node *map, const void *filled);
void config_check_directory(struct decoder *d, const struct node *map, const void *filled);
void config_check_window(struct decoder *d, const struct node *map, const void *filled);
