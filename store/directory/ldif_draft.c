#include "store/directory/ldif_draft.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct ldif_calls ldif_calls = { .sync = fsync, .rename = rename };

static int io_error(struct error *err, const char *what, const char *path) {
	return error_set(err, ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static int open_folder(const char *path) {
	char *copy = strdup(path);

	if (!copy)
		abort();
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	return fd;
}

/* Whoever could not read the old file cannot read the new one. */
static int dress(int fd, const struct stat *like) {
	mode_t mode = like->st_mode & 07777;
	struct stat st;

	if (fchown(fd, like->st_uid, like->st_gid) != 0 &&
	    fchown(fd, (uid_t)-1, like->st_gid) != 0 && fstat(fd, &st) == 0 &&
	    st.st_gid != like->st_gid)
		mode &= (mode_t)~070 | ((mode & 07) << 3);
	return fchmod(fd, mode);
}

int ldif_draft_open(struct ldif_draft *d, const struct ldif_calls *calls, const char *path,
                    const char *place, const struct stat *like, struct error *err) {
	*d = (struct ldif_draft){ .calls = calls, .path = path, .place = place, .fd = -1 };
	d->folder = open_folder(path);
	if (d->folder < 0)
		return io_error(err, "open the folder of", place);
	/* To replace a file that may not be written would be to write it. */
	if (faccessat(AT_FDCWD, place, W_OK, AT_EACCESS) != 0)
		return io_error(err, "write", place);
	d->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->fd < 0)
		return io_error(err, "write", path);
	d->made = true;
	if (dress(d->fd, like) != 0)
		return io_error(err, "set the mode of", path);
	return OK;
}

int ldif_draft_write(struct ldif_draft *d, const void *data, size_t len, struct error *err) {
	const char *p = data;

	while (len) {
		ssize_t n = write(d->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return io_error(err, "write", d->path);
		p += n;
		len -= (size_t)n;
	}
	return OK;
}

int ldif_draft_finish(struct ldif_draft *d, struct error *err) {
	int fd = d->fd;

	if (d->calls->sync(fd) != 0)
		return io_error(err, "write", d->path);
	d->fd = -1;
	return close(fd) == 0 ? OK : io_error(err, "write", d->path);
}

int ldif_draft_place(struct ldif_draft *d, struct error *err) {
	if (d->calls->rename(d->path, d->place) != 0)
		return io_error(err, "replace", d->place);
	d->placed = true;
	/* A file system that cannot sync a folder says EINVAL; there is nothing better to do. */
	if (d->calls->sync(d->folder) != 0 && errno != EINVAL)
		return error_set(err, ERR_UNCERTAIN,
		                 "%s was replaced, but it is not certain that this outlives a "
		                 "power failure: %s",
		                 d->place, strerror(errno));
	return OK;
}

void ldif_draft_done(struct ldif_draft *d) {
	if (d->fd >= 0)
		close(d->fd);
	if (d->folder >= 0)
		close(d->folder);
	if (d->made && !d->placed)
		(void)unlink(d->path);
	d->fd = d->folder = -1;
	d->made = false;
}
