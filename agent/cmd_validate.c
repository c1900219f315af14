#include <stdio.h>

#include "agent/command.h"
#include "agent/manifests.h"
#include "agent/session.h"

int cmd_validate(const struct options *o, struct arena *a) {
	struct connections connections = { 0 };
	struct diags diags = { .arena = a };
	struct buf text = { 0 };
	struct session s;
	size_t files;
	int code = session_open(&s, o, a);

	if (!code)
		code = session_needs_paths(&s);
	if (code)
		return code;
	manifests_read(a, s.paths, &s.config, &connections, &files, &diags);
	if (diags.n) {
		diags_print(&diags, &text);
		fputs(text.data, stderr);
		buf_done(&text);
		return EXIT_MANIFEST;
	}
	if (!o->quiet)
		printf("%zu connection%s in %zu file%s: valid\n", connections.n,
		       connections.n == 1 ? "" : "s", files, files == 1 ? "" : "s");
	return EXIT_DONE;
}
