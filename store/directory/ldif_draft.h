/*
 * ldif_draft -- a file written beside another and then put in its place.
 *
 * Under the file's name there is always either all of the old bytes or all of the new ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/error.h"

/* The calls that fail only where the machine does, so that tests can break them. */
struct ldif_calls {
	int (*sync)(int fd);
	int (*rename)(const char *from, const char *to);
};
extern const struct ldif_calls ldif_calls;

struct ldif_draft {
	const struct ldif_calls *calls;
	const char *path;  /* of the draft */
	const char *place; /* of the file that it shall replace, in the same folder */
	int fd, folder;
	bool made, placed;
};

/*
 * Makes the draft, with the mode of the file that it shall replace and, where that is allowed, its
 * owner. ERR_IO, also where a draft is there already.
 */
int ldif_draft_open(struct ldif_draft *d, const struct ldif_calls *calls, const char *path,
                    const char *place, const struct stat *like, struct error *err) MUST_USE;
int ldif_draft_write(struct ldif_draft *d, const void *data, size_t len,
                     struct error *err) MUST_USE;
/* All of it is on the disk when this returns OK. */
int ldif_draft_finish(struct ldif_draft *d, struct error *err) MUST_USE;
/* ERR_UNCERTAIN: it is in its place, but whether it outlives a power failure nobody knows. */
int ldif_draft_place(struct ldif_draft *d, struct error *err) MUST_USE;
/* Removes the draft unless it was placed; also after an open that failed. */
void ldif_draft_done(struct ldif_draft *d);
