/*
 * notify -- what the service manager is told (sd_notify(3)); nothing where there is none.
 */
#pragma once

#include <stdbool.h>

void notify_ready(const char *status);
void notify_reloading(void); /* notify_ready() ends it */
void notify_stopping(void);
void notify_status(const char *status); /* one line; only where it changed */
/* The loop is alive; from it, at least each second. */
void notify_alive(void);
