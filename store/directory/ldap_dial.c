#include "store/directory/ldap_dial.h"

#include <errno.h>
#include <fcntl.h>
#include <ldap.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

int ldap_place_parse(struct arena *a, const char *uri, struct ldap_place *ret, struct error *err) {
	LDAPURLDesc *url;

	if (ldap_url_parse(uri, &url) != LDAP_URL_SUCCESS)
		return error_set(err, ERR_INVALID, "\"%s\" is no LDAP address", uri);
	bool local = strcasecmp(url->lud_scheme, "ldapi") == 0;
	const char *host = url->lud_host && *url->lud_host ? url->lud_host : NULL;
	*ret = (struct ldap_place){ .tls = strcasecmp(url->lud_scheme, "ldaps") == 0 };
	if (local) {
		ret->path = arena_strdup(a, host ? host : "/var/run/slapd/ldapi");
		ret->uri = arena_strdup(a, uri);
	} else {
		bool six = host && strchr(host, ':');
		ret->host = arena_strdup(a, host ? host : "localhost");
		ret->port = arena_printf(a, "%d",
		                         url->lud_port ? url->lud_port
		                         : ret->tls    ? 636
		                                       : 389);
		ret->uri = arena_printf(a, "%s://%s%s%s:%s", ret->tls ? "ldaps" : "ldap",
		                        six ? "[" : "", ret->host, six ? "]" : "", ret->port);
	}
	ldap_free_urldesc(url);
	return OK;
}

/* ---- resolving ------------------------------------------------------------------------------ */

/* On the heap, and left there where the resolver does not come back: it will write into it. */
struct resolving {
	uv_loop_t loop;
	uv_getaddrinfo_t request;
	uv_timer_t timer;
	bool answered, late;
	int status;
	struct addrinfo *found;
};

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found) {
	struct resolving *r = (struct resolving *)request->data;

	r->answered = true;
	r->status = status;
	r->found = found;
	uv_stop(&r->loop);
}

static void on_late(uv_timer_t *timer) {
	struct resolving *r = (struct resolving *)timer->data;

	r->late = true;
	uv_stop(&r->loop);
}

