/* The thread that owns a handle: the only one that calls libldap with it. */
#include "store/directory/ldap_thread.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/directory/ldap_message.h"

void ldap_asks_push(struct ldap_asks *q, struct ldap_ask *ask) {
	ask->next = NULL;
	if (q->last)
		q->last->next = ask;
	else
		q->first = ask;
	q->last = ask;
}

struct ldap_ask *ldap_asks_pop(struct ldap_asks *q) {
	struct ldap_ask *ask = q->first;

	if (ask) {
		q->first = ask->next;
		if (!q->first)
			q->last = NULL;
	}
	return ask;
}

static void asks_remove(struct ldap_asks *q, const struct ldap_ask *ask) {
	struct ldap_asks kept = { 0 };
	struct ldap_ask *a;

	while ((a = ldap_asks_pop(q)) != NULL)
		if (a != ask)
			ldap_asks_push(&kept, a);
	*q = kept;
}

/* What was sent and is not answered whole. The answer grows here: the ask may not be ours any
 * more once the caller has given us up. */
struct flight {
	int id;
	int answers; /* the tag of its last message */
	struct ldap_ask *ask;
	struct ldap_ask answer;
	struct flight *next;
};

struct thread {
	struct ldap_link *l;
	struct ldap_session session;
	LDAP *ld; /* of the session */
	struct flight *flights;
	const char *lost; /* why the connection is of no use any more; NULL */
	char notice[256];
};

/* ---- answers -------------------------------------------------------------------------------- */

static struct flight *find(struct thread *t, int id) {
	for (struct flight *f = t->flights; f; f = f->next)
		if (f->id == id)
			return f;
	return NULL;
}

static void drop(struct thread *t, struct flight *flight) {
	for (struct flight **f = &t->flights; *f; f = &(*f)->next)
		if (*f == flight) {
			*f = flight->next;
			break;
		}
	free(flight);
}

static void deliver(struct thread *t, struct flight *f) {
	struct ldap_link *l = t->l;
	struct ldap_ask *ask = f->ask;

	uv_mutex_lock(&l->mutex);
	if (!l->abandoned) {
		ask->end = LDAP_ASK_ANSWERED;
		ask->code = f->answer.code;
		ask->text = f->answer.text;
		ask->referred = f->answer.referred;
		ask->next_cookie = f->answer.next_cookie;
		ask->who = f->answer.who;
		ask->found.v = f->answer.found.v;
		ask->found.n = f->answer.found.n;
		ask->arena = f->answer.arena;
		asks_remove(&l->sent, ask);
		ldap_asks_push(&l->answered, ask);
		uv_cond_signal(&l->told);
	} else
		arena_free(f->answer.arena);
	uv_mutex_unlock(&l->mutex);
	drop(t, f);
}

static void take(struct thread *t, LDAPMessage *message) {
	struct flight *f = find(t, ldap_msgid(message));

	if (ldap_msgid(message) == LDAP_RES_UNSOLICITED) {
		if (ldap_message_notice(t->ld, message, t->notice, sizeof(t->notice)))
			t->lost = t->notice;
	} else if (f && !ldap_message_answers(message, f->answers)) {
		t->lost = "answered what was not asked";
	} else if (f && ldap_message_take(t->ld, message, &f->answer))
		deliver(t, f);
	/* What nobody asked for is nobody's. */
	ldap_msgfree(message);
}

static const char *why_lost(LDAP *ld) {
	int code = LDAP_SERVER_DOWN;

	(void)ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
	return code == LDAP_SERVER_DOWN ? "closed the connection" : "sent what is no LDAP";
}

/* TLS may hold back what poll() does not see: until there is nothing, there may be more. */
static void drain(struct thread *t) {
	struct timeval none = { 0, 0 };
	LDAPMessage *message;

	while (!t->lost) {
		int r = ldap_result(t->ld, LDAP_RES_ANY, LDAP_MSG_ONE, &none, &message);
		if (r == 0)
			return;
		if (r > 0)
			take(t, message);
		else
			t->lost = why_lost(t->ld);
	}
}

