/*
 * revision -- which commit of a git checkout lies there. By libgit2.
 */
#pragma once

#include "base/arena.h"

/*
 * The hash of the commit that HEAD names, of the checkout that the path (a file or folder, or a
 * link to one) lies in; NULL where there is no checkout or no commit yet. Reads HEAD and what it
 * takes to follow it, and nothing that a repository's config could have run; so whose repository it
 * is does not matter. Blocking.
 */
char *revision_of(struct arena *a, const char *path);

/* Of the first path that lies in one; NULL: none does. The list is NULL-ended. */
const char *revision_of_paths(struct arena *a, const char *const *paths);
