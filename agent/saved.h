/*
 * saved -- a plan as a file, for `apply --plan`: exactly what a person looked at.
 *
 * One line of JSON and one line with the SHA-256 of all bytes before it: a file that was altered
 * is refused. It holds the connections themselves, so that nothing else has to be at hand, and
 * for each the fingerprint of what was decided; no secret, and nothing that is carried out
 * without deciding it anew.
 */
#pragma once

#include "base/error.h"
#include "reconcile/plan.h"

#define SAVED_FORMAT "mbxctl.saved/1"

struct saved {
	int64_t undo_run;               /* 0: it came from manifests */
	struct connections connections; /* all that were read: claims are judged over them */
	const char **fingerprints;      /* by connection; NULL: it was not to be written */
	bool *left_out;                 /* by connection: --only or --except did not choose it */
	bool over_limit;
	const char *digest;
};

/* Renders what pass_plan() made; `all` is every connection that was read, also those not shown. */
void saved_render(const struct plan *p, const struct connections *all, int64_t undo_run,
                  struct buf *out);

/* Writes it, atomically; the file is readable by its owner alone. */
int saved_write(const char *path, const struct buf *text, struct error *err) MUST_USE;

/* ERR_CONFLICT: it is a saved plan and was altered; ERR_INVALID: it is none; ERR_IO. */
int saved_read(struct arena *a, const char *path, struct saved *ret, struct error *err) MUST_USE;
