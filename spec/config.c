#include "spec/config.h"

#include <string.h>

#include "spec/decode.h"

void config_defaults(struct config *ret) {
	*ret = (struct config){
		.directory.timeout = 10,
		.exchange.version = 88218628259840,
		.limits = { .changes = 100, .changes_percent = 25 },
		.agent = { .interval = 300,
		           .jitter_percent = 10,
		           .control = "/run/mbxctl/control.sock" },
	};
}

void config_decode(struct arena *a, const char *label, const char *bytes, size_t len,
                   struct config *ret, struct diags *diags) {
	struct source *source = source_new(a, label, bytes, len, diags);
	struct arena *scratch = arena_new();
	struct decoder d = {
		.keep = a, .scratch = scratch, .source = source, .diags = diags, .null_hint = ""
	};
	const struct document *document = yaml_read(scratch, source, diags);

	config_defaults(ret);
	ret->file = source->label;
	if (!document && source->problems == 0)
		source_problem(source, diags, (struct spot){ 1, 1 }, "no-document",
		               "the file holds no config: it is empty, or all comments");
	if (document && decode_header(&d, document->root, "Config"))
		decode_map(&d, document->root, &config_shape, ret);
	if (document && document->next)
		decode_problem(&d, document->next->root->at, "document-twice",
		               "a config is one document: take the others away");
	arena_free(scratch);
}

const struct credential *config_credential(const struct config *c, const char *name) {
	for (size_t i = 0; i < c->n_credentials; i++)
		if (c->credentials[i].name && strcmp(c->credentials[i].name, name) == 0)
			return c->credentials + i;
	return NULL;
}
