#include <assert.h>

#include "agent/service/request.h"
#include "tests/fuzz/fuzz.h"

/* What is sent to the control socket is a request with a verb, or told what is wrong with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = { 0 };
	struct request q;

	if (request_parse((const char *)data, size, &q, &err) == OK) {
		assert(json_is_object(q.object) && *q.verb);
		assert(request_allowed(&q, 0, 1, &err));
	} else {
		assert(err.code == ERR_INVALID && *err.text && !q.object);
	}
	json_decref(q.object);
	return 0;
}
