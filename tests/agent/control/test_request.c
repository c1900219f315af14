/* agent/service/request: each row a line, and the verb or the complaint that must come of it. */
#include <stdlib.h>
#include <string.h>

#include "agent/service/request.h"
#include "tests/test.h"

#define VERB_LIST "write status, wake, sync, suspend or resume"

static const struct {
	const char *line, *verb, *complaint;
} rows[] = {
	{ "{\"verb\":\"status\"}", "status", NULL },
	{ " { \"verb\" : \"wake\" , \"more\": [1, {\"a\": null}] } \r", "wake", NULL },
	{ "{\"verb\":\"sync\"}", "sync", NULL },
	{ "{\"verb\":\"suspend\",\"reason\":\"\\u00e4\"}", "suspend", NULL },
	{ "{\"verb\":\"resume\"}", "resume", NULL },
	{ "{\"verb\":\"Status\"}", NULL, "there is no verb \"Status\": " VERB_LIST },
	{ "{\"verb\":\"\"}", NULL, "there is no verb \"\": " VERB_LIST },
	{ "{\"verb\":7}", NULL, "no \"verb\" is given: " VERB_LIST },
	{ "{\"verb\":null}", NULL, "no \"verb\" is given: " VERB_LIST },
	{ "{}", NULL, "no \"verb\" is given: " VERB_LIST },
	{ "[\"status\"]", NULL, "the request is no JSON object, such as {\"verb\": \"status\"}" },
	{ "[]", NULL, "the request is no JSON object, such as {\"verb\": \"status\"}" },
	{ "", NULL, "the request is no JSON object on one line: " },
	{ "status", NULL, "the request is no JSON object on one line: " },
	{ "{\"verb\":\"status\"", NULL, "the request is no JSON object on one line: " },
	{ "{\"verb\":\"status\"} {}", NULL, "the request is no JSON object on one line: " },
	{ "{\"verb\":\"status\",\"verb\":\"sync\"}", NULL,
	  "the request is no JSON object on one line: duplicate object key" },
	{ "{\"verb\":\"sta\\u0000tus\"}", NULL, "the request is no JSON object on one line: " },
	{ "{\"verb\":\"\xff\"}", NULL, "the request is no JSON object on one line: " },
};

static void parses(void **state) {
	struct request q;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err = (struct error){ 0 };
		int r = request_parse(rows[i].line, strlen(rows[i].line), &q, &err);
		if (rows[i].verb ? r != OK || strcmp(q.verb, rows[i].verb) != 0
		                 : r != ERR_INVALID || strncmp(err.text, rows[i].complaint,
		                                               strlen(rows[i].complaint)) != 0)
			fail_msg("%s: gave %d, %s", rows[i].line, r, r == OK ? q.verb : err.text);
		json_decref(q.object);
	}
}

/* To the byte, and NUL bytes and depth are no way around. */
static void limits(void **state) {
	char *line = malloc(REQUEST_BYTES_MAX + 1);
	struct request q;
	struct error err;

	(void)state;
	assert_non_null(line);
	memset(line, ' ', REQUEST_BYTES_MAX + 1);
	memcpy(line, "{\"verb\":\"wake\"}", 15);
	assert_int_equal(request_parse(line, REQUEST_BYTES_MAX, &q, &err), OK);
	json_decref(q.object);
	assert_int_equal(request_parse(line, REQUEST_BYTES_MAX + 1, &q, &err), ERR_INVALID);
	assert_string_equal(err.text, "the request is longer than 64 KiB");
	line[20] = '\0';
	assert_int_equal(request_parse(line, 64, &q, &err), ERR_INVALID);
	memset(line, '[', REQUEST_BYTES_MAX);
	assert_int_equal(request_parse(line, REQUEST_BYTES_MAX, &q, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "maximum parsing depth"));
	free(line);
}

static const struct {
	const char *verb;
	uid_t peer, self;
	const char *complaint; /* NULL: allowed */
} peers[] = {
	{ "status", 65534, 0, NULL },
	{ "wake", 65534, 0, NULL },
	{ "sync", 0, 1000, NULL },
	{ "sync", 1000, 1000, NULL },
	{ "suspend", 0, 0, NULL },
	{ "sync", 65534, 0, "sync is for root alone, and you are uid 65534: use sudo" },
	{ "suspend", 65534, 1000,
	  "suspend is for root and the agent's user (uid 1000) alone, and you are uid 65534: use "
	  "sudo" },
	{ "resume", 1001, 1000,
	  "resume is for root and the agent's user (uid 1000) alone, and you are uid 1001: use "
	  "sudo" },
};

static void allows(void **state) {
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		const struct request q = { .verb = peers[i].verb };
		struct error err = { 0 };
		bool may = request_allowed(&q, peers[i].peer, peers[i].self, &err);
		if (may != !peers[i].complaint ||
		    (!may && strcmp(err.text, peers[i].complaint) != 0))
			fail_msg("%s by uid %u of uid %u: %s", peers[i].verb,
			         (unsigned)peers[i].peer, (unsigned)peers[i].self,
			         may ? "allowed" : err.text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
		cmocka_unit_test(limits),
		cmocka_unit_test(allows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
