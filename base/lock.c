#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/timestamp.h"

struct lock {
	int fd;
};

static void name_holder(int fd, const char *path, struct error *err) {
	char line[256] = "";
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	(void)error_set(err, ERR_LOCKED, "%s is locked by %s", path,
	                *line ? line : "another process");
}

/* When the process was started tells its holder from a later one with the same number. */
static void write_holder(int fd, const char *command) {
	char line[256], text[TIMESTAMP_TEXT];
	int n = snprintf(line, sizeof(line), "process %ld (mbxctl %s) since %s\n", (long)getpid(),
	                 command, timestamp_text((int64_t)time(NULL), text));

	/* For people only: a full disk does not make the lock a worse one. */
	if (ftruncate(fd, 0) != 0 || pwrite(fd, line, (size_t)n, 0) != n)
		return;
}

int lock_try(const char *path, const char *command, struct lock **ret, struct error *err) {
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (fd < 0)
		return error_set(err, ERR_IO, "cannot open the lock file %s: %s", path,
		                 strerror(errno));
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			name_holder(fd, path, err);
		else
			(void)error_set(err, ERR_IO, "cannot lock %s: %s", path, strerror(errno));
		close(fd);
		return err->code;
	}
	write_holder(fd, command);
	struct lock *l = calloc(1, sizeof(*l));
	if (!l)
		abort();
	l->fd = fd;
	*ret = l;
	return OK;
}

struct lock *lock_release(struct lock *l) {
	if (!l)
		return NULL;
	close(l->fd);
	free(l);
	return NULL;
}
