/*
 * look -- a directory examined, from the way there to the rights: the part of `mbxctl doctor` that
 * asks. Blocking, and writes nothing.
 */
#pragma once

#include "agent/doctor/checks.h"
#include "agent/session.h"
#include "store/inventory/inventory.h"

struct doctor {
	struct arena *a;
	const struct session *s;
	struct checks checks;
	struct inventory *inventory; /* NULL: it cannot be had */
	struct store_facts store;
	struct connections connections;
	bool invalid; /* what the config says cannot be done */
};

/* One directory; what is found goes to the checks, under `about`. */
void doctor_look(struct doctor *d, const char *about, const struct directory_options *o,
                 enum directory_role role);
