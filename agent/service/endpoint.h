/*
 * endpoint -- the control socket's place in the file system: taken, found stale, given back.
 */
#pragma once

#include <sys/stat.h>
#include <sys/un.h>

#include "base/error.h"

/* ERR_INVALID where the path is too long for a socket. */
int endpoint_address(const char *path, struct sockaddr_un *ret, struct error *err) MUST_USE;

struct endpoint {
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	dev_t device;
	ino_t inode;
};

/*
 * Listens at the path; the descriptor is the caller's. A socket that nobody listens at is taken
 * away first, one that somebody does listen at is ERR_LOCKED, and what is no socket is left alone.
 * Of several that start at once one succeeds. The last folder is made where it is missing.
 */
int endpoint_listen(const char *path, int *ret_fd, struct endpoint *ret,
                    struct error *err) MUST_USE;

/* Removes the socket, if it is still the one that was made; while it is still listened at. */
void endpoint_remove(const struct endpoint *e);
