/*
 * access_list -- may somebody do this to an object? Reckoned from the object's security descriptor
 * as Active Directory does (MS-ADTS 5.1.3.3.3, 5.1.3.3.4): its entries in their order, each bit
 * settled by the first that speaks of it.
 *
 * Pure. For what a server has no way to tell; where it does tell, it knows better.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/guid.h"
#include "reconcile/attributes.h"

/* MS-ADTS 5.1.3.2 */
enum access_right {
	ACCESS_READ_PROPERTY = 0x10,
	ACCESS_CONTROL = 0x100, /* an extended right, named by its GUID */
	ACCESS_DELETE = 0x10000
};

enum access_verdict { ACCESS_DENIED, ACCESS_ALLOWED, ACCESS_UNREADABLE };

/*
 * `sids` are somebody's own and those of his groups. `kinds` are the GUIDs by which an entry may
 * name what is asked about: of an attribute its own and its property set's. UNREADABLE: the bytes
 * are no descriptor.
 */
enum access_verdict access_list_ask(struct value descriptor, const struct value *sids,
                                    size_t n_sids, uint32_t rights, const struct guid *kinds,
                                    size_t n_kinds);
