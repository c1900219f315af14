#include "agent/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const format_names[] = { "text", "json", NULL };

static int parse_one(const char *given, struct arena *a, struct outputs *ret) {
	const char *equals = strchr(given, '=');
	const char *name = arena_copy(a, given, strcspn(given, "="));
	struct output out = { .file = equals ? equals + 1 : NULL };

	for (int i = 0; format_names[i]; i++)
		if (strcmp(format_names[i], name) == 0) {
			out.format = (enum format)i;
			if (out.file && !*out.file)
				break;
			ARENA_PUSH(a, ret, out);
			return 0;
		}
	const char *meant = text_nearest(name, format_names);
	if (equals && !equals[1])
		fprintf(stderr, "mbxctl: --output %s names no file after the `=`\n", given);
	else
		fprintf(stderr, "mbxctl: there is no output format \"%s\"; %s%s%s\n", name,
		        meant ? "did you mean " : "write text or json", meant ? meant : "",
		        meant ? "?" : "");
	return EXIT_USAGE;
}

int outputs_parse(const struct options *o, struct arena *a, struct outputs *ret) {
	size_t to_stdout = 0;

	*ret = (struct outputs){ 0 };
	for (size_t i = 0; i < o->output.n; i++) {
		int code = parse_one(o->output.v[i], a, ret);
		if (code)
			return code;
		to_stdout += !ret->v[i].file;
	}
	if (to_stdout > 1) {
		fputs("mbxctl: only one output can go to standard output; give the others a file: "
		      "-o "
		      "json=FILE\n",
		      stderr);
		return EXIT_USAGE;
	}
	if (!ret->n) {
		struct output text = { FORMAT_TEXT, NULL };
		ARENA_PUSH(a, ret, text);
	}
	return 0;
}

bool outputs_show(const struct outputs *list, enum format format) {
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].format == format && !list->v[i].file)
			return true;
	return false;
}

int output_write(const struct output *out, const struct buf *text) {
	FILE *f = out->file ? fopen(out->file, "we") : stdout;

	if (!f) {
		fprintf(stderr, "mbxctl: cannot write %s: %s\n", out->file, strerror(errno));
		return EXIT_FAILED;
	}
	bool bad = text->len && fwrite(text->data, 1, text->len, f) != text->len;
	bad |= out->file ? fclose(f) != 0 : fflush(f) != 0;
	if (bad && out->file)
		fprintf(stderr, "mbxctl: cannot write %s: %s\n", out->file, strerror(errno));
	return bad && out->file ? EXIT_FAILED : 0;
}
