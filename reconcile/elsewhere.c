#include "reconcile/elsewhere.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const char forest[] = "forest ", server[] = "server ";

/* With the host's length, for beside an LDIF file it may be any text. */
const char *elsewhere_forest(struct arena *a, const struct connection *c) {
	const char *host = text_fold(a, c->linked.domain_controller);

	return arena_printf(a, "%s%zu %s%s", forest, strlen(host), host,
	                    c->linked.credential ? c->linked.credential : "");
}

const char *elsewhere_server(struct arena *a, const struct connection *c,
                             const struct settings *s) {
	return s->several_servers && c->domain_controller
	               ? arena_printf(a, "%s%s", server, text_fold(a, c->domain_controller))
	               : NULL;
}

void elsewhere_parse(struct arena *a, const char *name, struct elsewhere *ret) {
	*ret = (struct elsewhere){ .forest = strncmp(name, forest, strlen(forest)) == 0 };
	name += strlen(ret->forest ? forest : server);
	char *end = (char *)(size_t)name;
	size_t len = ret->forest ? strtoul(name, &end, 10) : strlen(name);
	const char *host = ret->forest ? end + 1 : name;
	ret->host = arena_copy(a, host, len);
	ret->credential = arena_strdup(a, host + len);
}