/* ---- questions ------------------------------------------------------------------------------ */

static void send_ask(struct thread *t, struct ldap_ask *ask) {
	struct flight *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->ask = ask;
	f->answers = ldap_message_last(ask);
	f->answer.arena = arena_new();
	f->answer.text = "";
	f->next = t->flights;
	t->flights = f;
	int code = ldap_message_send(t->ld, ask, &f->id);
	if (code == LDAP_SUCCESS)
		return;
	if (code == LDAP_SERVER_DOWN) {
		t->lost = "closed the connection";
		return;
	}
	/* It never left us: that is an answer. */
	f->answer.code = code;
	f->answer.text = arena_strdup(f->answer.arena, ldap_err2string(code));
	deliver(t, f);
}

static struct ldap_ask *next_asked(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	struct ldap_ask *ask = l->abandoned ? NULL : ldap_asks_pop(&l->asked);
	if (ask)
		ldap_asks_push(&l->sent, ask);
	uv_mutex_unlock(&l->mutex);
	return ask;
}

static bool stopped(struct ldap_link *l) {
	uv_mutex_lock(&l->mutex);
	bool stop = l->stop || l->abandoned;
	uv_mutex_unlock(&l->mutex);
	return stop;
}

static void serve(struct thread *t) {
	struct ldap_link *l = t->l;
	struct pollfd wait[2] = { { .fd = l->fd, .events = POLLIN },
		                  { .fd = l->wake, .events = POLLIN } };
	struct ldap_ask *ask;
	uint64_t count;

	while (!t->lost && !stopped(l)) {
		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[1].revents)
			(void)!read(l->wake, &count, sizeof(count));
		drain(t);
		while (!t->lost && (ask = next_asked(l)) != NULL) {
			send_ask(t, ask);
			drain(t);
		}
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static void tell_awaited(void *link, const char *whom) {
	struct ldap_link *l = link;

	uv_mutex_lock(&l->mutex);
	snprintf(l->awaited, sizeof(l->awaited), "%s", whom);
	uv_mutex_unlock(&l->mutex);
}

/* What is begun with an old ticket might outlast it. */
static void take_life(struct ldap_link *l, int64_t last_ms) {
	int64_t now = (int64_t)(uv_hrtime() / 1000000);

	if (last_ms) {
		l->stale_at = now + last_ms / 2;
		l->ends_at = now + last_ms;
	}
}

static bool open_handle(struct thread *t) {
	struct ldap_link *l = t->l;
	const struct ldap_watch watch = { tell_awaited, l };
	struct error err = { 0 };
	struct ldap_secured secured = { 0 };
	int r = ldap_session_open(&l->target, l->fd, &watch, &t->session, &err);

	t->ld = t->session.ld;
	if (r == OK && l->target.tells)
		ldap_secured_read(t->ld, &secured);
	uv_mutex_lock(&l->mutex);
	l->secured = secured;
	if (r < 0)
		l->error = err;
	else
		l->opened = !l->abandoned && !l->late;
	take_life(l, t->session.last_ms);
	uv_cond_signal(&l->told);
	uv_mutex_unlock(&l->mutex);
	return r == OK;
}

static void end(struct thread *t) {
	struct ldap_link *l = t->l;

	while (t->flights) {
		arena_free(t->flights->answer.arena);
		drop(t, t->flights);
	}
	if (t->ld && t->lost)
		ldap_destroy(t->ld);
	else if (t->ld)
		(void)ldap_unbind_ext(t->ld, NULL, NULL);
	uv_mutex_lock(&l->mutex);
	if (t->lost && !*l->why)
		snprintf(l->why, sizeof(l->why), "%s %s", l->target.place.uri, t->lost);
	l->ended = true;
	bool abandoned = l->abandoned, left = l->left;
	uv_cond_signal(&l->told);
	uv_mutex_unlock(&l->mutex);
	if (abandoned)
		ldap_link_came_back(l, left);
}

void ldap_thread_run(void *link) {
	struct thread t = { .l = link };

	if (open_handle(&t))
		serve(&t);
	end(&t);
}
