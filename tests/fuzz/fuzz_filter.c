#include <assert.h>
#include <string.h>

#include "reconcile/filter.h"
#include "tests/fuzz/fuzz.h"

/* A few attributes of a user; one of them was not read to its end. */
static const struct value *values(const void *subject, const char *folded, int id, size_t *ret_n,
                                  bool *ret_incomplete) {
	static const struct value names[] = { { "John Evans", 10 }, { "jevans", 6 } };
	static const struct value numbers[] = { { "1073741824", 10 }, { "-7", 2 } };

	(void)subject, (void)id;
	*ret_incomplete = strcmp(folded, "proxyaddresses") == 0;
	*ret_n = 0;
	if (strcmp(folded, "cn") == 0 || strcmp(folded, "mailnickname") == 0) {
		*ret_n = 2;
		return names;
	}
	if (strcmp(folded, "msexchrecipienttypedetails") != 0)
		return NULL;
	*ret_n = 2;
	return numbers;
}

static void count(void *to, const char *folded) {
	assert(*folded);
	++*(size_t *)to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new();
	const struct filter_subject subject = { .values = values, .a = a };
	const char *why = NULL;
	size_t names = 0;
	const struct filter *f = filter_parse(a, arena_copy(a, data, size), &why);

	assert(f || (why && *why));
	if (f) {
		filter_names(f, count, &names);
		assert(names > 0 || filter_matches(f, &subject) != VERDICT_UNREADABLE);
		/* Asked twice, it says the same. */
		assert(filter_matches(f, &subject) == filter_matches(f, &subject));
	}
	arena_free(a);
	return 0;
}
