/*
 * control -- the socket by which people speak to the running agent.
 *
 * A Unix stream socket. A client sends one JSON object on one line (at most 64 KiB) and gets one
 * JSON object on one line; then the connection ends. {"verb": "status"} may be asked by whoever
 * the socket's mode lets in; `sync`, `suspend` and `resume` only by root and by the user that the
 * agent runs as: the kernel tells who that is (SO_PEERCRED), the client is not asked. `wake`, which
 * makes the agent look soon, is everybody's. Everything is on the loop and nothing in it blocks: a
 * client that has not sent its request within five seconds, or not read its answer within ten, is
 * cut off. At most 64 are served at once; the next is told so.
 *
 * The agent answers {"ok": {...}} or {"error": {"message": ..., "exit": N}}. Beside the verb:
 *
 *     sync     "text", "document": true for those two of the answer that will be shown
 *              -> "exit": N, "text": as it is printed, "document": an object
 *     suspend  "reason": a text, "until": a time (RFC 3339); both may be missing
 *              -> "since": a time, "reason": a text, "until": a time or null
 *     resume   -> "was": was it suspended?
 */
#pragma once

#include <jansson.h>
#include <uv.h>

#include "base/buf.h"
#include "base/error.h"

struct control;

/* One request that waits for its answer. */
struct control_request;

struct control_handler {
	/*
	 * `args` is the request's object, borrowed for the call. Must be answered exactly once,
	 * now or later, with one of the two below; an answer to a client that went away is dropped,
	 * also after control_stop().
	 */
	void (*handle)(void *context, const char *verb, const json_t *args,
	               struct control_request *r);
	void *context;
};

/* The part of an answer behind "ok": JSON without line breaks, but for one at its end; the buffer
 * is left empty. */
void control_answer(struct control_request *r, struct buf *json);
void control_refuse(struct control_request *r, int exit_code, const char *message);
/* Who asks: "uid 0". */
const char *control_peer(const struct control_request *r);

/*
 * Listens. A socket that nobody listens at any more is taken away; one that somebody does listen
 * at is ERR_LOCKED. The last folder of the path is made where it is missing (mode 0750); the
 * socket has the mode 0660. SIGPIPE must be ignored.
 */
int control_start(uv_loop_t *loop, const char *path, struct control_handler handler,
                  struct control **ret, struct error *err) MUST_USE;
/* Other times than those above, in milliseconds, for clients that come from now on; for tests. */
void control_times(struct control *c, uint64_t send_ms, uint64_t read_ms);
/* Ends all connections and removes the socket; the loop must run once more after it. NULL is fine.
 */
void control_stop(struct control *c);

uint64_t control_requests(const struct control *c); /* so far, refused ones too */
