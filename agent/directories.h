/*
 * directories -- every directory that a run asks: the config's own, the account forests of linked
 * mailboxes, and the servers that connections name.
 *
 * To whoever uses it that is one: each key is answered by the directory that it names, each write
 * goes to the server that it names. The config's own has to be there; what another one cannot
 * answer is unknown, and nothing else is. Blocking: agent/ calls it on a worker.
 */
#pragma once

#include "agent/away.h"
#include "agent/session.h"

struct directories;

/* Connects to nobody yet. ERR_INVALID: see directory_new(). The session must live as long, and
 * `away`: who did not answer of late, and does not now; NULL: every silence is news. */
int directories_new(const struct session *s, struct away *away, struct directories **ret,
                    struct error *err) MUST_USE;
struct directories *directories_free(struct directories *d); /* NULL is fine; returns NULL */

/* Begins a pass on the config's own, as directory_begin(); the others begin when they are asked. */
int directories_begin(struct directories *d, bool write, struct error *err) MUST_USE;
void directories_end(struct directories *d); /* also after a begin that failed */

/* What the others answer from now on is as it is now. Who could not be reached is not tried again
 * before the end: silence costs its time once. */
void directories_renew(struct directories *d);

void directories_fetch(struct directories *d, const struct keys *keys, struct world *w);

size_t directories_window(const struct directories *d);
bool directories_shared(const struct directories *d);

/* Carries out a window, each at its server (elsewhere.h; NULL: the config's own); an outcome in
 * each modification, whatever happened. */
void directories_apply(struct directories *d, struct arena *a, const char *const *servers,
                       struct modification *batch, size_t n);
