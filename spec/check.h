/*
 * check -- the parts of manifest_check(): what only shows over all files, or beside a config.
 */
#pragma once

#include "spec/manifest.h"

/* Two connections of one manifest with one name. */
void manifest_check_names(const struct connections *all, struct diags *diags);

/* Hosts that the config does not name, credentials that it does not have or that are missing. */
void manifest_check_hosts(const struct connections *all, const struct config *config,
                          struct diags *diags);
