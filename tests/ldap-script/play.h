/*
 * play -- one connection, played by its part of the script.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "tests/ldap-script/wire.h"

/* What all connections share. */
struct show {
	const struct script *script;
	struct tally tally;
	const char *cert, *key; /* of TLS, where the script names none; may be NULL */
	bool trace;             /* tell every message on standard error */
	int stop;               /* readable once the show is over */
	int wake;               /* written to when a connection has ended */
	long limit;             /* seconds */
	atomic_bool late;       /* the show is over because its time is */
	atomic_bool failed;     /* somebody told why */
	pthread_mutex_t telling;
};

struct connection {
	struct show *show;
	const struct statement *block;
	int number, fd;
	pthread_t thread;
	atomic_bool ended;
	struct connection *next;
};

/* A thread's whole life: plays the block on `fd`, and closes it. */
void *play(void *connection);
