#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/ldap-script/answer.h"
#include "tests/ldap-script/player.h"

/*
 * True where a failure counts. Behind a --cut the client does what it will; once the show is
 * over because somebody else failed, everybody stops half-way; and of `connection *` nothing
 * needs to come.
 */
static bool counts(struct player *p) {
	struct show *show = p->show;
	bool struck, stopped = p->wire.state == WIRE_STOPPED;

	pthread_mutex_lock(&show->tally.lock);
	struck = show->tally.struck;
	pthread_mutex_unlock(&show->tally.lock);
	return !p->told && !struck &&
	       !(stopped && (atomic_load(&show->failed) || p->block->number < 0));
}

static void fails(struct player *p) {
	uint64_t one = 1;

	p->told = true;
	atomic_store(&p->show->failed, true);
	(void)!write(p->show->wake, &one, sizeof(one));
}

void tell(struct player *p, const struct statement *s, const char *format, ...) {
	va_list args;

	if (!counts(p))
		return;
	pthread_mutex_lock(&p->show->telling);
	fprintf(stderr, "%s:%d:%d: ", s->file, s->line, s->column);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	pthread_mutex_unlock(&p->show->telling);
	fails(p);
}

static const char *const verbs[] = {
	[VERB_AFTER] = "after", [VERB_ALWAYS] = "always", [VERB_ANSWER] = "answer",
	[VERB_BYTES] = "bytes", [VERB_DELAY] = "delay",   [VERB_EXPECT] = "expect",
	[VERB_ONCE] = "once",   [VERB_RAW] = "raw",       [VERB_SILENT] = "silent",
	[VERB_TLS] = "tls",     [VERB_WAIT] = "wait",
};

static void tell_statement(struct player *p, struct buf *b, const struct statement *s) {
	buf_puts(b, s->verb < sizeof(verbs) / sizeof(*verbs) && verbs[s->verb] ? verbs[s->verb]
	                                                                       : "statement");
	if (s->request || s->answer)
		buf_printf(b, " %s", s->request ? s->request->name : s->answer->name);
	for (size_t i = 0; i < s->parts.n; i++) {
		buf_putc(b, ' ');
		request_tell_part(p->arena, b, &s->parts.v[i]);
	}
}

void tell_not_met(struct player *p, const char *came, const char *differs) {
	struct buf b = { 0 };
	const struct statement *at = p->at ? p->at : p->block;

	if (!counts(p))
		return;
	buf_printf(&b, "%s:%d:%d: not met: ", at->file, at->line, at->column);
	if (p->at)
		tell_statement(p, &b, at);
	else
		buf_puts(&b, "the end of the connection");
	buf_printf(&b, "\n  came on connection %d: ", p->number);
	if (came)
		buf_puts(&b, came);
	else
		request_tell(&b, &p->came);
	if (p->wire.state == WIRE_STOPPED)
		buf_printf(&b, atomic_load(&p->show->late) ? ", in %ld s" : ", to the end",
		           p->show->limit);
	if (differs)
		buf_printf(&b, "\n  differs: %s", differs);
	buf_putc(&b, '\n');
	pthread_mutex_lock(&p->show->telling);
	fputs(b.data, stderr);
	pthread_mutex_unlock(&p->show->telling);
	buf_done(&b);
	fails(p);
}

static void trace(struct player *p, const char *arrow, ber_int_t id, struct buf *b) {
	pthread_mutex_lock(&p->show->telling);
	fprintf(stderr, "%d %s %d %s\n", p->number, arrow, id, b->data);
	pthread_mutex_unlock(&p->show->telling);
	buf_done(b);
}

void tell_came(struct player *p, const struct request *r) {
	struct buf b = { 0 };

	if (!p->show->trace)
		return;
	request_tell(&b, r);
	trace(p, "<-", r->id, &b);
}

void tell_sent(struct player *p, const struct statement *s, ber_int_t id) {
	struct buf b = { 0 };

	if (!p->show->trace)
		return;
	tell_statement(p, &b, s);
	trace(p, "->", id, &b);
}
