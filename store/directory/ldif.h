/*
 * ldif -- the LDIF back-end's own state, for its tests.
 */
#pragma once

#include "base/arena.h"
#include "base/lock.h"
#include "store/directory/directory.h"
#include "store/directory/ldif_draft.h"
#include "store/directory/ldif_find.h"
#include "store/directory/ldif_read.h"

struct ldif {
	struct directory base;
	struct arena *arena;
	const char *path, *given_base;
	struct ldif_scope scope;
	const struct ldif_calls *calls;
	/* of a pass: */
	struct ldif_snapshot *snapshot;
	struct lock *lock;
	char *target; /* what the path leads to */
	char *draft;  /* the file that is put in its place */
};
