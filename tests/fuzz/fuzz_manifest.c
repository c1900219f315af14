#include <assert.h>

#include "spec/manifest.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new();
	struct diags diags = { .arena = a };
	struct connections all = { 0 };
	struct config config;
	struct buf text = { 0 };

	config_defaults(&config);
	config.file = "mbxctl.yaml";
	manifest_decode(a, "m.yaml", "m", (const char *)data, size, &all, &diags);
	for (size_t i = 0; i < all.n; i++)
		assert(all.v[i].name && all.v[i].mailbox && all.v[i].database);
	manifest_check(&all, &config, &diags);
	diags_print(&diags, &text);
	buf_done(&text);
	arena_free(a);
	return 0;
}
