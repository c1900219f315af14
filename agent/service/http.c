#include "agent/service/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/service/listen.h"
#include "base/timestamp.h"

enum { CONNECTIONS = 64, CONNECTIONS_OF_ONE = 16, INACTIVE_SECONDS = 10, CONNECTION_BYTES = 32768 };

#define PLAIN   "text/plain; charset=utf-8"
#define HTML    "text/html; charset=utf-8"
#define METRICS "text/plain; version=0.0.4; charset=utf-8"

/* What one path answers; libmicrohttpd counts who still sends it. */
struct answer {
	unsigned status;
	struct MHD_Response *response;
};

struct http {
	struct MHD_Daemon *daemon;
	int64_t stall;
	char address[LISTEN_TEXT];
	_Atomic int64_t tick; /* of the monotonic clock */
	_Atomic uint64_t requests;
	pthread_mutex_t lock; /* of the three */
	struct answer metrics, page, ready;
};

static int64_t monotonic(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void header(struct MHD_Response *r, const char *name, const char *value) {
	if (MHD_add_response_header(r, name, value) != MHD_YES)
		abort();
}

/* Takes the bytes over. */
static struct answer answer(unsigned status, const char *type, struct buf *body) {
	struct MHD_Response *r =
	        MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);

	if (!r)
		abort();
	*body = (struct buf){ 0 };
	header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	header(r, "X-Content-Type-Options", "nosniff");
	header(r, "Content-Security-Policy",
	       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
	       "'none'; "
	       "frame-ancestors 'none'");
	header(r, "Referrer-Policy", "no-referrer");
	return (struct answer){ status, r };
}

static struct answer sentence(unsigned status, const char *text) {
	struct buf body = { 0 };

	buf_printf(&body, "%s\n", text);
	return answer(status, PLAIN, &body);
}

static enum MHD_Result send_once(struct MHD_Connection *c, struct answer a) {
	enum MHD_Result r = MHD_queue_response(c, a.status, a.response);

	MHD_destroy_response(a.response);
	return r;
}

/* Under the lock, so that a new body cannot take it away before it is counted. */
static enum MHD_Result send_shared(struct http *h, struct MHD_Connection *c,
                                   const struct answer *a) {
	pthread_mutex_lock(&h->lock);
	enum MHD_Result r = MHD_queue_response(c, a->status, a->response);
	pthread_mutex_unlock(&h->lock);
	return r;
}

static enum MHD_Result send_metrics(struct http *h, struct MHD_Connection *c) {
	return send_shared(h, c, &h->metrics);
}

static enum MHD_Result send_page(struct http *h, struct MHD_Connection *c) {
	return send_shared(h, c, &h->page);
}

static enum MHD_Result send_ready(struct http *h, struct MHD_Connection *c) {
	return send_shared(h, c, &h->ready);
}

static enum MHD_Result send_health(struct http *h, struct MHD_Connection *c) {
	int64_t still = monotonic() - atomic_load(&h->tick);
	char since[TIMESTAMP_TEXT], length[TIMESTAMP_TEXT];
	struct buf body = { 0 };

	if (still <= h->stall)
		return send_once(c, sentence(MHD_HTTP_OK, "ok"));
	buf_printf(&body, "the agent stands still since %s (%s)\n",
	           timestamp_text((int64_t)time(NULL) - still, since),
	           duration_text(still, length));
	return send_once(c, answer(MHD_HTTP_SERVICE_UNAVAILABLE, PLAIN, &body));
}

static const struct path {
	const char *path;
	enum MHD_Result (*send)(struct http *h, struct MHD_Connection *c);
} paths[] = {
	{ "/", send_page },
	{ "/metrics", send_metrics },
	{ "/healthz", send_health },
	{ "/readyz", send_ready },
};

