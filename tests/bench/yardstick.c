/*
 * The least that anybody must do who reads these files, for comparison: what libyaml and libldap
 * take for them alone. Prints seconds, the fastest of three.
 *
 * usage: yardstick yaml|ldif FILE...
 */
#include <stdio.h>

/* ldif.h leans on the two before it. */
#include <ldap.h>

#include <ldif.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

static double seconds(void) {
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long scan_yaml(const char *path) {
	yaml_parser_t parser;
	yaml_event_t event;
	yaml_event_type_t type;
	FILE *f = fopen(path, "r");
	long n = 0;

	if (!f || !yaml_parser_initialize(&parser)) {
		perror(path);
		exit(1);
	}
	yaml_parser_set_input_file(&parser, f);
	do {
		if (!yaml_parser_parse(&parser, &event)) {
			fprintf(stderr, "%s: %s\n", path, parser.problem);
			exit(1);
		}
		type = event.type;
		yaml_event_delete(&event);
		n++;
	} while (type != YAML_STREAM_END_EVENT);
	yaml_parser_delete(&parser);
	(void)fclose(f);
	return n;
}

static long read_ldif(const char *path) {
	LDIFFP *f = ldif_open(path, "r");
	unsigned long line = 0;
	char *record = NULL;
	int size = 0;
	long n = 0;

	if (!f) {
		perror(path);
		exit(1);
	}
	while (ldif_read_record(f, &line, &record, &size) > 0)
		n++;
	ldif_close(f);
	ber_memfree(record);
	return n;
}

int main(int argc, char **argv) {
	double best = 1e9;
	long n = 0;

	if (argc < 3)
		return 2;
	for (int round = 0; round < 3; round++) {
		double began = seconds();
		n = 0;
		for (int i = 2; i < argc; i++)
			n += strcmp(argv[1], "yaml") == 0 ? scan_yaml(argv[i]) : read_ldif(argv[i]);
		double took = seconds() - began;
		best = took < best ? took : best;
	}
	printf("%.6f\n", best);
	return n > 0 ? 0 : 1;
}
