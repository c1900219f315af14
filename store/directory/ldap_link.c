/* The caller's side: deadlines. Nothing here calls libldap. */
#include "store/directory/ldap_link.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/directory/ldap_thread.h"

enum { GRACE_MS = 1000, GOODBYE_MS = 200, ABANDONED_MAX = 4 };

static int64_t now_ms(void) {
	return (int64_t)(uv_hrtime() / 1000000);
}

/* Waits, under the mutex, for the thread to have something to tell, no longer than until then. */
static void wait_until(struct ldap_link *l, int64_t until) {
	int64_t left = until - now_ms();

	if (left > 0)
		(void)uv_cond_timedwait(&l->told, &l->mutex, (uint64_t)left * 1000000);
}

/* Frees the thread from whatever it waits for at its socket. */
static void shut(struct ldap_link *l, const char *why) {
	if (!*l->why)
		snprintf(l->why, sizeof(l->why), "%s", why);
	shutdown(l->dup, SHUT_RDWR);
}

static void wake(struct ldap_link *l) {
	const uint64_t one = 1;

	(void)!write(l->wake, &one, sizeof(one));
}

/* How many threads hang where no socket frees them. */
static int abandoned;

/*
 * It keeps what it has, and writes nothing of ours any more. A few of these are bad luck, more
 * would go on for ever.
 */
static void abandon(struct ldap_link *l) {
	l->abandoned = true;
	if (__atomic_add_fetch(&abandoned, 1, __ATOMIC_RELAXED) <= ABANDONED_MAX)
		return;
	fprintf(stderr,
	        "mbxctl: %s: five connections hang where they cannot be ended; giving up. What was "
	        "begun is in the journal, and the next run settles it\n",
	        l->target.place.uri);
	_exit(1);
}

static void release(struct ldap_link *l) {
	if (l->dup >= 0)
		close(l->dup);
	if (l->wake >= 0)
		close(l->wake);
	uv_cond_destroy(&l->told);
	uv_mutex_destroy(&l->mutex);
	arena_free(l->arena);
	free(l);
}

void ldap_link_came_back(struct ldap_link *l, bool left) {
	__atomic_sub_fetch(&abandoned, 1, __ATOMIC_RELAXED);
	if (left)
		release(l);
}

/* ---- opening and closing -------------------------------------------------------------------- */

static void wait_opened(struct ldap_link *l) {
	int64_t until = now_ms() + l->target.timeout_ms;

	uv_mutex_lock(&l->mutex);
	while (!l->opened && !l->ended && now_ms() < until)
		wait_until(l, until);
	if (!l->opened && !l->ended) {
		l->late = true;
		shut(l, "");
		until = now_ms() + GRACE_MS;
		while (!l->ended && now_ms() < until)
			wait_until(l, until);
	}
	uv_mutex_unlock(&l->mutex);
}

