/* Gives every file of the folders named to the target. What goes wrong is the sanitizers' to say.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1 << 20 };

/* The bytes are on the heap with nothing behind them: one read too far is found. */
static int replay(const char *folder, const char *name) {
	char path[4096];
	uint8_t *bytes = malloc(BYTES_MAX);

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f || !bytes) {
		perror(path);
		exit(1);
	}
	size_t n = fread(bytes, 1, BYTES_MAX, f);
	(void)fclose(f);
	uint8_t *exact = malloc(n ? n : 1);
	if (!exact)
		exit(1);
	memcpy(exact, bytes, n);
	free(bytes);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 1;
}

int main(int argc, char **argv) {
	int n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);
		if (!folder) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *e = readdir(folder); e; e = readdir(folder))
			if (e->d_name[0] != '.')
				n += replay(argv[i], e->d_name);
		closedir(folder);
	}
	printf("%d inputs\n", n);
	return n >= 10 ? 0 : 1;
}
