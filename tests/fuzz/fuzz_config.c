#include <assert.h>

#include "spec/config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct config config;
	struct buf text = { 0 };

	config_decode(a, "mbxctl.yaml", (const char *)data, size, &config, &diags);
	for (size_t i = 0; diags.n == 0 && i < config.n_credentials; i++)
		assert(config.credentials[i].name);
	for (size_t i = 0; diags.n == 0 && config.directory.uris && config.directory.uris[i]; i++)
		(void)config_uri_host(a, config.directory.uris[i]);
	diags_print(&diags, &text);
	buf_done(&text);
	arena_free(a);
	return 0;
}
