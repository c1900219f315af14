#include "agent/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_fd(int *fd) {
	if (*fd > STDERR_FILENO)
		close(*fd);
}

static int read_all(int fd, const char *path, size_t max, char **ret, size_t *ret_len,
                    struct error *err) {
	size_t len = 0, cap = 65536;
	char *data = malloc(cap + 1);

	for (;;) {
		if (!data)
			abort();
		ssize_t n = read(fd, data + len, cap - len);
		if (n == 0)
			break;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(data);
			return error_set(err, ERR_IO, "cannot read %s: %s", path, strerror(errno));
		}
		len += (size_t)n;
		if (len > max) {
			free(data);
			return error_set(err, ERR_INVALID, "%s is larger than %zu MiB", path,
			                 max >> 20);
		}
		if (len == cap) {
			cap *= 2;
			data = realloc(data, cap + 1);
		}
	}
	data[len] = '\0';
	*ret = data;
	*ret_len = len;
	return OK;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct error *err) {
	CLEANUP(close_fd) int fd = STDIN_FILENO;
	struct stat st;

	if (strcmp(path, "-") == 0)
		return read_all(fd, "standard input", max, ret, ret_len, err);
	/* Without O_NONBLOCK a FIFO would hang here. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return error_set(err, ERR_IO, "cannot open %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERR_INVALID, "%s is %s: name a regular file", path,
		                 S_ISDIR(st.st_mode) ? "a folder" : "a pipe, a socket or a device");
	if ((size_t)st.st_size > max)
		return error_set(err, ERR_INVALID, "%s is larger than %zu MiB", path, max >> 20);
	return read_all(fd, path, max, ret, ret_len, err);
}

const char *file_beside(struct arena *a, const char *from, const char *path) {
	const char *slash = from ? strrchr(from, '/') : NULL;

	if (*path == '/' || !slash)
		return path;
	return arena_printf(a, "%.*s/%s", (int)(slash - from), from, path);
}
