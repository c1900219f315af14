/*
 * json_file -- the records of what ConvertTo-Json wrote, in the form that a CSV file has.
 */
#pragma once

#include "store/inventory/csv_file.h"

/*
 * The names of all members first, then every record with their values as texts. `known` says
 * whether a member is read at all, and whether it is a GUID (of an object that has a name too).
 * Faults name a record by its number and name: jansson does not keep their lines.
 */
void json_file_each(struct csv_file *f, bool (*known)(const char *name, bool *ret_guid),
                    csv_take *take, void *ctx);
