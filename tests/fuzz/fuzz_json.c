#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/inventory_fuzz.h"

/* What would be read as CSV is the other target's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (!size || (data[0] != '[' && data[0] != '{'))
		return -1;
	inventory_fuzz(data, size);
	return 0;
}
