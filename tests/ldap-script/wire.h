/*
 * wire -- bytes to and from one client, with the faults that strike bytes.
 *
 * All waiting ends when the descriptor `stop` becomes readable: that is the time limit, and
 * the end of the show. The faults lie below TLS, so that they cut records as well as messages.
 */
#pragma once

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/buf.h"
#include "tests/ldap-script/script.h"

/* --cut and --stall: what all connections have sent, and where that ends. */
struct tally {
	pthread_mutex_t lock;
	size_t sent, at;
	bool armed, struck;
	enum verb then;   /* close or silent */
	struct buf marks; /* where each message ended, */
	size_t marked;    /* and the last of these */
};

enum wire {
	WIRE_WELL,
	WIRE_STRUCK,  /* a fault: `then` says how the connection ends */
	WIRE_GONE,    /* the client closed it, or is not there any more */
	WIRE_STOPPED, /* the show is over */
	WIRE_TLS,     /* TLS failed: `tls_error` */
};

struct wire_end {
	int fd, stop;
	struct tally *tally;
	gnutls_session_t tls; /* NULL: in the clear */
	gnutls_certificate_credentials_t credentials;
	int tls_error;
	struct buf in;     /* what came and was not yet taken */
	enum wire state;   /* the first that was not well stays */
	bool limited;      /* after `budget` bytes comes `then` */
	size_t budget;     /* bytes still to be sent */
	enum verb then;    /* silent, close, reset, wait */
	long then_number;  /* of wait: milliseconds */
	long delay;        /* before each message, in milliseconds */
	bool drip;         /* each byte by itself, */
	long drip_between; /* with that many milliseconds between them */
};

/* One message: waits the delay first, and is marked in the tally. */
enum wire wire_send(struct wire_end *w, const char *data, size_t len);
/* As it is, below TLS. */
enum wire wire_raw(struct wire_end *w, const char *data, size_t len);
/* More bytes into `in`, whenever they come. */
enum wire wire_fill(struct wire_end *w);
/* What is there, below TLS; waits for it. 0: the client closed; -1: not any more. */
ssize_t wire_receive(struct wire_end *w, void *data, size_t len);
/* Is there something to receive within that time (negative: ever)? 1, 0 or -1. */
int wire_readable(struct wire_end *w, long ms);
enum wire wire_sleep(struct wire_end *w, long ms);
/* Until the client closes; nothing is read. */
enum wire wire_silent(struct wire_end *w);
/* From now on `then` strikes after so many bytes. */
enum wire wire_limit(struct wire_end *w, size_t bytes, enum verb then, long then_number);
void wire_close(struct wire_end *w, bool reset);
