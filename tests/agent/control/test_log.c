/* agent/service/log: each row fields and the line that must come of them, without its time. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/service/log.h"
#include "base/timestamp.h"
#include "tests/test.h"

#define NOW "2026-11-01T12:00:00Z"

struct row {
	const char *name;
	struct log_field field;
	const char *text, *json; /* behind the event */
};

#define VALUE(s)                                                                                   \
	{ "v", (s), 0, FIELD_IS_TEXT }

static const struct row rows[] = {
	{ "a word", VALUE("done"), " v=done", ",\"v\":\"done\"" },
	{ "letters of any script", VALUE("Grüße"), " v=Grüße", ",\"v\":\"Grüße\"" },
	{ "empty", VALUE(""), " v=\"\"", ",\"v\":\"\"" },
	{ "a blank", VALUE("a b"), " v=\"a b\"", ",\"v\":\"a b\"" },
	{ "an equals sign", VALUE("a=b"), " v=\"a=b\"", ",\"v\":\"a=b\"" },
	{ "a quote", VALUE("a\"b"), " v=\"a\\\"b\"", ",\"v\":\"a\\\"b\"" },
	{ "a backslash", VALUE("a\\b"), " v=\"a\\\\b\"", ",\"v\":\"a\\\\b\"" },
	{ "an end of line", VALUE("a\nb"), " v=\"a\\nb\"", ",\"v\":\"a\\nb\"" },
	{ "written like an escape", VALUE("\\n"), " v=\"\\\\n\"", ",\"v\":\"\\\\n\"" },
	{ "a carriage return", VALUE("a\rb"), " v=\"a\\u000db\"", ",\"v\":\"a\\u000db\"" },
	{ "a terminal's escape", VALUE("\x1b[2J"), " v=\"\\u001b[2J\"", ",\"v\":\"\\u001b[2J\"" },
	{ "one that turns the direction", VALUE("a\u202e"), " v=\"a\\u202e\"",
	  ",\"v\":\"a\u202e\"" },
	{ "no UTF-8", VALUE("a\xff"), " v=\"a\\xff\"", ",\"v\":\"a\ufffd\"" },
	{ "a text that is not there", VALUE(NULL), "", "" },
	{ "a number", { "v", "", -7, FIELD_IS_NUMBER }, " v=-7", ",\"v\":-7" },
	{ "the largest",
	  { "v", "", INT64_MAX, FIELD_IS_NUMBER },
	  " v=9223372036854775807",
	  ",\"v\":9223372036854775807" },
	{ "a time",
	  { "v", "", 1793534400 + 3600, FIELD_IS_TIME },
	  " v=2026-11-01T13:00:00Z",
	  ",\"v\":\"2026-11-01T13:00:00Z\"" },
	{ "no time", { "v", "", TIMESTAMP_NONE, FIELD_IS_TIME }, "", "" },
};

static void check(const char *name, bool json, const struct log_field *fields, const char *expect) {
	struct buf out = { 0 };

	log_line(json, 1793534400, LEVEL_WARNING, "pass-ended", fields, &out);
	if (strcmp(out.data, expect) != 0)
		fail_msg("%s: gave %s, not %s", name, out.data, expect);
	buf_done(&out);
}

static void lines(void **state) {
	char expect[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct log_field fields[] = { rows[i].field, { 0 } };
		(void)snprintf(expect, sizeof(expect), NOW " level=warning event=pass-ended%s\n",
		               rows[i].text);
		check(rows[i].name, false, fields, expect);
		(void)snprintf(expect, sizeof(expect),
		               "{\"ts\":\"" NOW "\",\"level\":\"warning\","
		               "\"event\":\"pass-ended\"%s}\n",
		               rows[i].json);
		check(rows[i].name, true, fields, expect);
	}
}

/* However long, a line stays one, says what is missing, and does not end within a letter. */
static void long_lines(void **state) {
	static char longer[3 * LOG_LINE_MAX + 1], escaped[LOG_LINE_MAX];
	const struct log_field fields[] = {
		F_TEXT("a", longer), F_TEXT("b", escaped), F_INT("n", 7), { 0 }
	};

	(void)state;
	for (size_t i = 0; i < LOG_LINE_MAX; i++)
		memcpy(longer + 3 * i, "\u20ac", 3);
	memset(escaped, '\x01', sizeof(escaped) - 1);
	for (int json = 0; json < 2; json++) {
		struct buf out = { 0 };
		log_line(json == 1, 0, LEVEL_INFO, "e", fields, &out);
		assert_true(out.len <= LOG_LINE_MAX && out.len > LOG_LINE_MAX / 4);
		assert_ptr_equal(strchr(out.data, '\n'), out.data + out.len - 1);
		assert_non_null(strstr(out.data, " bytes more)\""));
		assert_non_null(strstr(out.data, "\u20ac... ("));
		assert_non_null(strstr(out.data, json ? "\"n\":7}" : " n=7\n"));
		assert_null(strstr(out.data, "\ufffd"));
		assert_null(strstr(out.data, "\\xe2"));
		buf_done(&out);
	}
}

static void *collect(void *fd) {
	static char text[4 * LOG_LINE_MAX];
	size_t len = 0;

	for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0)
		n = read(*(int *)fd, text + len, sizeof(text) - 1 - len);
	text[len] = '\0';
	return text;
}

/* Standard error is a pipe that is always full and does not block; its reader is slow. */
static void writes(void **state) {
	int ends[2], before = dup(STDERR_FILENO);
	char *value = malloc(LOG_LINE_MAX / 2);
	pthread_t reader;
	void *text;

	(void)state;
	assert_true(value && before >= 0 && pipe2(ends, O_CLOEXEC) == 0);
	assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
	assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	assert_int_equal(pthread_create(&reader, NULL, collect, &ends[0]), 0);
	memset(value, 'x', LOG_LINE_MAX / 2 - 1);
	value[LOG_LINE_MAX / 2 - 1] = '\0';
	log_open(false, false);
	LOG(LEVEL_DEBUG, "unseen", F_INT("n", 1));
	LOG(LEVEL_INFO, "long", F_TEXT("v", value));
	log_open(true, true);
	LOG(LEVEL_DEBUG, "seen", F_INT("n", 2));
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	pthread_join(reader, &text);
	close(ends[0]);
	assert_null(strstr(text, "unseen"));
	assert_non_null(strstr(text, value));
	assert_non_null(strstr(text, "\"level\":\"debug\",\"event\":\"seen\",\"n\":2}\n"));
	assert_int_equal(log_lines(), 2);
	free(value);
}

/* Nobody reads any more: the line is lost, nothing else happens. */
static void unwritable(void **state) {
	int before = dup(STDERR_FILENO), null = open("/dev/full", O_WRONLY | O_CLOEXEC);
	uint64_t lines_before = log_lines();

	(void)state;
	assert_true(before >= 0 && null >= 0 && dup2(null, STDERR_FILENO) >= 0);
	LOG(LEVEL_ERROR, "lost", F_INT("n", 1));
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	close(null);
	assert_int_equal(log_lines(), lines_before);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(writes),
		cmocka_unit_test(unwritable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
