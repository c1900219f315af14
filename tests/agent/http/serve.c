/*
 * Serves a picture for page.py.
 *
 * usage: http-serve LISTEN STALL
 *
 * Prints where it listens, then obeys a line each on standard input: `publish NAME`, `unready
 * REASON` (both answered by `done`), `tick` and `silence` (ticks, or none any more), `storm` and
 * `calm` (two pictures in turn, as fast as it goes, until then), `requests` (answered by their
 * number). Ends with standard input.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/service/http.h"
#include "agent/service/page.h"
#include "tests/agent/http/pictures.h"

static _Atomic bool ticking = true, ending, calm;

static void *tick(void *h) {
	while (!atomic_load(&ending)) {
		if (atomic_load(&ticking))
			http_tick(h);
		usleep(100000);
	}
	return NULL;
}

static void render(const char *name, struct buf *metrics, struct buf *page) {
	struct sample s;

	if (!sample_find(name, &s)) {
		fprintf(stderr, "http-serve: no picture is called %s\n", name);
		exit(1);
	}
	metrics_render(&s.counters, &s.picture, metrics);
	page_render(&s.picture, page);
}

static void publish(struct http *h, const char *name, const char *not_ready) {
	struct buf metrics = { 0 }, page = { 0 };

	render(name, &metrics, &page);
	http_publish(h, &metrics, &page, not_ready);
	puts("done");
}

static void *storm(void *h) {
	static const char *const names[] = { "trouble", "healthy" };
	struct buf metrics[2] = { { 0 } }, pages[2] = { { 0 } };

	for (int i = 0; i < 2; i++)
		render(names[i], metrics + i, pages + i);
	for (unsigned i = 0; !atomic_load(&calm); i++) {
		struct buf m = { 0 }, p = { 0 };
		buf_add(&m, metrics[i % 2].data, metrics[i % 2].len);
		buf_add(&p, pages[i % 2].data, pages[i % 2].len);
		http_publish(h, &m, &p, NULL);
	}
	for (int i = 0; i < 2; i++) {
		buf_done(metrics + i);
		buf_done(pages + i);
	}
	return NULL;
}

static pthread_t started(void *(*run)(void *), struct http *h) {
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, h))
		abort();
	return thread;
}

static void obey(struct http *h, const char *line) {
	static pthread_t storming;

	if (strncmp(line, "publish ", 8) == 0)
		publish(h, line + 8, NULL);
	else if (strncmp(line, "unready ", 8) == 0)
		publish(h, "starting", line + 8);
	else if (strcmp(line, "storm") == 0)
		storming = started(storm, h);
	else if (strcmp(line, "calm") == 0) {
		atomic_store(&calm, true);
		pthread_join(storming, NULL);
	} else if (strcmp(line, "requests") == 0)
		printf("%" PRIu64 "\n", http_requests(h));
	else
		atomic_store(&ticking, strcmp(line, "tick") == 0);
	fflush(stdout);
}

int main(int argc, char **argv) {
	char line[256];
	struct error err;
	struct http *h;

	if (argc != 3)
		return 64;
	if (http_start(argv[1], atoll(argv[2]), &h, &err) != OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	pthread_t ticker = started(tick, h);
	printf("%s\n", http_address(h));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(h, line);
	}
	atomic_store(&ending, true);
	pthread_join(ticker, NULL);
	http_stop(h);
	return 0;
}
