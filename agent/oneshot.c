#include "agent/oneshot.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/progress.h"
#include "reconcile/render.h"

static void on_done(struct pass *p) {
	uv_stop(p->loop);
}

static void run(struct oneshot *one) {
	struct progress progress;

	progress_start(&progress, &one->loop, one->pass);
	uv_run(&one->loop, UV_RUN_DEFAULT);
	progress_stop(&progress);
	uv_run(&one->loop, UV_RUN_NOWAIT);
}

/* What stopped a pass, for people. */
static int tell(struct oneshot *one) {
	struct pass *p = one->pass;
	struct buf text = { 0 };

	if (!p->exit_code)
		return 0;
	if (p->exit_code == EXIT_MANIFEST) {
		diags_print(&p->diags, &text);
		fputs(text.data, stderr);
		buf_done(&text);
	} else
		fprintf(stderr, "mbxctl: %s\n", p->error.text);
	return p->exit_code;
}

int oneshot_plan(struct oneshot *one, const struct options *o, struct arena *a, bool writes) {
	int code = session_open(&one->session, o, a);

	if (!code)
		code = outputs_parse(o, a, &one->outputs);
	if (!code)
		code = session_needs_paths(&one->session);
	if (!code)
		code = session_needs_store(&one->session);
	if (!code)
		code = session_needs_directory(&one->session);
	if (code)
		return code;
	uv_loop_init(&one->loop);
	one->pass = pass_new(&one->loop, &one->session, writes);
	pass_plan(one->pass, on_done);
	run(one);
	return tell(one);
}

static void on_signal(uv_signal_t *handle, int number) {
	struct oneshot *one =
	        (struct oneshot *)((char *)handle->loop - offsetof(struct oneshot, loop));

	(void)number;
	one->pass->interrupted = true;
	fputs("mbxctl: interrupted; what is in flight is finished\n", stderr);
}

int oneshot_write(struct oneshot *one) {
	uv_signal_t signals[2];

	for (int i = 0; i < 2; i++) {
		uv_signal_init(&one->loop, signals + i);
		uv_signal_start(signals + i, on_signal, i ? SIGTERM : SIGINT);
	}
	pass_write(one->pass, on_done);
	run(one);
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)(signals + i), NULL);
	uv_run(&one->loop, UV_RUN_NOWAIT);
	return tell(one);
}

static const char *manifests_line(struct oneshot *one) {
	struct buf text = { 0 };
	const char *const *paths = one->session.paths;
	struct pass *p = one->pass;

	for (size_t i = 0; paths[i]; i++)
		buf_printf(&text, "%s%s", i ? " " : "", paths[i]);
	buf_printf(&text, " (%zu file%s, %zu connection%s)", p->files, p->files == 1 ? "" : "s",
	           p->connections.n, p->connections.n == 1 ? "" : "s");
	const char *copy = arena_copy(p->a, text.data, text.len);
	buf_done(&text);
	return copy;
}

void oneshot_text(struct oneshot *one, bool ledger, struct buf *out) {
	const struct session *s = &one->session;
	const char *sources[] = { "manifests", manifests_line(one), "store", s->store_uri,
		                  "directory", s->directory_uri,    NULL };
	struct render_options options = { .color = session_color(s->o),
		                          .verbose = s->o->verbose,
		                          .now = s->now,
		                          .sources = sources };

	if (ledger)
		render_ledger(&one->pass->plan, &options, out);
	else
		render_text(&one->pass->plan, &options, out);
}

int oneshot_report(struct oneshot *one, bool applied, bool text_too) {
	struct render_options options = { .applied = applied, .now = one->session.now };
	int code = 0;

	for (size_t i = 0; i < one->outputs.n; i++) {
		const struct output *out = one->outputs.v + i;
		struct buf text = { 0 };
		if (out->format == FORMAT_TEXT && !text_too)
			continue;
		if (out->format == FORMAT_JSON)
			render_json(&one->pass->plan, &options, &text);
		else
			oneshot_text(one, applied, &text);
		int wrote = output_write(out, &text);
		code = code ? code : wrote;
		buf_done(&text);
	}
	return code;
}
