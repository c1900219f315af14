#include "agent/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const of_lists[] = { "text", "json", NULL };
static const char *const of_plans[] = { "text",       "json", "ndjson", "markdown",
	                                "powershell", "ldif", NULL };

static int parse_one(const char *given, const char *const *format_names, struct arena *a,
                     struct outputs *ret) {
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
	const char *all = format_names == of_plans
	                          ? "write text, json, ndjson, markdown, powershell or ldif"
	                          : "write text or json";
	if (equals && !equals[1])
		fprintf(stderr, "mbxctl: --output %s names no file after the `=`\n", given);
	else
		fprintf(stderr, "mbxctl: there is no output format \"%s\"; %s%s%s\n", name,
		        meant ? "did you mean " : all, meant ? meant : "", meant ? "?" : "");
	return EXIT_USAGE;
}

static int parse(const struct options *o, const char *const *format_names, struct arena *a,
                 struct outputs *ret) {
	size_t to_stdout = 0;

	*ret = (struct outputs){ 0 };
	for (size_t i = 0; i < o->output.n; i++) {
		int code = parse_one(o->output.v[i], format_names, a, ret);
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

int outputs_parse(const struct options *o, struct arena *a, struct outputs *ret) {
	return parse(o, of_lists, a, ret);
}

int outputs_parse_plan(const struct options *o, struct arena *a, struct outputs *ret) {
	return parse(o, of_plans, a, ret);
}

bool outputs_show(const struct outputs *list, enum format format) {
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].format == format && !list->v[i].file)
			return true;
	return false;
}

static void drain(struct buf *b) {
	struct output_stream *s = (struct output_stream *)b;

	if (!s->trouble && b->len && fwrite(b->data, 1, b->len, s->file) != b->len)
		s->trouble = errno ? errno : EIO;
	b->len = 0;
}

int output_begin(const struct output *out, struct output_stream *ret) {
	*ret = (struct output_stream){ .text.drain = drain, .output = out, .file = stdout };
	if (out->file)
		ret->file = fopen(out->file, "we");
	if (ret->file)
		return 0;
	fprintf(stderr, "mbxctl: cannot write %s: %s\n", out->file, strerror(errno));
	return EXIT_FAILED;
}

/* What standard output could not take is told at the end of the program. */
int output_end(struct output_stream *s) {
	const char *file = s->output->file;

	errno = 0;
	drain(&s->text);
	buf_done(&s->text);
	if ((file ? fclose(s->file) : fflush(s->file)) != 0 && !s->trouble)
		s->trouble = errno ? errno : EIO;
	if (!s->trouble || !file)
		return 0;
	fprintf(stderr, "mbxctl: cannot write %s: %s\n", file, strerror(s->trouble));
	return EXIT_FAILED;
}

int output_write(const struct output *out, const struct buf *text) {
	struct output_stream s;
	int code = output_begin(out, &s);

	if (code)
		return code;
	buf_add(&s.text, text->data, text->len);
	return output_end(&s);
}
