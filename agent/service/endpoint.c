#include "agent/service/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128, TRIES = 200, TRY_MS = 10, SOCKET_MODE = 0660, FOLDER_MODE = 0750 };

static void close_fd(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

int endpoint_address(const char *path, struct sockaddr_un *ret, struct error *err) {
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* An empty one would be bound, too, outside of the file system. */
	if (!*path)
		return error_set(err, ERR_INVALID, "agent.control of the config is empty");
	if (strlen(path) >= sizeof(ret->sun_path))
		return error_set(
		        err, ERR_INVALID,
		        "the path of the control socket has %zu bytes, and at most %zu are "
		        "possible: write a shorter one as agent.control of the config: %s",
		        strlen(path), sizeof(ret->sun_path) - 1, path);
	memcpy(ret->sun_path, path, strlen(path));
	return OK;
}

/*
 * Opens the folder of the socket, and makes it where it is missing. Whoever holds its lock is the
 * only one who may take a stale socket away: otherwise the second of two agents that start at once
 * takes the new socket of the first. The lock goes with the descriptor.
 */
static int lock_folder(const char *path, int *ret_fd, struct error *err) {
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = ".";
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (slash)
		memcpy(folder, len ? path : "/", len ? len : 1);
	/* chmod(): the umask does not decide who may speak to the agent. */
	int made = mkdir(folder, FOLDER_MODE) == 0 ? 0 : errno;
	if (!made)
		(void)chmod(folder, FOLDER_MODE);
	*ret_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd < 0)
		return error_set(
		        err, ERR_IO,
		        "the folder of the control socket %s cannot be %s: %s; make it for "
		        "the agent's user, or write another path as agent.control of the "
		        "config",
		        path, errno == ENOENT ? "made" : "opened",
		        strerror(errno == ENOENT ? made : errno));
	for (int i = 0; i < TRIES; i++) {
		if (flock(*ret_fd, LOCK_EX | LOCK_NB) == 0)
			return OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, ERR_IO, "cannot lock the folder of %s: %s", path,
			                 strerror(errno));
		(void)poll(NULL, 0, TRY_MS);
	}
	return error_set(err, ERR_LOCKED,
	                 "somebody holds a lock of the folder of the control socket %s", path);
}

/* Somebody else's, or nobody's any more? OK: it is gone now. */
static int remove_stale(const struct sockaddr_un *address, struct error *err) {
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? OK
		                       : error_set(err, ERR_IO, "cannot look at %s: %s", path,
		                                   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, ERR_INVALID,
		                 "%s is no socket, and left alone: agent.control of the config "
		                 "names where the control socket shall be",
		                 path);
	CLEANUP(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(err, ERR_IO, "cannot make a socket: %s", strerror(errno));
	/* EAGAIN: so many are waiting there that somebody must be listening. */
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return error_set(err, ERR_LOCKED, "an agent listens at %s already", path);
	if (errno != ECONNREFUSED || unlink(path) != 0)
		return error_set(err, ERR_IO, "the control socket %s cannot be taken over: %s",
		                 path, strerror(errno));
	return OK;
}

static bool take(int fd, const struct sockaddr_un *address, struct endpoint *e) {
	struct stat st;

	/* Before bind() it takes rights away from the start, whatever the umask; chmod() adds. */
	if (fchmod(fd, SOCKET_MODE) != 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
		return false;
	if (chmod(address->sun_path, SOCKET_MODE) != 0 || lstat(address->sun_path, &st) != 0 ||
	    listen(fd, BACKLOG) != 0)
		return false;
	memcpy(e->path, address->sun_path, sizeof(e->path));
	e->device = st.st_dev;
	e->inode = st.st_ino;
	return true;
}

int endpoint_listen(const char *path, int *ret_fd, struct endpoint *ret, struct error *err) {
	CLEANUP(close_fd) int folder = -1;
	struct sockaddr_un address;
	int r = endpoint_address(path, &address, err);

	if (r < 0 || (r = lock_folder(path, &folder, err)) < 0 ||
	    (r = remove_stale(&address, err)) < 0)
		return r;
	*ret_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*ret_fd >= 0 && take(*ret_fd, &address, ret))
		return OK;
	r = error_set(err, ERR_IO, "cannot listen at %s: %s", path, strerror(errno));
	close_fd(ret_fd);
	return r;
}

void endpoint_remove(const struct endpoint *e) {
	struct stat st;

	if (lstat(e->path, &st) == 0 && st.st_dev == e->device && st.st_ino == e->inode)
		(void)unlink(e->path);
}
