/*
 * call -- the other end of the control socket, for the commands that speak to the agent.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Sends a request and waits for its answer; `seconds` < 0: for ever. The answer's "ok" object, for
 * json_decref(). ERR_IO: there is no agent, or it went away; ERR_CONFLICT: it refused, and
 * *ret_exit says with which exit code. The text is a sentence for people.
 */
int call_agent(const char *path, const json_t *request, int64_t seconds, json_t **ret,
               int *ret_exit, struct error *err) MUST_USE;

/* Has the agent look soon, if there is one: without a word otherwise, and without waiting. */
void call_wake(const char *path);
