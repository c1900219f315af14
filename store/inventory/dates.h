/*
 * dates -- the dates of one file, in whatever order its server's language writes them.
 *
 * `11/1/2026` is in the autumn in one country and in the winter in the next: such a date is put by
 * until the whole file was read, and then all of them are read in the one order that fits all.
 */
#pragma once

#include "store/inventory/columns.h"
#include "store/inventory/import.h"
#include "store/inventory/zone.h"

struct date_later;

struct dates {
	enum date_order given;
	struct zone zone; /* of dates that name none; whoever owns this enters and leaves it */
	struct {
		struct date_later *v;
		size_t n, cap;
	} later;
};

/* False: the text is no date of any form. `ret` may be filled in by dates_settle() only. */
bool dates_take(struct dates *d, const struct cell *c, const char *text, int64_t *ret);

/* After the last record. What cannot be settled becomes a diagnostic. */
void dates_settle(struct dates *d, const struct csv_file *f);