static int start(struct ldap_link *l) {
	sigset_t all, before;

	/* Signals are the loop's; one in a handshake has sent clear text after it (sssd 5531). */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int r = uv_thread_create(&l->thread, ldap_thread_run, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int ldap_link_open(const struct ldap_target *t, struct ldap_peer *peer, struct ldap_link **ret,
                   struct error *err) {
	int fd = -1;
	int r = ldap_target_check(t, err);

	if (r == OK)
		r = ldap_dial(&t->place, t->timeout_ms, peer, &fd, err);
	if (r < 0)
		return r;
	struct ldap_link *l = calloc(1, sizeof(*l));
	if (!l || uv_mutex_init(&l->mutex) || uv_cond_init(&l->told))
		abort();
	l->arena = arena_new();
	l->target = ldap_target_copy(l->arena, t);
	l->fd = fd;
	l->dup = dup(fd);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->dup < 0 || l->wake < 0 || start(l) != 0) {
		close(fd);
		l->ended = true;
		error_set(&l->error, ERR_IO, "%s: no thread or descriptor is left", t->place.uri);
		l->unstarted = true;
	}
	wait_opened(l);
	if (l->opened) {
		*ret = l;
		return OK;
	}
	if (l->late && *l->awaited)
		error_set(err, ERR_IO,
		          "%s: Kerberos: %s did not answer within %lld s; check that it runs and "
		          "can be reached from here (port 88)",
		          t->place.uri, l->awaited, (long long)t->timeout_ms / 1000);
	else if (l->late)
		error_set(
		        err, ERR_IO,
		        "%s accepted the connection and then did not answer within %lld s%s; check "
		        "that an LDAP server listens there",
		        t->place.uri, (long long)t->timeout_ms / 1000,
		        t->place.tls ? " (TLS, bind)" : "");
	else
		*err = l->error;
	ldap_link_close(l);
	return err->code;
}

struct ldap_link *ldap_link_close(struct ldap_link *l) {
	if (!l)
		return NULL;
	uv_mutex_lock(&l->mutex);
	l->stop = true;
	wake(l);
	/* One that was not opened in time has had its grace. */
	int64_t until = now_ms() + (l->late ? 0 : GOODBYE_MS);
	while (!l->ended && !l->abandoned && now_ms() < until)
		wait_until(l, until);
	if (!l->ended && !l->abandoned && !l->late) {
		shut(l, "closed");
		until = now_ms() + GRACE_MS;
		while (!l->ended && now_ms() < until)
			wait_until(l, until);
	}
	if (!l->ended && !l->abandoned)
		abandon(l);
	bool left = l->left = l->abandoned && !l->ended;
	if (left)
		pthread_detach(l->thread);
	uv_mutex_unlock(&l->mutex);
	if (left)
		return NULL;
	if (!l->unstarted)
		uv_thread_join(&l->thread);
	release(l);
	return NULL;
}

/* ---- asking --------------------------------------------------------------------------------- */

void ldap_link_send(struct ldap_link *l, struct ldap_ask *ask) {
	ask->end = LDAP_ASK_OPEN;
	ask->code = 0;
	ask->text = "";
	ask->referred = false;
	ask->next_cookie = (struct value){ 0 };
	ask->who = NULL;
	ask->found.v = NULL;
	ask->found.n = ask->found.cap = 0;
	ask->arena = NULL;
	ask->deadline = now_ms() + l->target.timeout_ms;
	uv_mutex_lock(&l->mutex);
	ldap_asks_push(&l->asked, ask);
	l->open++;
	uv_mutex_unlock(&l->mutex);
	wake(l);
}

/* The earliest, of those that the thread has and has not. */
static int64_t first_deadline(const struct ldap_link *l) {
	int64_t first = INT64_MAX;

	for (const struct ldap_ask *a = l->asked.first; a; a = a->next)
		first = a->deadline < first ? a->deadline : first;
	for (const struct ldap_ask *a = l->sent.first; a; a = a->next)
		first = a->deadline < first ? a->deadline : first;
	return first;
}

/* What the thread holds is taken from it, unanswered. */
static struct ldap_ask *take_unanswered(struct ldap_link *l) {
	struct ldap_ask *ask = ldap_asks_pop(&l->asked);

	if (!ask)
		ask = ldap_asks_pop(&l->sent);
	if (ask) {
		ask->end = LDAP_ASK_LOST;
		ask->text = l->why;
	}
	return ask;
}

static void overdue(struct ldap_link *l) {
	char why[sizeof(l->why)];

	snprintf(why, sizeof(why), "%s did not answer within %lld s", l->target.place.uri,
	         (long long)l->target.timeout_ms / 1000);
	l->silent = true;
	shut(l, why);
	int64_t until = now_ms() + GRACE_MS;
	while (!l->ended && now_ms() < until)
		wait_until(l, until);
	if (!l->ended)
		abandon(l);
}

struct ldap_ask *ldap_link_wait(struct ldap_link *l) {
	struct ldap_ask *ask = NULL;

	uv_mutex_lock(&l->mutex);
	while (l->open && !ask) {
		ask = ldap_asks_pop(&l->answered);
		if (ask)
			break;
		if (l->ended || l->abandoned) {
			ask = take_unanswered(l);
			break;
		}
		int64_t first = first_deadline(l);
		if (first <= now_ms())
			overdue(l);
		else
			wait_until(l, first);
	}
	l->open -= ask != NULL;
	uv_mutex_unlock(&l->mutex);
	return ask;
}

void ldap_link_ask(struct ldap_link *l, struct ldap_ask *ask) {
	ldap_link_send(l, ask);
	(void)ldap_link_wait(l);
}

const char *ldap_ask_fault(struct arena *a, const struct ldap_link *l, const struct ldap_ask *ask) {
	if (ask->end == LDAP_ASK_LOST)
		return arena_strdup(a, ask->text);
	if (ask->referred)
		return arena_printf(a, "%s refers to another server, which is not asked",
		                    l->target.place.uri);
	if (ask->code != LDAP_SUCCESS)
		return arena_printf(a, "%s answered: %s%s%s", l->target.place.uri,
		                    ldap_err2string(ask->code), *ask->text ? ": " : "", ask->text);
	return NULL;
}

bool ldap_link_is_nobody(const struct ldap_link *l) {
	return ldap_target_is_nobody(&l->target);
}

bool ldap_link_silent(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	bool silent = l->silent;
	uv_mutex_unlock(&l->mutex);
	return silent;
}

void ldap_link_hurry(struct ldap_link *l, int64_t timeout_ms) {
	if (l->target.timeout_ms > timeout_ms)
		l->target.timeout_ms = timeout_ms;
}

bool ldap_link_stale(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	bool stale = l->stale_at && now_ms() >= l->stale_at;
	uv_mutex_unlock(&l->mutex);
	return stale;
}

void ldap_link_make_do(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	int64_t now = now_ms();
	l->stale_at = l->ends_at > now ? now + (l->ends_at - now + 1) / 2 : INT64_MAX;
	uv_mutex_unlock(&l->mutex);
}

const char *ldap_link_lost(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	bool gone = l->ended || l->abandoned || *l->why;
	uv_mutex_unlock(&l->mutex);
	return !gone ? NULL : *l->why ? l->why : "the connection is closed";
}

const struct ldap_secured *ldap_link_secured(const struct ldap_link *l) {
	return &l->secured;
}
