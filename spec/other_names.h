/*
 * other_names -- what is written here for what other tools call otherwise.
 *
 * Whoever knows Connect-Mailbox writes its parameters as keys first; no spelling leads from those
 * to a manifest's. Knows words alone, no file.
 */
#pragma once

/* What to write instead of a key of a connection, "write mailbox"; or NULL. Case is ignored. */
const char *other_name(const char *key);
