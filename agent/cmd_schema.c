#include <stdio.h>
#include <string.h>

#include "agent/command.h"
#include "spec/schema.h"

int cmd_schema(const struct options *o, struct arena *a) {
	const char *what = o->arguments.v[0];
	bool manifest = strcmp(what, "manifest") == 0;
	struct buf out = { 0 };

	(void)a;
	if (!manifest && strcmp(what, "config") != 0) {
		fprintf(stderr,
		        "mbxctl: there is no schema of \"%s\"; write mbxctl schema manifest, or "
		        "mbxctl "
		        "schema config\n",
		        what);
		return EXIT_USAGE;
	}
	schema_write(manifest ? &manifest_shape : &config_shape, &out);
	fputs(out.data, stdout);
	buf_done(&out);
	return EXIT_DONE;
}
