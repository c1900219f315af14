/*
 * How long planning alone takes: the rounds of a survey over a world in memory, and the judgement
 * over all connections. Reading is done in between and not counted. Prints seconds.
 *
 * usage: bench-plan STORE LDIF MANIFESTS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/manifests.h"
#include "agent/survey.h"
#include "store/directory/directory.h"
#include "store/inventory/inventory.h"

static double seconds(void) {
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r, const struct error *err) {
	if (r == OK)
		return;
	fprintf(stderr, "bench-plan: %s\n", err->text);
	exit(1);
}

static void read_all(struct arena *a, const char *path, struct connections *ret) {
	const char *const paths[] = { path, NULL };
	struct diags diags = { .arena = a };
	struct config config;
	size_t files;

	config_defaults(&config);
	manifests_read(a, paths, &config, ret, &files, &diags);
	if (diags.n == 0)
		return;
	fprintf(stderr, "bench-plan: the manifests have errors\n");
	exit(1);
}

/* The rounds, and the judgement over all; the time that deciding took. */
static double survey_all(struct survey *s, struct inventory *inv, struct directory *dir,
                         const struct settings *settings, int64_t now, struct plan *ret) {
	double sum = 0;

	for (bool judged = false; !judged;) {
		double began = seconds();
		bool settled = survey_plan(s, settings, now);
		struct error err;
		sum += seconds() - began;
		must(inventory_fetch(inv, &s->needs, s->world, &err), &err);
		if (!settled) {
			directory_fetch(dir, &s->needs, s->world);
			continue;
		}
		began = seconds();
		judged = survey_judge(s, ret);
		sum += seconds() - began;
	}
	return sum;
}

int main(int argc, char **argv) {
	const struct settings settings = { .primary_domain = "contoso.com",
		                           .exchange_version = 88218628259840,
		                           .limit_changes = 1000000,
		                           .limit_percent = 100 };
	const int64_t now = 1795165200;
	struct connections connections = { 0 };
	struct arena *a = arena_new();
	struct inventory *inv = NULL;
	struct directory *dir = NULL;
	struct survey survey;
	struct plan plan = { 0 };
	struct error err;

	if (argc != 4)
		return 2;
	read_all(a, argv[3], &connections);
	struct directory_options options = { .uri = arena_printf(a, "ldif:%s", argv[2]) };
	must(directory_new(&options, &dir, &err), &err);
	must(inventory_open(argv[1], INVENTORY_READ, &inv, &err), &err);
	must(directory_begin(dir, false, &err), &err);
	const struct connection **list = ARENA_ARRAY(a, const struct connection *, connections.n);
	for (size_t i = 0; i < connections.n; i++)
		list[i] = connections.v + i;
	survey_begin(&survey, list, NULL, connections.n);
	must(inventory_load(inv, survey.world, &err), &err);
	double sum = survey_all(&survey, inv, dir, &settings, now, &plan);
	double began = seconds();
	plan_sum(survey.a, &plan, survey.world, &settings);
	printf("%.6f %zu\n", sum + seconds() - began, plan.counts[ACTION_CONNECT]);
	directory_end(dir);
	directory_free(dir);
	inventory_close(inv);
	survey_end(&survey);
	arena_free(a);
	return 0;
}
