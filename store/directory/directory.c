#include "store/directory/directory.h"

#include <string.h>
#include <strings.h>

static const struct directory_ops *const back_ends[] = { &directory_ldif, &directory_ldap };

static const struct directory_ops *back_end_of(const char *uri) {
	const char *colon = strchr(uri, ':');

	for (size_t i = 0; colon && i < sizeof(back_ends) / sizeof(*back_ends); i++)
		for (const char *const *scheme = back_ends[i]->schemes; *scheme; scheme++) {
			size_t len = (size_t)(colon - uri);
			if (strlen(*scheme) == len && strncasecmp(*scheme, uri, len) == 0)
				return back_ends[i];
		}
	return NULL;
}

int directory_new(const struct directory_options *o, struct directory **ret, struct error *err) {
	const char *uri = o->uri ? o->uri : "";
	const struct directory_ops *ops = back_end_of(uri);

	if (!ops)
		return error_set(err, ERR_INVALID,
		                 "\"%s\" is no directory; write ldaps://HOST, ldap://HOST, "
		                 "ldapi://SOCKET or ldif:FILE",
		                 uri);
	for (size_t i = 0; o->others && o->others[i]; i++)
		if (back_end_of(o->others[i]) != ops)
			return error_set(
			        err, ERR_INVALID,
			        "\"%s\" and \"%s\" are not of one kind: a list is of servers "
			        "that hold the same directory",
			        uri, o->others[i]);
	return ops->open(o, ret, err);
}

size_t directory_window(const struct directory *d) {
	return d->ops->window ? d->ops->window : SIZE_MAX;
}

bool directory_shared(const struct directory *d) {
	return d->ops->window > 0;
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

void directory_examine(struct directory *d, struct arena *a, struct examination *ret) {
	*ret = (struct examination){ 0 };
	d->ops->examine(d, a, ret);
}

void directory_examine_user(struct directory *d, struct arena *a, const char *dn,
                            const char *object, struct examined_user *ret) {
	*ret = (struct examined_user){ 0 };
	d->ops->examine_user(d, a, dn, object, ret);
}
