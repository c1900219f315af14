/*
 * lock -- one writer at a time, by an open-file-description lock (fcntl(2), F_OFD_SETLK).
 *
 * The kernel lets go of it when the process ends, however it ends: nothing has to be cleaned up
 * by hand. The file holds one line about its last holder, for people; it stays behind.
 */
#pragma once

#include "base/error.h"

struct lock;

/*
 * Takes the lock at once, creating the file (mode 0600), or fails with ERR_LOCKED and a text that
 * names the holder: `process 4711 (mbxctl apply) since 2026-11-01T12:00:00Z`. ERR_IO where the
 * file cannot be made. `command` is what the next one is told.
 */
int lock_try(const char *path, const char *command, struct lock **ret, struct error *err) MUST_USE;

/* NULL is fine; returns NULL. */
struct lock *lock_release(struct lock *l);
