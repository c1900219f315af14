/*
 * Each picture as each rendering shows it: tests/agent/http/cases/PICTURE.FORM.
 *
 * MBXCTL_WRITE=1 writes the files anew, for somebody to read them.
 */
#include "tests/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/service/page.h"
#include "agent/service/status.h"
#include "tests/agent/http/pictures.h"

typedef void renderer(const struct sample *s, struct buf *out);

static json_t *document(const struct sample *s) {
	struct buf text = { 0 };

	status_json(&s->picture, true, &text);
	/* One line, whatever a name holds. */
	assert_ptr_equal(strchr(text.data, '\n'), text.data + text.len - 1);
	json_t *parsed = json_loads(text.data, 0, NULL);
	if (!parsed)
		fail_msg("%s: this is no JSON: %s", s->name, text.data);
	buf_done(&text);
	return parsed;
}

static void as_text(const struct sample *s, struct buf *out) {
	json_t *parsed = document(s);

	status_text(parsed, s->picture.now, false, out);
	json_decref(parsed);
}

static void in_colour(const struct sample *s, struct buf *out) {
	json_t *parsed = document(s);

	status_text(parsed, s->picture.now, true, out);
	json_decref(parsed);
}

static void as_json(const struct sample *s, struct buf *out) {
	status_json(&s->picture, false, out);
}

static void as_metrics(const struct sample *s, struct buf *out) {
	metrics_render(&s->counters, &s->picture, out);
}

static void as_page(const struct sample *s, struct buf *out) {
	page_render(&s->picture, out);
}

/* The style says nothing of a picture, and a version not much. */
static void without(struct buf *b, const char *from, const char *to, const char *instead) {
	char *start, *end;
	size_t at = 0;

	while (b->data && (start = strstr(b->data + at, from)) != NULL &&
	       (end = strstr(start + strlen(from), to)) != NULL) {
		struct buf next = { 0 };
		buf_add(&next, b->data, (size_t)(start - b->data));
		buf_puts(&next, instead);
		at = next.len;
		buf_puts(&next, end + strlen(to));
		buf_done(b);
		*b = next;
	}
}

static void compare(const struct sample *s, const char *form, const struct buf *got) {
	char path[1024];
	static char want[512 * 1024];

	(void)snprintf(path, sizeof(path), "%s/tests/agent/http/cases/%s.%s",
	               getenv("MBXCTL_SOURCE"), s->name, form);
	FILE *f = fopen(path, getenv("MBXCTL_WRITE") ? "w" : "r");
	if (!f)
		fail_msg("%s cannot be opened", path);
	if (getenv("MBXCTL_WRITE")) {
		fputs(got->data, f);
		fclose(f);
		return;
	}
	size_t n = fread(want, 1, sizeof(want) - 1, f);
	fclose(f);
	want[n] = '\0';
	if (strcmp(want, got->data) == 0)
		return;
	size_t same = 0;
	while (want[same] && want[same] == got->data[same])
		same++;
	fail_msg("%s differs at byte %zu.\nexpected: %.200s\n     got: %.200s", path, same,
	         want + same, got->data + same);
}

static void each(const char *form, renderer *render) {
	struct sample s;

	for (size_t i = 0; sample_at(i, &s); i++) {
		struct buf out = { 0 };
		render(&s, &out);
		without(&out, "<style>", "</style>", "<style></style>");
		without(&out, "\"version\": \"", "\"", "\"version\": \"VERSION\"");
		without(&out, "version=\"", "\"", "version=\"VERSION\"");
		without(&out, ", version ", "<", ", version VERSION<");
		compare(&s, form, &out);
		buf_done(&out);
	}
}

static void texts(void **state) {
	(void)state;
	each("txt", as_text);
}

static void colours(void **state) {
	(void)state;
	each("ansi", in_colour);
}

static void documents(void **state) {
	(void)state;
	each("json", as_json);
}

static void metrics(void **state) {
	(void)state;
	each("metrics", as_metrics);
}

static void pages(void **state) {
	(void)state;
	each("html", as_page);
}

/* ---- a document of another version, or none at all ---- */

/* Neither a control character nor a line beside its own. */
static void check_text(const json_t *status) {
	struct buf out = { 0 };

	status_text(status, INT64_C(1795797888), false, &out);
	assert_true(out.len > 0 && out.data[out.len - 1] == '\n');
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.data[i] < 0x20 && out.data[i] != '\n')
			fail_msg("the control character %d in: %s", out.data[i], out.data);
	buf_done(&out);
}

/* Each value in its turn is taken away, and is of each other kind. */
static size_t mangle(const json_t *root, json_t *at) {
	static const char *const others[] = { "null",
		                              "true",
		                              "-7",
		                              "1e300",
		                              "\"x\\u001b\\ny\"",
		                              "[]",
		                              "[3]",
		                              "{}",
		                              "9223372036854775807",
		                              "\"9999-12-31T23:59:59Z\"" };
	const char *key;
	json_t *value, *list_value;
	size_t n = 0, i;
	void *next;

	json_array_foreach(at, i, list_value) n += mangle(root, list_value);
	json_object_foreach_safe(at, next, key, value) {
		n += mangle(root, value);
		json_incref(value);
		for (size_t k = 0; k < ARRAY_SIZE(others); k++, n++) {
			json_object_set_new(at, key, json_loads(others[k], JSON_DECODE_ANY, NULL));
			check_text(root);
		}
		json_object_set_new(at, key, value);
	}
	return n;
}

static void strange_documents(void **state) {
	json_t *good, *empty = json_object();
	struct sample s;

	(void)state;
	assert_true(sample_find("trouble", &s));
	good = document(&s);
	check_text(empty);
	check_text(NULL);
	assert_true(mangle(good, good) > 1000);
	json_decref(empty);
	json_decref(good);
}

/* ---- bounds of the buckets belong to them ---- */

static void histograms(void **state) {
	struct histogram h = { 0 };

	(void)state;
	histogram_add(&h, 0.001);
	histogram_add(&h, 0.0011);
	histogram_add(&h, 60);
	histogram_add(&h, 61);
	assert_int_equal(h.buckets[0], 1);
	assert_int_equal(h.buckets[1], 1);
	assert_int_equal(h.buckets[HISTOGRAM_BUCKETS - 1], 1);
	assert_int_equal(h.count, 4);
	assert_true(h.sum > 121.002 && h.sum < 121.0022);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),      cmocka_unit_test(colours),
		cmocka_unit_test(documents),  cmocka_unit_test(metrics),
		cmocka_unit_test(pages),      cmocka_unit_test(strange_documents),
		cmocka_unit_test(histograms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
