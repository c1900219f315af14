#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/directory/ldif_read.h"
#include "tests/fuzz/fuzz.h"

static void look(const struct ldif_snapshot *s) {
	struct arena *a = arena_new();
	struct value *values;

	for (size_t i = 0; i < s->n; i++) {
		const struct ldif_record *r = s->records + i;
		assert(r->start <= r->end && r->end <= s->bytes.len &&
		       r->first + r->n <= s->n_fields);
		(void)ldif_by_identity(s, r->normal ? r->normal : "");
		for (uint16_t id = 0; id <= LDIF_CLASS; id++)
			(void)ldif_values(s, r, id, a, &values);
	}
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct ldif_snapshot *s = NULL;
	struct error err;
	char path[64];
	int fd = memfd_create("fuzz.ldif", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (ldif_read(path, "fuzz.ldif", size % 2, &s, &err) == OK)
		look(s);
	ldif_snapshot_free(s);
	close(fd);
	return 0;
}