static enum MHD_Result refuse_method(struct MHD_Connection *c) {
	struct answer a = sentence(MHD_HTTP_METHOD_NOT_ALLOWED,
	                           "nothing can be changed here: use GET or HEAD, or the commands "
	                           "of mbxctl");

	header(a.response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	return send_once(c, a);
}

static bool has_body(struct MHD_Connection *c) {
	const char *length =
	        MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strtoull(length, NULL, 10) > 0) ||
	       MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when the head of a request was read, and again when all of it was: `seen` is NULL in the
 * first call alone. What is refused is refused at once, and its body never read. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **seen) {
	struct http *h = context;

	(void)version;
	(void)body;
	(void)body_len;
	if (!*seen) {
		*seen = h;
		atomic_fetch_add(&h->requests, 1);
		if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
		    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
			return refuse_method(c);
		if (has_body(c))
			return send_once(c, sentence(MHD_HTTP_CONTENT_TOO_LARGE,
			                             "a request has no body here"));
		return MHD_YES;
	}
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (strcmp(paths[i].path, path) == 0)
			return paths[i].send(h, c);
	return send_once(c, sentence(MHD_HTTP_NOT_FOUND,
	                             "there is nothing here: see /, /metrics, /healthz, /readyz"));
}

static struct MHD_Daemon *start(struct http *h, int fd) {
	sigset_t all, before;

	/* A thread begins with the mask of the one that makes it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	struct MHD_Daemon *d = MHD_start_daemon(
	        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, h,
	        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
	        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_OF_ONE,
	        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)INACTIVE_SECONDS,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
	        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return d;
}

static void release(struct http *h) {
	MHD_destroy_response(h->metrics.response);
	MHD_destroy_response(h->page.response);
	MHD_destroy_response(h->ready.response);
}

static struct http *http_free(struct http *h) {
	release(h);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return NULL;
}

int http_start(const char *listen, int64_t stall, struct http **ret, struct error *err) {
	static const char starting[] = "the agent has only just started";
	struct http *h = calloc(1, sizeof(*h));
	int fd;

	if (!h)
		abort();
	h->stall = stall;
	h->metrics = sentence(MHD_HTTP_SERVICE_UNAVAILABLE, starting);
	h->page = sentence(MHD_HTTP_SERVICE_UNAVAILABLE, starting);
	h->ready = sentence(MHD_HTTP_SERVICE_UNAVAILABLE, starting);
	pthread_mutex_init(&h->lock, NULL);
	http_tick(h);
	int r = listen_open(listen, &fd, h->address, err);
	if (r == OK)
		h->daemon = start(h, fd);
	/* The library may have closed the socket or not: the process ends over this anyway. */
	if (r == OK && !h->daemon)
		r = error_set(err, ERR_IO, "cannot serve HTTP on %s: libmicrohttpd does not start",
		              h->address);
	if (r == OK)
		*ret = h;
	else
		http_free(h);
	return r;
}

struct http *http_stop(struct http *h) {
	if (!h)
		return NULL;
	MHD_stop_daemon(h->daemon);
	return http_free(h);
}

const char *http_address(const struct http *h) {
	return h->address;
}

void http_publish(struct http *h, struct buf *metrics, struct buf *page, const char *not_ready) {
	struct answer new_metrics = answer(MHD_HTTP_OK, METRICS, metrics);
	struct answer new_page = answer(MHD_HTTP_OK, HTML, page);
	struct answer new_ready = not_ready ? sentence(MHD_HTTP_SERVICE_UNAVAILABLE, not_ready)
	                                    : sentence(MHD_HTTP_OK, "ok");

	pthread_mutex_lock(&h->lock);
	release(h);
	h->metrics = new_metrics;
	h->page = new_page;
	h->ready = new_ready;
	pthread_mutex_unlock(&h->lock);
}

void http_tick(struct http *h) {
	atomic_store(&h->tick, monotonic());
}

uint64_t http_requests(const struct http *h) {
	return atomic_load(&h->requests);
}
