/*
 * Gives the bytes to inventory_import(), in a store that is new after each file that was taken. The
 * last byte chooses the options: an export ends in a line break and gets the defaults.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

void inventory_fuzz(const uint8_t *data, size_t size);
