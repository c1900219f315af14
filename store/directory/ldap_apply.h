/*
 * ldap_apply -- a window of modifications: one guarded Modify an entry, all of them on the way at
 * once, and what became of each.
 *
 * An attribute goes from what it is to what it shall be by deleting the values that go and adding
 * those that come: where one of them is not as it was, the server refuses all of the Modify (RFC
 * 4511, 4.6). The entry is read right before and compared whole. Never a replace, and never the
 * permissive control: they would make a guard succeed.
 */
#pragma once

#include "store/directory/directory.h"
#include "store/directory/ldap_fetch.h"

/* As directory_apply(); `write` may be lost on the way. */
void ldap_apply(struct ldap_reader *read, struct ldap_link *write, struct arena *a,
                struct modification *batch, size_t n);