static int resolve(const struct ldap_place *p, int64_t timeout_ms, struct addrinfo **ret,
                   struct error *err) {
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct resolving *r = calloc(1, sizeof(*r));

	if (!r || uv_loop_init(&r->loop) || uv_timer_init(&r->loop, &r->timer))
		abort();
	r->request.data = r->timer.data = r;
	int status = uv_getaddrinfo(&r->loop, &r->request, on_resolved, p->host, p->port, &hints);
	if (status == 0) {
		uv_timer_start(&r->timer, on_late, (uint64_t)timeout_ms, 0);
		while (!r->answered && !r->late)
			uv_run(&r->loop, UV_RUN_DEFAULT);
		status = r->status;
	}
	if (r->late && !r->answered)
		return error_set(err, ERR_IO,
		                 "%s: the name %s was not resolved within %lld s; check the name "
		                 "servers",
		                 p->uri, p->host, (long long)timeout_ms / 1000);
	*ret = r->found;
	uv_close((uv_handle_t *)&r->timer, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	free(r);
	if (status < 0)
		return error_set(err, ERR_IO,
		                 "%s: the name %s cannot be resolved (%s); check its spelling and "
		                 "the name servers",
		                 p->uri, p->host, uv_strerror(status));
	return OK;
}

/* ---- connecting ----------------------------------------------------------------------------- */

static int64_t now_ms(void) {
	return (int64_t)(uv_hrtime() / 1000000);
}

static void set_option(int fd, int level, int option, int value) {
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* A peer that vanished without a word is noticed also while nothing is asked. */
static void keep_alive(int fd, int64_t timeout_ms) {
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
	set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)timeout_ms);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int wait_connected(int fd, int64_t timeout_ms) {
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int64_t until = now_ms() + timeout_ms;
	int error = 0, n;
	socklen_t len = sizeof(error);

	do {
		int64_t left = until - now_ms();
		n = poll(&wait, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return ETIMEDOUT;
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

/* An errno, or 0 and the socket. */
static int connect_to(const struct sockaddr *to, socklen_t len, int64_t timeout_ms, int *ret_fd) {
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = fd < 0 ? errno : 0;

	if (!error && to->sa_family != AF_UNIX)
		keep_alive(fd, timeout_ms);
	if (!error && connect(fd, to, len) < 0)
		error = errno == EINPROGRESS ? wait_connected(fd, timeout_ms) : errno;
	/* libldap makes it block anyway, and reads wrongly from one that does not (2.5). */
	if (!error && fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) < 0)
		error = errno;
	if (!error)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return error;
}

static int fail(const struct ldap_place *p, int error, int64_t timeout_ms, struct error *err) {
	if (error == ETIMEDOUT)
		return error_set(err, ERR_IO,
		                 "%s did not answer within %lld s; check that the server runs, and "
		                 "the firewalls on the way",
		                 p->uri, (long long)timeout_ms / 1000);
	if (error == ECONNREFUSED)
		return error_set(err, ERR_IO,
		                 "%s refused the connection; check that the server runs and "
		                 "listens there",
		                 p->uri);
	return error_set(err, ERR_IO, "%s cannot be reached: %s", p->uri, strerror(error));
}

static int connect_local(const struct ldap_place *p, int64_t timeout_ms, int *ret_fd,
                         struct error *err) {
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int64_t until = now_ms() + timeout_ms;
	int error;

	if (strlen(p->path) >= sizeof(to.sun_path))
		return error_set(err, ERR_INVALID, "%s: the path of the socket is too long",
		                 p->uri);
	strcpy(to.sun_path, p->path);
	/* EAGAIN: the server is alive and has not taken those before us. */
	while ((error = connect_to((struct sockaddr *)&to, sizeof(to), timeout_ms, ret_fd)) ==
	               EAGAIN &&
	       now_ms() < until)
		(void)poll(NULL, 0, 20);
	return error ? fail(p, error == EAGAIN ? ETIMEDOUT : error, timeout_ms, err) : OK;
}

/* Each address gets its share of the time: one that is black-holed leaves some to the next. */
static int connect_any(const struct ldap_place *p, struct addrinfo *found, int64_t until,
                       int64_t timeout_ms, struct ldap_peer *peer, int *ret_fd, struct error *err) {
	int error = ETIMEDOUT, left = 0;

	for (const struct addrinfo *i = found; i; i = i->ai_next)
		left++;
	for (const struct addrinfo *i = found; i; i = i->ai_next, left--) {
		int64_t time = (until - now_ms()) / left;
		error = connect_to(i->ai_addr, i->ai_addrlen, time > 0 ? time : 0, ret_fd);
		if (error)
			continue;
		memcpy(&peer->address, i->ai_addr, i->ai_addrlen);
		peer->len = i->ai_addrlen;
		return OK;
	}
	return fail(p, error, timeout_ms, err);
}

int ldap_dial(const struct ldap_place *p, int64_t timeout_ms, struct ldap_peer *peer, int *ret_fd,
              struct error *err) {
	int64_t until = now_ms() + timeout_ms;
	struct addrinfo *found = NULL;

	if (p->path)
		return connect_local(p, timeout_ms, ret_fd, err);
	if (peer->len) {
		int error = connect_to((struct sockaddr *)&peer->address, peer->len, timeout_ms,
		                       ret_fd);
		return error ? fail(p, error, timeout_ms, err) : OK;
	}
	int r = resolve(p, timeout_ms, &found, err);
	if (r == OK)
		r = connect_any(p, found, until, timeout_ms, peer, ret_fd, err);
	uv_freeaddrinfo(found);
	return r;
}

int ldap_addresses(struct arena *a, const struct ldap_place *p, int64_t timeout_ms,
                   struct ldap_peer **ret, size_t *ret_n, struct error *err) {
	struct addrinfo *found = NULL;
	size_t n = 0;

	int r = p->path ? OK : resolve(p, timeout_ms, &found, err);
	if (r < 0)
		return r;
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		n++;
	*ret = ARENA_ARRAY(a, struct ldap_peer, n + 1);
	*ret_n = p->path ? 1 : n;
	n = 0;
	for (const struct addrinfo *i = found; i; i = i->ai_next, n++) {
		memcpy(&(*ret)[n].address, i->ai_addr, i->ai_addrlen);
		(*ret)[n].len = i->ai_addrlen;
	}
	uv_freeaddrinfo(found);
	return OK;
}
