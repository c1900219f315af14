/*
 * call -- the other end of the control socket, for the commands that speak to the agent.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/* Who waits for the answer, the first member of what it knows itself. */
struct call_waiter {
	/* Ten times a second while there is no answer. */
	void (*tick)(struct call_waiter *w, int64_t waited_ms);
};

/*
 * Sends a request and waits for its answer; `seconds` < 0: for ever. The answer's "ok" object, for
 * json_decref(). ERR_IO: there is no agent, or it went away; ERR_INVALID: its path is none;
 * ERR_CONFLICT: it refused, and *ret_exit says with which exit code. The text is a sentence for
 * people, with what others wrote in it as it came. `waiter` may be NULL.
 */
int call_agent(const char *path, const json_t *request, int64_t seconds, struct call_waiter *waiter,
               json_t **ret, int *ret_exit, struct error *err) MUST_USE;

/* Has the agent look soon, if there is one: without a word otherwise, and without waiting. */
void call_wake(const char *path);
