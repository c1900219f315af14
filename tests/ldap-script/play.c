#include "tests/ldap-script/play.h"

#include <ldap.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/ldap-script/answer.h"
#include "tests/ldap-script/match.h"
#include "tests/ldap-script/player.h"
#include "tests/ldap-script/tls.h"

enum next { /* what comes after a statement */
	    GO_ON,
	    OVER, /* nothing more of this connection */
};

/* A request that a block answers: always, or once. */
static void stand(struct player *p, const struct statement *s) {
	struct standing one = { .statement = s };
	ARENA_PUSH(p->arena, &p->standing, one);
}

static enum next play_steps(struct player *p, const struct statements *steps);

/* The newest block that the request fits is played. */
static bool answered(struct player *p, const struct request *r, enum next *ret) {
	for (size_t i = p->standing.n; i > 0; i--) {
		struct standing *one = &p->standing.v[i - 1];
		if (one->used || match(p->arena, one->statement, r, &p->labels))
			continue;
		one->used = one->statement->verb == VERB_ONCE;
		const struct statement *at = p->at;
		struct request before = p->request;
		player_takes(p, one->statement, r);
		*ret = play_steps(p, &one->statement->body);
		p->at = at;
		p->request = before;
		return true;
	}
	return false;
}

/* A `once` that never came is not met. */
static enum next finished(struct player *p) {
	for (size_t i = 0; i < p->standing.n; i++)
		if (p->standing.v[i].statement->verb == VERB_ONCE && !p->standing.v[i].used) {
			p->at = p->standing.v[i].statement;
			tell_not_met(p, "the client closed the connection", NULL);
			break;
		}
	return OVER;
}

static enum next play_expect(struct player *p, const struct statement *s) {
	struct request r;
	enum next next = GO_ON;

	while (next == GO_ON) {
		enum came came = player_request(p, &r);
		if (came == CAME_CLOSE && s->request == &request_close)
			return finished(p);
		if (came != CAME_REQUEST)
			return OVER;
		if (s->request == &request_close && r.kind->tag == LDAP_REQ_UNBIND)
			continue; /* which says that it will close */
		const char *why = match(p->arena, s, &r, &p->labels);
		if (!why) {
			player_takes(p, s, &r);
			return GO_ON;
		}
		if (!answered(p, &r, &next)) {
			tell_not_met(p, NULL, why);
			return OVER;
		}
	}
	return next;
}

/* Behind the last statement: until the client closes, blocks answer. */
static void play_rest(struct player *p) {
	struct request r;
	enum next next = GO_ON;

	p->at = NULL;
	while (next == GO_ON) {
		if (player_request(p, &r) != CAME_REQUEST || r.kind->tag == LDAP_REQ_UNBIND) {
			finished(p);
			return;
		}
		if (!answered(p, &r, &next)) {
			tell_not_met(p, NULL, "nothing was expected any more");
			return;
		}
	}
}

static enum next play_answer(struct player *p, const struct statement *s) {
	struct buf b = { 0 };
	ber_int_t id = p->request.id;
	ber_tag_t tag = p->request.kind ? p->request.kind->answer : 0;
	const struct part *to = part_find(&s->parts, "to");
	const struct label *label = to ? label_find(&p->labels, to->value.bv_val) : NULL;

	if (label) {
		id = label->id;
		tag = label->answer;
	}
	if (to && !label) {
		tell(p, s, "no request was called '%s'", to->value.bv_val);
		return OVER;
	}
	if (!s->answer->tag && !tag) {
		tell(p, s, "there is no request that has a result");
		return OVER;
	}
	id = (ber_int_t)answer_number(&s->parts, "id", s->answer->unsolicited ? 0 : id);
	answer_encode(s, id, tag, &b);
	tell_sent(p, s, id);
	wire_send(&p->wire, b.data, b.len);
	buf_done(&b);
	return GO_ON;
}

/* How a fault, or a statement, ends the connection. */
static enum next end_by(struct player *p, enum verb how) {
	p->struck = true;
	p->reset = how == VERB_RESET;
	if (how == VERB_SILENT && wire_silent(&p->wire) == WIRE_STOPPED)
		tell_not_met(p, "no end of the client", NULL);
	return OVER;
}

