/*
 * What people are told to allow an account is what mbxctl writes: examples/active-directory, the
 * rule of examples/openldap, and docs/delegation.md.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reconcile/writes.h"
#include "tests/test.h"

static char *whole_file(const char *path) {
	char name[512], *text;
	long size;

	snprintf(name, sizeof(name), "%s/%s", getenv("MBXCTL_SOURCE"), path);
	FILE *f = fopen(name, "r");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t)size, f), size);
	fclose(f);
	return text;
}

/* Is the name among the words of the text? */
static bool says(const char *text, const char *name) {
	size_t n = strlen(name);

	for (const char *p = text; (p = strstr(p, name)) != NULL; p += n)
		if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return true;
	return false;
}

/* Exactly the attributes of the table for which `is_meant`. */
static void expect(const char *where, const char *text, bool (*is_meant)(const struct write_def *),
                   const char *use) {
	for (int id = 0; id < ATTR_COUNT; id++) {
		bool meant = false;
		for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++)
			meant |= (int)w->id == id &&
			         (is_meant ? is_meant(w)
			                   : strcmp(write_use_texts[w->use], use) == 0);
		if (says(text, attributes[id].name) != meant)
			fail_msg("%s%s%s %s %s", where, use ? ": " : "", use ? use : "",
			         meant ? "lacks" : "has, and mbxctl does not write for it,",
			         attributes[id].name);
	}
}

static bool every(const struct write_def *w) {
	(void)w;
	return true;
}

/* The part of a text from `begin` to `end`, freed by the caller. */
static char *part(const char *text, const char *begin, const char *end) {
	const char *from = strstr(text, begin);

	assert_non_null(from);
	const char *to = strstr(from + strlen(begin), end);
	assert_non_null(to);
	return strndup(from, (size_t)(to - from));
}

static void the_script_gives_what_is_written(void **state) {
	char *text = whole_file("examples/active-directory/attributes.txt");

	(void)state;
	for (int use = 0; use < WRITE_USES; use++) {
		char begin[128];
		snprintf(begin, sizeof(begin), "\n# %s\n", write_use_texts[use]);
		const char *block = strstr(text, begin);
		assert_non_null(block);
		const char *end = strstr(block, "\n\n");
		char *names = end ? strndup(block, (size_t)(end - block)) : strdup(block);
		expect("attributes.txt", names, NULL, write_use_texts[use]);
		free(names);
	}
	free(text);
}

static void the_document_lists_what_is_written(void **state) {
	char *text = whole_file("docs/delegation.md"), count[64];
	size_t n = 0;

	(void)state;
	for (int use = 0; use < WRITE_USES; use++) {
		char begin[128];
		snprintf(begin, sizeof(begin), "\n| %s |", write_use_texts[use]);
		char *row = part(text, begin, "|\n");
		expect("docs/delegation.md", row, NULL, write_use_texts[use]);
		free(row);
	}
	while (writes[n].id != ATTR_COUNT)
		n++;
	snprintf(count, sizeof(count), "writes %zu attributes", n);
	assert_non_null(strstr(text, count));
	free(text);
}

static void the_rule_of_openldap_gives_what_is_written(void **state) {
	char *text = whole_file("examples/openldap/slapd.conf");
	char *rule = part(text, "access to filter=(objectClass=person) attrs=", "\n");

	(void)state;
	expect("slapd.conf", rule, every, NULL);
	free(rule);
	free(text);
}

static void no_attribute_is_listed_twice(void **state) {
	bool seen[ATTR_COUNT] = { false };

	(void)state;
	for (const struct write_def *w = writes; w->id != ATTR_COUNT; w++) {
		assert_false(seen[w->id]);
		seen[w->id] = true;
		assert_true(attribute_written(w->id));
	}
	assert_false(attribute_written(ATTR_USER_ACCOUNT_CONTROL));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_script_gives_what_is_written),
		cmocka_unit_test(the_document_lists_what_is_written),
		cmocka_unit_test(the_rule_of_openldap_gives_what_is_written),
		cmocka_unit_test(no_attribute_is_listed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
