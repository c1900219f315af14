/*
 * Watches PATHs as the agent does, and prints one line of JSON for each set that comes into force:
 *
 *     {"files":{"m/hq.yaml":"<sha256>"},"connections":["hq/Person 1 mailbox user"],
 *      "broken":["m/rd.yaml kept <message>"],"revision":null,"overflows":0}
 *
 * usage: driver [--without-events] [--interval MS] [--patience MS] PATH...
 *
 * SIGHUP: look now. A line on standard input: the paths from now on. SIGTERM: the end.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/service/reader.h"
#include "base/json.h"

static struct driver {
	struct reader *reader;
	struct config config;
	uv_signal_t hup, term;
	uv_pipe_t orders;
	char line[4096];
	size_t len;
} driver;

static void print_broken(struct json *j, const struct wishes *w) {
	json_key(j, "broken");
	json_open(j, '[');
	for (size_t i = 0; i < w->n_broken; i++) {
		const struct broken *b = w->broken + i;
		char *line = NULL;
		if (asprintf(&line, "%s %s %s", b->diag.at.file, b->kept ? "kept" : "out",
		             b->diag.message) < 0)
			abort();
		json_text(j, line);
		free(line);
	}
	json_close(j, ']');
}

static void print_connections(struct json *j, const struct wishes *w) {
	json_key(j, "connections");
	json_open(j, '[');
	for (size_t i = 0; i < w->connections.n; i++) {
		const struct connection *c = w->connections.v + i;
		char *line = NULL;
		if (asprintf(&line, "%s/%s %s %s", c->manifest, c->name, c->mailbox, c->user) < 0)
			abort();
		json_text(j, line);
		free(line);
	}
	json_close(j, ']');
}

static void taken(void *context, struct wishes *w) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	(void)context;
	json_open(&j, '{');
	json_key(&j, "files");
	json_open(&j, '{');
	for (size_t i = 0; i < w->n_good; i++) {
		json_key(&j, w->good[i].path);
		json_text(&j, w->good[i].sha256);
	}
	json_close(&j, '}');
	print_connections(&j, w);
	print_broken(&j, w);
	json_key(&j, "revision");
	json_text(&j, w->revision);
	json_key(&j, "trouble");
	json_text(&j, reader_trouble(driver.reader));
	json_key(&j, "overflows");
	json_int(&j, (int64_t)reader_overflows(driver.reader));
	json_close(&j, '}');
	fwrite(out.data, 1, out.len, stdout);
	fflush(stdout);
	buf_done(&out);
	wishes_unref(w);
}

static void on_hup(uv_signal_t *signal, int number) {
	(void)signal;
	(void)number;
	reader_poke(driver.reader);
}

static void on_term(uv_signal_t *signal, int number) {
	(void)signal;
	(void)number;
	reader_stop(driver.reader);
	uv_close((uv_handle_t *)&driver.hup, NULL);
	uv_close((uv_handle_t *)&driver.term, NULL);
	uv_close((uv_handle_t *)&driver.orders, NULL);
}

static void lend(uv_handle_t *handle, size_t wanted, uv_buf_t *buf) {
	(void)handle;
	(void)wanted;
	*buf = uv_buf_init(driver.line + driver.len,
	                   (unsigned)(sizeof(driver.line) - 1 - driver.len));
}

static void on_order(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	const char *paths[16] = { NULL };
	size_t n_paths = 0;
	char *rest;

	(void)stream;
	(void)buf;
	driver.len += n > 0 ? (size_t)n : 0;
	driver.line[driver.len] = '\0';
	if (!strchr(driver.line, '\n'))
		return;
	driver.len = 0;
	for (char *p = strtok_r(driver.line, " \n", &rest); p && n_paths < 15;
	     p = strtok_r(NULL, " \n", &rest))
		paths[n_paths++] = p;
	reader_reconfigure(driver.reader, paths, &driver.config);
}

static char **options(char **argv, struct reader_setup *setup) {
	for (; *argv && strncmp(*argv, "--", 2) == 0; argv++) {
		if (strcmp(*argv, "--without-events") == 0)
			setup->without_events = true;
		else if (strcmp(*argv, "--interval") == 0)
			setup->interval = strtoull(*++argv, NULL, 10);
		else if (strcmp(*argv, "--patience") == 0)
			setup->patience = strtoull(*++argv, NULL, 10);
		else
			exit(64);
	}
	return argv;
}

int main(int argc, char **argv) {
	struct reader_setup setup = { .config = &driver.config, .taken = taken };
	uv_loop_t *loop = uv_default_loop();

	(void)argc;
	setup.paths = (const char *const *)options(argv + 1, &setup);
	config_defaults(&driver.config);
	uv_signal_init(loop, &driver.hup);
	uv_signal_init(loop, &driver.term);
	uv_signal_start(&driver.hup, on_hup, SIGHUP);
	uv_signal_start(&driver.term, on_term, SIGTERM);
	uv_pipe_init(loop, &driver.orders, 0);
	if (uv_pipe_open(&driver.orders, STDIN_FILENO) == 0)
		uv_read_start((uv_stream_t *)&driver.orders, lend, on_order);
	driver.reader = reader_start(loop, &setup);
	uv_run(loop, UV_RUN_DEFAULT);
	return uv_loop_close(loop) == 0 ? 0 : 1;
}
