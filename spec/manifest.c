#include "spec/manifest.h"

#include <assert.h>
#include <string.h>

#include "spec/check.h"
#include "spec/connection_decode.h"
#include "spec/scalars.h"

_Static_assert((size_t)MANIFEST_BYTES_MAX == (size_t)SOURCE_BYTES_MAX, "one limit for all files");
_Static_assert((size_t)MANIFEST_DEPTH_MAX == (size_t)YAML_DEPTH_MAX, "one limit for all files");

static const struct node *value_of(const struct node *map, const char *key) {
	const struct node *found = node_key(map, key);

	return found ? found->value : NULL;
}

/* How many of the items may be kept: the others are problems, and take no room. */
static size_t count(const struct node *list) {
	size_t n = 0;

	for (const struct node *item = list->first; item; item = item->next)
		n += node_key(item, "mailbox") != NULL;
	return n;
}

static void reserve(struct arena *a, struct connections *list, size_t more) {
	size_t cap = list->n + more > 2 * list->cap ? list->n + more : 2 * list->cap;

	if (list->n + more <= list->cap)
		return;
	struct connection *v = ARENA_ARRAY(a, struct connection, cap);
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	list->v = v;
	list->cap = cap;
}

/* The connections of one document, put behind those of `ret`. */
static void decode_list(struct decoder *d, const struct node *root, const char *manifest,
                        struct connections *ret) {
	const struct node *list = value_of(root, "connections");
	struct defaults defaults;

	defaults_decode(d, value_of(root, "defaults"), &defaults);
	if (!list || !scalar_is_list(d, field_find(&manifest_shape, "connections"), list))
		return;
	reserve(d->keep, ret, count(list));
	for (const struct node *item = list->first; item; item = item->next) {
		struct connection c;
		if (!connection_decode(d, item, &defaults, &c))
			continue;
		c.manifest = manifest;
		assert(ret->n < ret->cap);
		ret->v[ret->n++] = c;
	}
}

/* Nothing is planned from a document with an error, but its names still count. */
static void set_apart(struct arena *a, struct connections *ret, size_t from) {
	for (size_t i = from; i < ret->n; i++)
		ARENA_PUSH(a, &ret->faulty, ret->v[i]);
	ret->n = from;
}

static void decode_document(struct decoder *d, const struct document *document, const char *name,
                            struct connections *ret) {
	size_t problems = d->source->problems, from = ret->n;
	struct manifest_head head = { .name = name };

	if (decode_header(d, document->root, "MailboxConnections")) {
		decode_map(d, document->root, &manifest_shape, &head);
		decode_list(d, document->root, head.name, ret);
	}
	if (document->faulty || d->source->problems > problems)
		set_apart(d->keep, ret, from);
}

void manifest_decode(struct arena *a, const char *label, const char *name, const char *bytes,
                     size_t len, struct connections *ret, struct diags *diags) {
	struct source *source = source_new(a, label, bytes, len, diags);
	struct arena *scratch = arena_new();
	struct decoder d = { .keep = a,
		             .scratch = scratch,
		             .source = source,
		             .diags = diags,
		             .null_hint = " (null clears a policy and is allowed nowhere else)" };
	const struct document *document = yaml_read(scratch, source, diags);

	if (!document && source->problems == 0)
		source_problem(source, diags, (struct spot){ 1, 1 }, "no-document",
		               "the file holds no manifest: it is empty, or all comments");
	name = arena_strdup(a, name);
	for (; document; document = document->next)
		decode_document(&d, document, name, ret);
	arena_free(scratch);
}

void manifest_check(const struct connections *all, const struct config *config,
                    struct diags *diags) {
	manifest_check_names(all, diags);
	if (config && config->file)
		manifest_check_hosts(all, config, diags);
}
