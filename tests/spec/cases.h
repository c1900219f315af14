/*
 * cases -- tests that are texts: a file of cases, each an input and what comes of it.
 *
 *     === what this case is about
 *     <<< name of a file (where there is none: m.yaml)
 *     its lines
 *     >>>
 *     the problems and the result, byte for byte
 *
 * Several files may stand in one case. In an input `␍` stands for a carriage return, `␉` for a tab.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "tests/test.h"

enum { CASE_FILES_MAX = 4, CASES_MAX = 400 };

struct case_file {
	const char *label;
	struct buf bytes;
};
struct text_case {
	const char *name;
	struct case_file files[CASE_FILES_MAX];
	size_t n_files;
	struct buf expected, raw; /* raw: the input as it stands in the file of cases */
};

static void case_add_line(struct buf *out, const char *line) {
	for (const char *p = line; *p;) {
		bool cr = strncmp(p, "␍", 3) == 0, tab = strncmp(p, "␉", 3) == 0;
		buf_putc(out, cr ? '\r' : tab ? '\t' : *p);
		p += cr || tab ? 3 : 1;
	}
}

static struct case_file *case_open(struct arena *a, struct text_case *c, const char *label) {
	assert_true(c->n_files < CASE_FILES_MAX);
	c->files[c->n_files].label = arena_copy(a, label, strcspn(label, "\n"));
	return c->files + c->n_files++;
}

static void case_take_line(struct arena *a, struct text_case *c, const char *line, bool *answer) {
	if (strcmp(line, ">>>\n") == 0) {
		*answer = true;
	} else if (*answer) {
		buf_puts(&c->expected, line);
	} else if (strncmp(line, "<<< ", 4) == 0) {
		buf_puts(&c->raw, line);
		case_open(a, c, line + 4);
	} else {
		buf_puts(&c->raw, line);
		if (c->n_files == 0)
			case_open(a, c, "m.yaml");
		case_add_line(&c->files[c->n_files - 1].bytes, line);
	}
}

/* The cases of tests/spec/data/<name>. */
static struct text_case *cases_read(struct arena *a, const char *name, size_t *ret_n) {
	const char *source = getenv("MBXCTL_SOURCE");
	FILE *f = fopen(arena_printf(a, "%s/tests/spec/data/%s", source ? source : ".", name), "r");
	struct text_case *cases = ARENA_ARRAY(a, struct text_case, CASES_MAX);
	char line[4096];
	bool answer = false;
	size_t n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "=== ", 4) == 0) {
			assert_true(n < CASES_MAX);
			cases[n++].name = arena_copy(a, line + 4, strcspn(line + 4, "\n"));
			answer = false;
		} else if (n > 0) {
			case_take_line(a, cases + n - 1, line, &answer);
		}
	}
	(void)fclose(f);
	*ret_n = n;
	return cases;
}

static void cases_free(struct text_case *cases, size_t n) {
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < cases[i].n_files; j++)
			buf_done(&cases[i].files[j].bytes);
		buf_done(&cases[i].expected);
		buf_done(&cases[i].raw);
	}
}

/*
 * One cmocka test a case. With MBXCTL_SHOW set, the file of cases is printed as it would have to
 * be for all of them to pass: to be read, line by line, before it is believed.
 */
static int cases_run(const char *file, void (*answer)(const struct text_case *c, struct buf *out),
                     CMUnitTestFunction test) {
	struct arena *a = arena_new();
	size_t n;
	struct text_case *cases = cases_read(a, file, &n);
	struct CMUnitTest *tests = ARENA_ARRAY(a, struct CMUnitTest, n);
	int failed = 0;

	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ cases[i].name, test, NULL, NULL, cases + i };
	if (!getenv("MBXCTL_SHOW"))
		failed = _cmocka_run_group_tests(file, tests, n, NULL, NULL);
	for (size_t i = 0; getenv("MBXCTL_SHOW") && i < n; i++) {
		struct buf out = { 0 };
		answer(cases + i, &out);
		printf("=== %s\n%s>>>\n%s", cases[i].name, cases[i].raw.data,
		       out.data ? out.data : "");
		buf_done(&out);
	}
	cases_free(cases, n);
	arena_free(a);
	return failed;
}
