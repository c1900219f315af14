#include "store/directory/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 4096 };

/* A FIFO in the file's place must not hang us, and nothing is read before it was looked at. */
static int open_checked(const char *path, const char *what, int *ret_fd, struct error *err) {
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return error_set(err, ERR_IO, "cannot read the %s %s: %s", what, path,
		                 strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		error_set(err, ERR_INVALID, "the %s %s is no regular file", what, path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		error_set(err, ERR_INVALID,
		          "others may read or change the %s %s (mode %04o); run: chmod 600 %s",
		          what, path, (unsigned)st.st_mode & 07777, path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		error_set(err, ERR_INVALID,
		          "the %s %s belongs to another user; make it belong to the one who runs "
		          "mbxctl",
		          what, path);
	else {
		*ret_fd = fd;
		return OK;
	}
	close(fd);
	return err->code;
}

/* A bind without a password succeeds as nobody (RFC 4513, 5.1.2). */
static int refuse_empty(const char *path, const char *what, struct error *err) {
	return error_set(err, ERR_INVALID, "the first line of the %s %s is empty", what, path);
}

int secret_check_file(const char *path, const char *what, struct error *err) {
	int fd = -1;
	int r = open_checked(path, what, &fd, err);

	if (r == OK)
		close(fd);
	return r;
}

int secret_check(const char *path, const char *what, struct error *err) {
	char first = '\0';
	int fd = -1;
	int r = open_checked(path, what, &fd, err);

	if (r < 0)
		return r;
	if (read(fd, &first, 1) != 1 || first == '\r' || first == '\n')
		r = refuse_empty(path, what, err);
	close(fd);
	explicit_bzero(&first, 1);
	return r;
}

void secret_leave_no_core(void) {
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}

int secret_read(const char *path, const char *what, char **ret, size_t *ret_len,
                struct error *err) {
	int fd = -1;
	int r = open_checked(path, what, &fd, err);

	if (r < 0)
		return r;
	secret_leave_no_core();
	char *bytes = calloc(1, SECRET_MAX + 1);
	if (!bytes)
		abort();
	ssize_t n = read(fd, bytes, SECRET_MAX);
	int error = errno;
	close(fd);
	size_t len = n > 0 ? strcspn(bytes, "\r\n") : 0;
	if (n < 0)
		error_set(err, ERR_IO, "cannot read the %s %s: %s", what, path, strerror(error));
	else if (n == SECRET_MAX)
		error_set(err, ERR_INVALID, "the %s %s is too long", what, path);
	else if (!len)
		(void)refuse_empty(path, what, err);
	else {
		explicit_bzero(bytes + len, SECRET_MAX - len);
		*ret = bytes;
		*ret_len = len;
		return OK;
	}
	secret_wipe(bytes, SECRET_MAX);
	return err->code;
}

void secret_wipe(char *secret, size_t len) {
	if (secret)
		explicit_bzero(secret, len);
	free(secret);
}
