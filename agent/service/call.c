#include "agent/service/call.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/service/endpoint.h"
#include "base/buf.h"

/* An agent whose loop is alive takes a request at once, however long the answer needs. */
enum { TAKE_SECONDS = 10, TICK_MS = 100, ANSWER_BYTES_MAX = 1 << 30 };

struct call {
	int fd;
	const char *path;
	int64_t began, deadline; /* milliseconds; INT64_MAX: none */
	struct call_waiter *waiter;
	struct error *err;
};

static int64_t now_ms(void) {
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum { NAME_TEXT = 64 };

/* `mbxctl`, or `uid 999` where nobody bears the number. Returns `text`. */
static char *user_text(uid_t uid, char text[static NAME_TEXT]) {
	const struct passwd *p = getpwuid(uid);

	if (p)
		(void)snprintf(text, NAME_TEXT, "%s", p->pw_name);
	else
		(void)snprintf(text, NAME_TEXT, "uid %u", (unsigned)uid);
	return text;
}

static char *group_text(gid_t gid, char text[static NAME_TEXT]) {
	const struct group *g = getgrgid(gid);

	if (g)
		(void)snprintf(text, NAME_TEXT, "group %s", g->gr_name);
	else
		(void)snprintf(text, NAME_TEXT, "gid %u", (unsigned)gid);
	return text;
}

/* Whose it is, and so who may help; asked only after the kernel refused. */
static int not_allowed(const struct sockaddr_un *address, struct error *err) {
	char path[sizeof(address->sun_path)], user[NAME_TEXT], group[NAME_TEXT];
	struct stat st;
	bool socket = stat(address->sun_path, &st) == 0;

	memcpy(path, address->sun_path, sizeof(path));
	if (!socket) {
		char *slash = strrchr(path, '/');
		*(slash && slash > path ? slash : path + 1) = '\0';
		if (stat(path, &st) != 0)
			return error_set(err, ERR_IO,
			                 "you may not reach the control socket %s: use sudo, or "
			                 "the agent's user",
			                 address->sun_path);
	}
	return error_set(err, ERR_IO,
	                 "you may not speak to the agent: %s %s belongs to %s, %s: use sudo, or "
	                 "the agent's user",
	                 socket ? "the control socket" : "the folder", path,
	                 user_text(st.st_uid, user), group_text(st.st_gid, group));
}

static int not_connected(const struct sockaddr_un *address, int trouble, struct error *err) {
	const char *path = address->sun_path;
	struct stat st;

	if (trouble == EACCES || trouble == EPERM)
		return not_allowed(address, err);
	if (trouble == ENOENT || trouble == ENOTDIR)
		return error_set(err, ERR_IO,
		                 "no agent is running: there is no socket %s (agent.control of the "
		                 "config); start it with `mbxctl agent`",
		                 path);
	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return error_set(err, ERR_IO,
		                 "no agent is running: %s (agent.control of the config) is no "
		                 "socket",
		                 path);
	if (trouble == ECONNREFUSED)
		return error_set(err, ERR_IO,
		                 "no agent is running: nobody listens at %s: the agent has ended; "
		                 "start it with `mbxctl agent`",
		                 path);
	if (trouble == EAGAIN)
		return error_set(err, ERR_IO, "the agent at %s takes no more calls: it is stuck",
		                 path);
	return error_set(err, ERR_IO, "cannot speak to the agent at %s: %s", path,
	                 strerror(trouble));
}

/* `seconds` 0: at once or not at all. */
static int dial(const char *path, int seconds, int *ret_fd, struct error *err) {
	struct timeval limit = { .tv_sec = seconds };
	struct sockaddr_un address;

	if (endpoint_address(path, &address, err) < 0)
		return err->code;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (seconds ? 0 : SOCK_NONBLOCK), 0);
	/* connect() waits so long for its turn where many are waiting. */
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		*ret_fd = fd;
		return OK;
	}
	int trouble = errno;
	if (fd >= 0)
		close(fd);
	return not_connected(&address, trouble, err);
}

