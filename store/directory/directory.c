#include "store/directory/directory.h"

#include <string.h>
#include <strings.h>

static const struct directory_ops *const back_ends[] = { &directory_ldif };

int directory_new(const struct directory_options *o, struct directory **ret, struct error *err) {
	const char *uri = o->uri ? o->uri : "";
	const char *colon = strchr(uri, ':');

	for (size_t i = 0; colon && i < sizeof(back_ends) / sizeof(*back_ends); i++) {
		const char *scheme = back_ends[i]->scheme;
		size_t len = (size_t)(colon - uri);
		if (strlen(scheme) == len && strncasecmp(scheme, uri, len) == 0)
			return back_ends[i]->open(o, ret, err);
	}
	return error_set(
	        err, ERR_INVALID,
	        "\"%s\" is no LDIF file, and no other directory can be read yet; write ldif:FILE",
	        uri);
}

struct directory *directory_free(struct directory *d) {
	if (d)
		d->ops->free(d);
	return NULL;
}

int directory_begin(struct directory *d, bool write, struct error *err) {
	return d->ops->begin(d, write, err);
}

void directory_end(struct directory *d) {
	d->ops->end(d);
}

void directory_fetch(struct directory *d, const struct keys *keys, struct world *w) {
	d->ops->fetch(d, keys, w);
}

int directory_apply(struct directory *d, struct arena *a, struct modification *batch, size_t n,
                    struct error *err) {
	return d->ops->apply(d, a, batch, n, err);
}
