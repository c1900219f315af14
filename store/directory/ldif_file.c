#include "store/directory/ldif_file.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_fd(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

static int io_error(struct error *err, const char *what, const char *path) {
	return error_set(err, ERR_IO, "cannot %s %s: %s", what, path, strerror(errno));
}

static bool same_stat(const struct stat *x, const struct stat *y) {
	return x->st_dev == y->st_dev && x->st_ino == y->st_ino && x->st_size == y->st_size &&
	       x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

bool ldif_same(const struct ldif_stamp *x, const struct ldif_stamp *y) {
	return same_stat(&x->stat, &y->stat) && memcmp(x->digest, y->digest, LDIF_DIGEST) == 0;
}

static int check_kind(const struct stat *st, const char *path, struct error *err) {
	enum { LIMIT_MIB = 2048 };

	if (S_ISDIR(st->st_mode))
		return error_set(err, ERR_INVALID, "%s is a folder; name an LDIF file", path);
	if (!S_ISREG(st->st_mode))
		return error_set(err, ERR_INVALID, "%s is no regular file; name an LDIF file",
		                 path);
	if (st->st_size >= (off_t)LIMIT_MIB * 1024 * 1024)
		return error_set(err, ERR_INVALID,
		                 "%s is larger than 2 GiB; export fewer attributes or objects",
		                 path);
	return OK;
}

/* Reads until the end of the file or `cap` bytes. */
static ssize_t read_all(int fd, char *data, size_t cap) {
	size_t len = 0;

	while (len < cap) {
		ssize_t n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static void take_digest(struct ldif_bytes *b) {
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, b->len, (const uint8_t *)b->data);
	sha256_digest(&ctx, LDIF_DIGEST, b->stamp.digest);
}

static int fill(int fd, const char *path, struct ldif_bytes *b, struct error *err) {
	struct stat after;
	size_t size = (size_t)b->stamp.stat.st_size;

	b->data = malloc(size + 2);
	if (!b->data)
		return error_set(err, ERR_IO, "there is no memory to read %s", path);
	ssize_t n = read_all(fd, b->data, size + 1);
	if (n < 0 || fstat(fd, &after) != 0)
		return io_error(err, "read", path);
	if ((size_t)n != size || !same_stat(&b->stamp.stat, &after))
		return error_set(err, ERR_IO, "%s is being written to; try again when it is done",
		                 path);
	b->len = size;
	b->data[size] = '\0';
	return OK;
}

/* Nobody needs to write to a FIFO for it to be told from a file. */
static int open_file(const char *path) {
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

int ldif_stamp_now(const char *path, struct ldif_stamp *ret, struct error *err) {
	enum { CHUNK = 256 * 1024 };
	CLEANUP(close_fd) int fd = open_file(path);
	struct sha256_ctx ctx;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &ret->stat) != 0)
		return io_error(err, "read", path);
	int r = check_kind(&ret->stat, path, err);
	if (r < 0)
		return r;
	char *chunk = malloc(CHUNK);
	if (!chunk)
		abort();
	sha256_init(&ctx);
	while ((n = read_all(fd, chunk, CHUNK)) > 0)
		sha256_update(&ctx, (size_t)n, (const uint8_t *)chunk);
	free(chunk);
	sha256_digest(&ctx, LDIF_DIGEST, ret->digest);
	return n < 0 ? io_error(err, "read", path) : OK;
}

int ldif_load(const char *path, bool digest, struct ldif_bytes *ret, struct error *err) {
	CLEANUP(close_fd) int fd = open_file(path);
	struct ldif_bytes b = { 0 };

	if (fd < 0 || fstat(fd, &b.stamp.stat) != 0)
		return io_error(err, "read", path);
	int r = check_kind(&b.stamp.stat, path, err);
	if (r == OK)
		r = fill(fd, path, &b, err);
	if (r < 0) {
		ldif_bytes_done(&b);
		return r;
	}
	if (digest)
		take_digest(&b);
	*ret = b;
	return OK;
}

void ldif_bytes_done(struct ldif_bytes *b) {
	free(b->data);
	*b = (struct ldif_bytes){ 0 };
}
