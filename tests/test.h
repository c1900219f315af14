/* cmocka.h, with the headers that it wants before it. */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))
