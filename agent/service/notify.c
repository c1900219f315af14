#include "agent/service/notify.h"

#if HAVE_SYSTEMD
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

/* What the manager was told last: saying it again is no news. */
static char last[512];

void notify_ready(const char *status) {
	*last = '\0';
	(void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void) {
	struct timespec now;

	/* The manager tells an old READY from the one that follows by this. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reading the config",
	                 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void notify_stopping(void) {
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *status) {
	if (strncmp(last, status, sizeof(last) - 1) == 0)
		return;
	(void)strncpy(last, status, sizeof(last) - 1);
	(void)sd_notifyf(0, "STATUS=%s", status);
}

void notify_alive(void) {
	(void)sd_notify(0, "WATCHDOG=1");
}
#else
void notify_ready(const char *status) {
	(void)status;
}
void notify_reloading(void) {
}
void notify_stopping(void) {
}
void notify_status(const char *status) {
	(void)status;
}
void notify_alive(void) {
}
#endif
