#include "agent/revision.h"

#include <git2.h>
#include <string.h>

/* Neither a person's nor the machine's config of git is asked. */
static void set_apart(void) {
	static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
		                      GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

char *revision_of(struct arena *a, const char *path) {
	git_repository *repository = NULL;
	char *hash = NULL;
	git_oid oid;

	if (git_libgit2_init() < 0)
		return NULL;
	set_apart();
	if (git_repository_open_ext(&repository, path, 0, NULL) == 0 &&
	    git_reference_name_to_id(&oid, repository, "HEAD") == 0) {
		hash = arena_alloc(a, GIT_OID_HEXSZ + 1, 1);
		git_oid_tostr(hash, GIT_OID_HEXSZ + 1, &oid);
	}
	git_repository_free(repository);
	git_libgit2_shutdown();
	return hash;
}

const char *revision_of_paths(struct arena *a, const char *const *paths) {
	const char *found = NULL;

	for (; *paths && !found; paths++)
		if (strcmp(*paths, "-") != 0)
			found = revision_of(a, *paths);
	return found;
}
