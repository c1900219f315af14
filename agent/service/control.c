#include "agent/service/control.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "agent/command.h"
#include "agent/service/endpoint.h"
#include "agent/service/request.h"
#include "base/json.h"

enum { CLIENTS_MAX = 64, BACKLOG = 128, SEND_MS = 5000, READ_MS = 10000 };

#define OWNER_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct control {
	uv_pipe_t listener;
	uv_loop_t *loop;
	struct endpoint endpoint;
	struct control_handler handler;
	uint64_t send_ms, read_ms, requests;
	struct client *clients;
	size_t n_clients;
	bool closed; /* the listener */
	char chunk[16 * 1024];
};

/* ASKING ~~> WAITING ~~> TOLD ~~> CLOSING; any of them may go to CLOSING, whose end frees it. */
enum state {
	ASKING,  /* it has not sent its whole request yet */
	WAITING, /* for the handler */
	TOLD,    /* its answer is on the way */
	CLOSING,
};

struct client {
	uv_pipe_t pipe;
	uv_timer_t limit;
	uv_write_t write;
	int handles; /* that are not closed yet */
	enum state state;
	struct control *control;
	struct client *prev, *next;
	uid_t uid;
	struct buf in, out;
	struct control_request *request; /* while WAITING */
};

struct control_request {
	struct client *client; /* NULL: it went away */
	char peer[32];
};

static void free_if_done(struct control *c) {
	if (c->closed && !c->n_clients)
		free(c);
}

static void on_closed(uv_handle_t *handle, struct client *client) {
	struct control *c = client->control;

	(void)handle;
	if (--client->handles)
		return;
	DL_DELETE(c->clients, client);
	c->n_clients--;
	buf_done(&client->in);
	buf_done(&client->out);
	free(client);
	free_if_done(c);
}

static void on_pipe_closed(uv_handle_t *handle) {
	on_closed(handle, OWNER_OF(handle, struct client, pipe));
}

static void on_limit_closed(uv_handle_t *handle) {
	on_closed(handle, OWNER_OF(handle, struct client, limit));
}

static void hang_up(struct client *client) {
	if (client->state == CLOSING)
		return;
	client->state = CLOSING;
	if (client->request)
		client->request->client = NULL;
	uv_close((uv_handle_t *)&client->pipe, on_pipe_closed);
	uv_close((uv_handle_t *)&client->limit, on_limit_closed);
}

static void on_written(uv_write_t *write, int status) {
	(void)status;
	/* What the client has not read yet stays readable for it. */
	hang_up(OWNER_OF(write, struct client, write));
}

static void on_unread(uv_timer_t *limit) {
	hang_up(OWNER_OF(limit, struct client, limit));
}

/* Takes the buffer over. `head` and `tail` stand around it. */
static void tell(struct client *client, const char *head, struct buf *body, const char *tail) {
	uv_buf_t parts[] = {
		{ .base = (char *)head, .len = strlen(head) },
		{ .base = body->data, .len = body->len },
		{ .base = (char *)tail, .len = strlen(tail) },
	};

	if (client->request)
		client->request->client = NULL;
	client->request = NULL;
	client->state = TOLD;
	client->out = *body;
	*body = (struct buf){ 0 };
	(void)uv_read_stop((uv_stream_t *)&client->pipe);
	(void)uv_timer_start(&client->limit, on_unread, client->control->read_ms, 0);
	if (uv_write(&client->write, (uv_stream_t *)&client->pipe, parts, 3, on_written) != 0)
		hang_up(client);
}

static void tell_error(struct client *client, int exit_code, const char *message) {
	struct buf out = { 0 };
	struct json j = { .out = &out, .compact = true };

	json_open(&j, '{');
	json_key(&j, "message");
	json_text(&j, message);
	json_key(&j, "exit");
	json_int(&j, exit_code);
	json_close(&j, '}');
	out.len--; /* the end of the line */
	tell(client, "{\"error\":", &out, "}\n");
}

void control_answer(struct control_request *r, struct buf *json) {
	struct client *client = r->client;

	if (json->len && json->data[json->len - 1] == '\n')
		json->len--;
	assert(json->len && !memchr(json->data, '\n', json->len));
	if (client)
		tell(client, "{\"ok\":", json, "}\n");
	buf_done(json);
	free(r);
}

void control_refuse(struct control_request *r, int exit_code, const char *message) {
	if (r->client)
		tell_error(r->client, exit_code, message);
	free(r);
}

const char *control_peer(const struct control_request *r) {
	return r->peer;
}

static void hand_over(struct client *client, const struct request *q) {
	struct control_handler handler = client->control->handler;
	struct control_request *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->client = client;
	(void)snprintf(r->peer, sizeof(r->peer), "uid %u", (unsigned)client->uid);
	client->request = r;
	client->state = WAITING;
	handler.handle(handler.context, q->verb, q->object, r);
}

