#include "agent/oneshot.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/progress.h"
#include "base/text.h"
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

/* `--only John Evans` are two words: the second is a path that leads to nothing. */
static void tell_of_blanks(const struct options *o) {
	const struct texts *patterns = o->only.n ? &o->only : &o->except;

	for (size_t i = 0; patterns->n && i < o->arguments.n; i++)
		if (strcmp(o->arguments.v[i], "-") != 0 && access(o->arguments.v[i], F_OK) != 0) {
			fprintf(stderr, "mbxctl: a name with a blank is quoted: --%s \"%s %s\"\n",
			        o->only.n ? "only" : "except", patterns->v[patterns->n - 1],
			        o->arguments.v[i]);
			return;
		}
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
		tell_of_blanks(p->s->o);
	} else
		fprintf(stderr, "mbxctl: %s\n", p->error.text);
	return p->exit_code;
}

/* A pattern that fits nothing is a mistyped name, most times. */
static void tell_of_none(const struct pass *p, const struct options *o) {
	const struct connections *all = &p->connections;

	if (o->except.n || !o->only.n) {
		fputs("mbxctl: --only and --except leave no connection\n", stderr);
		return;
	}
	const char **names = ARENA_ARRAY(p->a, const char *, all->n + 1);
	for (size_t i = 0; i < all->n; i++)
		names[i] = all->v[i].name;
	const char *given = o->only.v[0], *meant = text_nearest(given, names);
	if (meant)
		fprintf(stderr, "mbxctl: no connection fits --only \"%s\"; did you mean \"%s\"?\n",
		        given, meant);
	else
		fprintf(stderr,
		        "mbxctl: no connection fits --only \"%s\"; it has to fit a whole name, "
		        "mailbox, user or database: write \"*%s*\" for a part of one\n",
		        given, given);
}

/* An open intent is a warning of its connection; one whose connection is not shown is told here. */
static void tell_of_open(const struct pass *p) {
	size_t n;
	const struct intent_row *open = world_intents(p->survey.world, &n);

	for (size_t i = 0; i < n; i++) {
		bool shown = false;
		for (size_t k = 0; k < p->plan.n && !shown; k++) {
			const struct item *item = p->plan.items + k;
			shown = item->user && guid_equal(item->mailbox, open[i].mailbox) &&
			        strcmp(item->user->identity, open[i].user) == 0;
		}
		if (!shown)
			fprintf(stderr,
			        "mbxctl: intent-open: run %" PRId64
			        " began a write for \"%s\" (%s), which is not in this plan, and "
			        "nobody "
			        "knows yet what became of it; the next apply settles it, where it "
			        "can\n",
			        open[i].run, open[i].name, open[i].manifest);
	}
}

int oneshot_plan(struct oneshot *one, const struct options *o, struct arena *a,
                 struct plan_source source) {
	int code = session_open(&one->session, o, a);

	if (!code)
		code = outputs_parse_plan(o, a, &one->outputs);
	if (!code && !source.saved && !source.undo_run)
		code = session_needs_paths(&one->session);
	if (!code)
		code = session_needs_store(&one->session);
	if (!code)
		code = session_needs_directory(&one->session);
	if (code)
		return code;
	uv_loop_init(&one->loop);
	one->pass =
	        pass_new(&one->loop, pass_threads_start(&one->loop), &one->session, source.writes);
	one->pass->saved_path = source.saved;
	one->pass->undo_run = source.undo_run;
	pass_plan(one->pass, on_done);
	run(one);
	code = tell(one);
	if (!code && !one->pass->plan.n && (o->only.n || o->except.n))
		tell_of_none(one->pass, o);
	if (!code)
		tell_of_open(one->pass);
	return code;
}

int oneshot_save(struct oneshot *one) {
	struct pass *p = one->pass;
	struct buf text = { 0 };

	if (!one->session.o->save)
		return 0;
	saved_render(&p->plan, &p->connections, p->undo_run, &text);
	int r = saved_write(one->session.o->save, &text, &p->error);
	buf_done(&text);
	if (r == OK)
		return 0;
	fprintf(stderr, "mbxctl: %s\n", p->error.text);
	return EXIT_FAILED;
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

	if (p->undo_run)
		return arena_printf(p->a, "none: what run %" PRId64 " did is taken back",
		                    p->undo_run);
	if (p->saved_path)
		return arena_printf(p->a, "none: the plan saved in %s", p->saved_path);

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

/* Text is another matter: it knows where things come from, and ends an apply with a ledger. */
static void (*const renderers[])(const struct plan *, const struct render_options *,
                                 struct buf *) = {
	[FORMAT_TEXT] = NULL,
	[FORMAT_JSON] = render_json,
	[FORMAT_NDJSON] = render_ndjson,
	[FORMAT_MARKDOWN] = render_markdown,
	[FORMAT_POWERSHELL] = render_powershell,
	[FORMAT_LDIF] = render_ldif,
};

int oneshot_report(struct oneshot *one, bool applied, bool text_too) {
	struct render_options options = { .applied = applied, .now = one->session.now };
	int code = 0;

	for (size_t i = 0; i < one->outputs.n; i++) {
		const struct output *out = one->outputs.v + i;
		struct output_stream stream;
		if (out->format == FORMAT_TEXT && !text_too)
			continue;
		int wrote = output_begin(out, &stream);
		if (!wrote) {
			if (renderers[out->format])
				renderers[out->format](&one->pass->plan, &options, &stream.text);
			else
				oneshot_text(one, applied, &stream.text);
			wrote = output_end(&stream);
		}
		code = code ? code : wrote;
	}
	return code;
}