static enum next after_sending(struct player *p) {
	switch (p->wire.state) {
	case WIRE_WELL:
		return GO_ON;
	case WIRE_STRUCK:
		return end_by(p, p->wire.then);
	case WIRE_GONE:
		tell_not_met(p, "the client closed the connection", NULL);
		return OVER;
	case WIRE_TLS:
		tell_not_met(p, gnutls_strerror(p->wire.tls_error), NULL);
		return OVER;
	case WIRE_STOPPED:
		tell_not_met(p, "nothing", NULL);
		return OVER;
	}
	return OVER;
}

static const char *value(const struct statement *s, const char *name, const char *otherwise) {
	const struct part *p = part_find(&s->parts, name);

	return p ? p->value.bv_val : otherwise;
}

static enum next play_tls(struct player *p, const struct statement *s) {
	const struct tls_how how = { .cert = value(s, "cert", p->show->cert),
		                     .key = value(s, "key", p->show->key),
		                     .ca = value(s, "ca", NULL),
		                     .client = value(s, "client", NULL),
		                     .priority = value(s, "priority", NULL) };
	bool refused = part_find(&s->parts, "refused") != NULL;
	const char *why = "";

	if (p->wire.in.len > 0) {
		tell_not_met(p, "bytes in the clear before TLS", NULL);
		return OVER;
	}
	enum wire state = tls_accept(&p->wire, &how, &why);
	if (refused && state == WIRE_WELL)
		tell_not_met(p, "a whole handshake", NULL);
	else if (refused && (state == WIRE_GONE || state == WIRE_TLS))
		p->struck = true;
	else if (state != WIRE_TLS)
		return after_sending(p);
	else
		tell_not_met(p, gnutls_strerror(p->wire.tls_error), why);
	return OVER;
}

static enum next play_step(struct player *p, const struct statement *s) {
	struct wire_end *w = &p->wire;

	p->at = s;
	switch (s->verb) {
	case VERB_ALWAYS:
	case VERB_ONCE:
		stand(p, s);
		return GO_ON;
	case VERB_EXPECT:
		return play_expect(p, s);
	case VERB_ANSWER:
		if (play_answer(p, s) == OVER)
			return OVER;
		return after_sending(p);
	case VERB_BYTES:
		wire_send(w, s->bytes.bv_val, s->bytes.bv_len);
		return after_sending(p);
	case VERB_RAW:
		wire_raw(w, s->bytes.bv_val, s->bytes.bv_len);
		return after_sending(p);
	case VERB_AFTER:
		wire_limit(w, (size_t)s->number, s->then, s->then_number);
		return after_sending(p);
	case VERB_WAIT:
		wire_sleep(w, s->number);
		return after_sending(p);
	case VERB_DELAY:
		w->delay = s->number;
		return GO_ON;
	case VERB_DRIP:
		w->drip = true;
		w->drip_between = s->number;
		return GO_ON;
	case VERB_CLOSE:
	case VERB_RESET:
	case VERB_SILENT:
		return end_by(p, s->verb);
	case VERB_TLS:
		return play_tls(p, s);
	default:
		tell(p, s, "it is no step of a connection");
		return OVER;
	}
}

static enum next play_steps(struct player *p, const struct statements *steps) {
	enum next next = GO_ON;

	for (size_t i = 0; i < steps->n && next == GO_ON; i++)
		next = play_step(p, steps->v[i]);
	return next;
}

void *play(void *connection) {
	struct connection *c = connection;
	struct player p = {
		.show = c->show,
		.arena = arena_new(),
		.block = c->block,
		.number = c->number,
		.wire = { .fd = c->fd, .stop = c->show->stop, .tally = &c->show->tally },
	};

	if (play_steps(&p, &c->show->script->prologue) == GO_ON &&
	    play_steps(&p, &c->block->body) == GO_ON)
		play_rest(&p);
	if (p.wire.state == WIRE_STRUCK && !p.struck) /* TLS spoke while we listened */
		end_by(&p, p.wire.then);
	if (p.wire.limited && !p.struck)
		tell(&p, c->block, "the fault of 'after' never struck: %zu bytes more were wanted",
		     p.wire.budget);
	wire_close(&p.wire, p.reset);
	arena_free(p.arena);
	atomic_store(&c->ended, true);
	uint64_t one = 1;
	(void)!write(c->show->wake, &one, sizeof(one));
	return NULL;
}