/* The line is complete. */
static void ask(struct client *client) {
	struct request q;
	struct error err;

	client->control->requests++;
	(void)uv_timer_stop(&client->limit);
	buf_add(&client->in, "", 0); /* there is one, even where nothing was sent */
	if (request_parse(client->in.data, client->in.len, &q, &err) < 0) {
		tell_error(client, EXIT_USAGE, err.text);
		return;
	}
	buf_done(&client->in);
	if (request_allowed(&q, client->uid, geteuid(), &err))
		hand_over(client, &q);
	else
		tell_error(client, EXIT_REFUSED, err.text);
	json_decref(q.object);
}

static void hear(struct client *client, const char *bytes, size_t n) {
	const char *end = memchr(bytes, '\n', n);
	size_t of_line = end ? (size_t)(end - bytes) : n;

	/* A second request while the first waits is a mistake; it may have come in one piece. */
	if (client->state == WAITING || (end && of_line + 1 < n)) {
		tell_error(client, EXIT_USAGE,
		           "one request is answered, on one line: connect "
		           "again for the next");
		return;
	}
	buf_add(&client->in, bytes, of_line);
	if (end || client->in.len > REQUEST_BYTES_MAX)
		ask(client);
}

/* Has it only ended its side, as `nc -N` does, and still waits for the answer? */
static bool still_reads(const struct client *client) {
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0)
		return false;
	struct pollfd peer = { .fd = fd };
	return poll(&peer, 1, 0) == 0;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct client *client = OWNER_OF(stream, struct client, pipe);

	if (n > 0)
		hear(client, buf->base, (size_t)n);
	else if (n < 0 && (n != UV_EOF || !still_reads(client)))
		hang_up(client);
	else if (n < 0 && client->state == ASKING)
		ask(client);
}

/* One for all: what is read is used up before the next read. */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
	struct control *c = OWNER_OF(handle, struct client, pipe)->control;

	(void)suggested;
	*ret = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void on_unsent(uv_timer_t *limit) {
	tell_error(OWNER_OF(limit, struct client, limit), EXIT_USAGE,
	           "the request did not come in time, or its line does not end");
}

static bool ask_kernel_who(struct client *client) {
	struct ucred who;
	socklen_t len = sizeof(who);
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)&client->pipe, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		return false;
	client->uid = who.uid;
	return true;
}

static void on_connection(uv_stream_t *listener, int status) {
	struct control *c = OWNER_OF(listener, struct control, listener);

	if (status < 0)
		return; /* it went away again, or there are no descriptors: the next may do better
		         */
	struct client *client = calloc(1, sizeof(*client));
	if (!client || uv_pipe_init(c->loop, &client->pipe, 0) != 0 ||
	    uv_timer_init(c->loop, &client->limit) != 0)
		abort();
	client->control = c;
	client->handles = 2;
	DL_APPEND(c->clients, client);
	c->n_clients++;
	if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 || !ask_kernel_who(client)) {
		hang_up(client);
	} else if (c->n_clients > CLIENTS_MAX) {
		tell_error(client, EXIT_UNREACHABLE,
		           "too many speak to the agent at once: try again in a moment");
	} else {
		(void)uv_timer_start(&client->limit, on_unsent, c->send_ms, 0);
		(void)uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read);
	}
}

static void on_listener_closed(uv_handle_t *handle) {
	struct control *c = OWNER_OF(handle, struct control, listener);

	c->closed = true;
	free_if_done(c);
}

int control_start(uv_loop_t *loop, const char *path, struct control_handler handler,
                  struct control **ret, struct error *err) {
	struct endpoint endpoint;
	int fd, r = endpoint_listen(path, &fd, &endpoint, err);

	if (r < 0)
		return r;
	struct control *c = calloc(1, sizeof(*c));
	if (!c || uv_pipe_init(loop, &c->listener, 0) != 0)
		abort();
	c->loop = loop;
	c->endpoint = endpoint;
	c->handler = handler;
	control_times(c, SEND_MS, READ_MS);
	/* Not uv_pipe_bind(): at its end that removes the path, whoever's socket is there then. */
	r = uv_pipe_open(&c->listener, fd);
	if (r == 0)
		r = uv_listen((uv_stream_t *)&c->listener, BACKLOG, on_connection);
	if (r == 0) {
		*ret = c;
		return OK;
	}
	control_stop(c);
	return error_set(err, ERR_IO, "cannot listen at %s: %s", path, uv_strerror(r));
}

void control_times(struct control *c, uint64_t send_ms, uint64_t read_ms) {
	c->send_ms = send_ms;
	c->read_ms = read_ms;
}

void control_stop(struct control *c) {
	if (!c)
		return;
	endpoint_remove(&c->endpoint);
	for (struct client *client = c->clients; client; client = client->next)
		hang_up(client);
	uv_close((uv_handle_t *)&c->listener, on_listener_closed);
}

uint64_t control_requests(const struct control *c) {
	return c->requests;
}