/* Until the socket is ready; OK, or ERR_IO when the time is over. */
static int await(const struct call *c, short events) {
	struct pollfd socket = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t now = now_ms(), left = c->deadline - now;
		if (left <= 0)
			return error_set(c->err, ERR_IO,
			                 "the agent at %s gives no answer: it is stuck, or very "
			                 "busy",
			                 c->path);
		if (c->waiter)
			c->waiter->tick(c->waiter, now - c->began);
		if (left > TICK_MS && c->waiter)
			left = TICK_MS;
		int n = poll(&socket, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (n > 0)
			return OK;
		if (n < 0 && errno != EINTR)
			return error_set(c->err, ERR_IO, "cannot wait for the agent: %s",
			                 strerror(errno));
	}
}

/* An agent that is through with us (too many clients, too long a line) has answered, all the same:
 * what it said is read next. */
static int send_all(const struct call *c, const char *bytes, size_t len) {
	while (len > 0) {
		ssize_t n = send(c->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return OK;
		if (n < 0 && await(c, POLLOUT) < 0)
			return c->err->code;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return OK;
}

static int went_away(const struct call *c) {
	return error_set(c->err, ERR_IO, "the agent at %s went away before it had answered",
	                 c->path);
}

/* The line of the answer, without its end. */
static int receive(const struct call *c, struct buf *line) {
	char chunk[64 * 1024];

	for (;;) {
		ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (await(c, POLLIN) < 0)
				return c->err->code;
			continue;
		}
		if (n <= 0)
			return went_away(c);
		const char *end = memchr(chunk, '\n', (size_t)n);
		buf_add(line, chunk, end ? (size_t)(end - chunk) : (size_t)n);
		if (end)
			return OK;
		if (line->len > ANSWER_BYTES_MAX)
			return error_set(c->err, ERR_IO, "the answer of the agent at %s is endless",
			                 c->path);
	}
}

static int read_answer(const struct call *c, const struct buf *line, json_t **ret, int *ret_exit) {
	json_t *answer = json_loadb(line->data, line->len, JSON_REJECT_DUPLICATES, NULL);
	json_t *ok = json_object_get(answer, "ok"), *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));
	json_int_t code = json_integer_value(json_object_get(error, "exit"));

	if (json_is_object(ok)) {
		*ret = json_incref(ok);
		(void)error_set(c->err, OK, "%s", "");
	} else if (message) {
		*ret_exit = code > 0 && code < 256 ? (int)code : EXIT_FAILURE;
		(void)error_set(c->err, ERR_CONFLICT, "%s", message);
	} else {
		(void)error_set(c->err, ERR_IO,
		                "what answers at %s (agent.control of the config) is no agent of "
		                "this version",
		                c->path);
	}
	json_decref(answer);
	return c->err->code;
}

int call_agent(const char *path, const json_t *request, int64_t seconds, struct call_waiter *waiter,
               json_t **ret, int *ret_exit, struct error *err) {
	struct call c = { .path = path, .began = now_ms(), .err = err };
	struct buf line = { 0 };
	char *text = json_dumps(request, JSON_COMPACT);
	int r = dial(path, TAKE_SECONDS, &c.fd, err);

	if (!text)
		abort();
	buf_printf(&line, "%s\n", text);
	free(text);
	if (r == OK) {
		c.deadline = c.began + TAKE_SECONDS * 1000;
		r = send_all(&c, line.data, line.len);
		c.deadline = seconds < 0 ? INT64_MAX : c.began + seconds * 1000;
		c.waiter = waiter;
		line.len = 0;
		if (r == OK)
			r = receive(&c, &line);
		close(c.fd);
	}
	if (r == OK)
		r = read_answer(&c, &line, ret, ret_exit);
	buf_done(&line);
	return r;
}

void call_wake(const char *path) {
	static const char request[] = "{\"verb\":\"wake\"}\n";
	struct error err;
	int fd;

	if (dial(path, 0, &fd, &err) < 0)
		return;
	(void)!send(fd, request, strlen(request), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}
