/*
 * libldap's LDIF functions. Its header wants others before it, in this order.
 */
#pragma once

/* clang-format off */
#include <stdio.h>
#include <ldap.h>
#include <ldif.h>
/* clang-format on */
