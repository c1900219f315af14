#include "agent/service/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct target {
	char host[NI_MAXHOST];
	const char *port;
};

static bool split(const char *where, struct target *ret) {
	const char *colon = strrchr(where, ':');
	size_t len = colon ? (size_t)(colon - where) : 0;

	if (len > 1 && *where == '[' && where[len - 1] == ']') {
		where++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(ret->host) || !colon[1])
		return false;
	memcpy(ret->host, where, len);
	ret->host[len] = '\0';
	ret->port = colon + 1;
	return true;
}

/* What somebody can do about it; `failed` is the errno of bind() or listen(). */
static int refused(const char *where, int failed, struct error *err) {
	switch (failed) {
	case EADDRINUSE:
		return error_set(err, ERR_IO,
		                 "cannot listen on %s: another program listens there already; "
		                 "stop it, or set agent.listen to a free port",
		                 where);
	case EACCES:
	case EPERM:
		return error_set(err, ERR_IO,
		                 "cannot listen on %s: this user may not take that port; set "
		                 "agent.listen to a port from 1024 on",
		                 where);
	case EADDRNOTAVAIL:
		return error_set(err, ERR_IO,
		                 "cannot listen on %s: this machine has no such address; set "
		                 "agent.listen to one that it has, such as 127.0.0.1:9464",
		                 where);
	default:
		return error_set(err, ERR_IO, "cannot listen on %s: %s; set agent.listen", where,
		                 strerror(failed));
	}
}

/* The socket, or -1 with errno. */
static int try_one(const struct addrinfo *at) {
	int yes = 1;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
	                at->ai_protocol);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	int failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

static void tell(int fd, char bound[static LISTEN_TEXT]) {
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);
	char host[LISTEN_TEXT - 16] = "?", port[8] = "?";

	if (getsockname(fd, (struct sockaddr *)&at, &len) == 0)
		(void)getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
		                  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	(void)snprintf(bound, LISTEN_TEXT, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
	               port);
}

int listen_open(const char *where, int *ret, char bound[static LISTEN_TEXT], struct error *err) {
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
		                        .ai_socktype = SOCK_STREAM };
	struct addrinfo *all = NULL;
	struct target target;
	int fd = -1;

	if (!split(where, &target))
		return error_set(err, ERR_INVALID,
		                 "agent.listen \"%s\" is no address and port: write one such as "
		                 "127.0.0.1:9464",
		                 where);
	int r = getaddrinfo(target.host, target.port, &hints, &all);
	if (r != 0)
		return error_set(err, ERR_IO,
		                 "cannot listen on %s: %s; set agent.listen to an address that "
		                 "this machine has, such as 127.0.0.1:9464",
		                 where, r == EAI_SYSTEM ? strerror(errno) : gai_strerror(r));
	for (const struct addrinfo *at = all; at && fd < 0; at = at->ai_next)
		fd = try_one(at);
	int failed = errno;
	freeaddrinfo(all);
	if (fd < 0)
		return refused(where, failed, err);
	tell(fd, bound);
	*ret = fd;
	return OK;
}
