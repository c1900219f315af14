/*
 * listen -- a socket that listens where the config says, or a sentence that says why not.
 */
#pragma once

#include "base/error.h"

enum { LISTEN_TEXT = 300 };

/*
 * `where`: ADDRESS:PORT or HOST:PORT, [::1]:9464 for IPv6; of a host's addresses the first that can
 * be had. Port 0 takes a free one. *ret is the socket, not blocking and closed in children; `bound`
 * is where it listens. May ask a name server.
 */
int listen_open(const char *where, int *ret, char bound[static LISTEN_TEXT],
                struct error *err) MUST_USE;
