/*
 * http -- /metrics, /healthz, /readyz and the page, by libmicrohttpd on a thread of its own.
 *
 * The loop publishes finished bodies; the thread serves the last ones, and never asks the loop for
 * anything, so that a stuck loop is seen: /healthz compares its last tick with now. GET and HEAD
 * alone; nothing that is sent is looked at but method and path. Whoever can reach the address may
 * read: there is no password, and it listens on this machine alone unless the config says more.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct http;

/*
 * `listen`: ADDRESS:PORT as the config writes it, [::1]:9464 for IPv6; port 0 takes a free one.
 * /healthz is 503 when the last tick is longer ago than `stall` seconds; starting counts as one.
 * All signals are blocked in its thread.
 */
int http_start(const char *listen, int64_t stall, struct http **ret, struct error *err) MUST_USE;
struct http *http_stop(struct http *h); /* NULL is fine; returns NULL */

/* Where it listens: "127.0.0.1:9464". */
const char *http_address(const struct http *h);

/*
 * Takes the bytes over and leaves the buffers empty. `not_ready`: why /readyz says 503; NULL: 200.
 * Before the first one all but /healthz is 503.
 */
void http_publish(struct http *h, struct buf *metrics, struct buf *page, const char *not_ready);

/* The loop is alive; from it, each second. */
void http_tick(struct http *h);

uint64_t http_requests(const struct http *h);
