#include "tests/ldap-script/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static enum wire becomes(struct wire_end *w, enum wire state) {
	if (w->state == WIRE_WELL)
		w->state = state;
	return w->state;
}

/* Until one of the events, or the time: 0. Negative time: for ever. */
static int wait_for(struct wire_end *w, short events, long ms) {
	struct pollfd fds[] = { { .fd = w->stop, .events = POLLIN },
		                { .fd = w->fd, .events = events } };
	int n;

	do
		n = poll(fds, events ? 2 : 1, (int)ms);
	while (n < 0 && errno == EINTR);
	if (n > 0 && fds[0].revents)
		becomes(w, WIRE_STOPPED);
	return n;
}

enum wire wire_sleep(struct wire_end *w, long ms) {
	wait_for(w, 0, ms);
	return w->state;
}

enum wire wire_silent(struct wire_end *w) {
	if (w->state == WIRE_WELL || w->state == WIRE_STRUCK) {
		w->state = WIRE_WELL;
		wait_for(w, POLLRDHUP, -1);
		becomes(w, WIRE_GONE);
	}
	return w->state;
}

static enum wire strike(struct wire_end *w) {
	w->limited = false;
	if (w->then == VERB_WAIT)
		return wire_sleep(w, w->then_number);
	return becomes(w, WIRE_STRUCK);
}

enum wire wire_limit(struct wire_end *w, size_t bytes, enum verb then, long then_number) {
	w->limited = true;
	w->budget = bytes;
	w->then = then;
	w->then_number = then_number;
	return bytes == 0 ? strike(w) : w->state;
}

/* How many of these bytes may go before something strikes; counts them. */
static size_t allowed(struct wire_end *w, size_t len) {
	struct tally *t = w->tally;

	if (w->drip)
		len = 1;
	if (w->limited && len > w->budget)
		len = w->budget;
	pthread_mutex_lock(&t->lock);
	if (t->armed && len >= t->at - t->sent)
		len = t->at - t->sent;
	t->sent += len;
	if (t->armed && t->sent == t->at) {
		t->armed = false;
		t->struck = true;
		w->limited = true;
		w->budget = len;
		w->then = t->then;
	}
	pthread_mutex_unlock(&t->lock);
	return len;
}

static enum wire put(struct wire_end *w, const char *data, size_t len) {
	while (len > 0 && w->state == WIRE_WELL) {
		wait_for(w, POLLOUT, -1);
		if (w->state != WIRE_WELL)
			break;
		ssize_t n = send(w->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return becomes(w, WIRE_GONE);
		data += n;
		len -= (size_t)n;
	}
	return w->state;
}

enum wire wire_raw(struct wire_end *w, const char *data, size_t len) {
	while (len > 0 && w->state == WIRE_WELL) {
		size_t n = allowed(w, len);
		if (put(w, data, n) != WIRE_WELL)
			break;
		data += n;
		len -= n;
		if (w->limited && (w->budget -= n) == 0)
			strike(w);
		if (w->drip && len > 0)
			wire_sleep(w, w->drip_between);
	}
	return w->state;
}

enum wire wire_send(struct wire_end *w, const char *data, size_t len) {
	if (w->delay && wire_sleep(w, w->delay) != WIRE_WELL)
		return w->state;
	if (!w->tls)
		wire_raw(w, data, len);
	while (w->tls && len > 0 && w->state == WIRE_WELL) {
		ssize_t n = gnutls_record_send(w->tls, data, len);
		if (n < 0 && gnutls_error_is_fatal((int)n)) {
			w->tls_error = (int)n;
			becomes(w, WIRE_TLS);
		} else if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	pthread_mutex_lock(&w->tally->lock);
	w->tally->marked = w->tally->sent;
	buf_printf(&w->tally->marks, " %zu", w->tally->marked);
	pthread_mutex_unlock(&w->tally->lock);
	return w->state;
}

int wire_readable(struct wire_end *w, long ms) {
	int n = wait_for(w, POLLIN, ms);

	return w->state != WIRE_WELL ? -1 : n > 0;
}

ssize_t wire_receive(struct wire_end *w, void *data, size_t len) {
	if (w->state != WIRE_WELL || wire_readable(w, -1) < 0)
		return -1;
	return recv(w->fd, data, len, 0);
}

enum wire wire_fill(struct wire_end *w) {
	char chunk[16384];
	ssize_t n;

	if (w->state != WIRE_WELL)
		return w->state;
	if (w->tls) {
		do
			n = gnutls_record_recv(w->tls, chunk, sizeof(chunk));
		while (n < 0 && !gnutls_error_is_fatal((int)n) && w->state == WIRE_WELL);
	} else {
		n = wire_receive(w, chunk, sizeof(chunk));
	}
	if (n <= 0)
		return becomes(w, WIRE_GONE);
	buf_add(&w->in, chunk, (size_t)n);
	return WIRE_WELL;
}

/* What came and was not read would turn our FIN into a RST. */
static void drain(struct wire_end *w) {
	char chunk[4096];

	shutdown(w->fd, SHUT_WR);
	while (recv(w->fd, chunk, sizeof(chunk), MSG_DONTWAIT) > 0)
		;
}

void wire_close(struct wire_end *w, bool reset) {
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (w->tls)
		gnutls_deinit(w->tls);
	if (w->credentials)
		gnutls_certificate_free_credentials(w->credentials);
	if (reset)
		setsockopt(w->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	else
		drain(w);
	close(w->fd);
	w->fd = -1;
	buf_done(&w->in);
}
