/*
 * ldap_thread -- what ldap_link and its thread share, and the thread.
 *
 * Private to ldap_link. All of it is under the mutex, but for `ld` and `fd`, which are the
 * thread's, and what stands still from the beginning.
 */
#pragma once

#include <uv.h>

#include "store/directory/ldap_link.h"

struct ldap_asks {
	struct ldap_ask *first, *last;
};

void ldap_asks_push(struct ldap_asks *q, struct ldap_ask *ask);
struct ldap_ask *ldap_asks_pop(struct ldap_asks *q); /* NULL: none */

struct ldap_link {
	struct arena *arena; /* of the target: a thread that hangs outlives whoever gave it */
	struct ldap_target target;
	uv_thread_t thread;
	uv_mutex_t mutex;
	uv_cond_t told; /* something was answered, opened or ended */
	int wake;       /* an eventfd: something was asked */
	int fd, dup;    /* the socket: libldap's, and ours to shut it down by */
	struct ldap_asks asked, sent, answered;
	size_t open;        /* asks that the caller has not got back */
	bool stop;          /* say goodbye */
	bool opened;        /* bound */
	bool ended;         /* the thread touches nothing any more */
	bool abandoned;     /* nobody waits for it any more: it may touch nothing */
	bool left;          /* nor will anybody close it: the thread does, should it ever end */
	bool unstarted;     /* there is no thread */
	bool silent;        /* an answer did not come in time */
	bool late;          /* it was not opened in time */
	int64_t stale_at;   /* 0: never; after half the life of the ticket */
	int64_t ends_at;    /* the ticket does */
	char awaited[128];  /* by the thread, where that is not the server; "" */
	char why[512];      /* the connection was lost; "" */
	struct error error; /* why it was not opened */
	struct ldap_secured secured; /* stands still once it is opened */
};

void ldap_thread_run(void *link);

/* By an abandoned thread that ends after all, and then touches the link no more. */
void ldap_link_came_back(struct ldap_link *l, bool left);
