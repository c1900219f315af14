/*
 * descriptor -- the self-relative security descriptor of a mailbox (MS-DTYP 2.4.6).
 *
 * Private to reconcile/. Owner and group are NT AUTHORITY\SELF; the list has one entry that gives
 * the mailbox to whoever owns it. When a mailbox changes its type only that entry changes: what
 * administrators granted to others stays.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "reconcile/attributes.h"

/* FullAccess and ReadPermission; the other with the right of an account that is not the owner. */
enum { MAILBOX_RIGHTS_USER = 0x20001, MAILBOX_RIGHTS_ASSOCIATED = 0x20005 };

/* A new one with one entry, for the account with this SID. */
struct value descriptor_new(struct arena *a, struct value sid, uint32_t rights);

/* Has it an entry that allows `sid`? False, too, where it is no descriptor with a list. */
bool descriptor_names(struct value descriptor, struct value sid);

/*
 * The same with what allows `from` replaced by one entry for `to`; where there is none it
 * is added, and never twice. False where the bytes are no descriptor with a list.
 */
bool descriptor_change(struct arena *a, struct value descriptor, struct value from, struct value to,
                       uint32_t rights, struct value *ret);
