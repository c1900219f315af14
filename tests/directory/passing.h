/*
 * passing -- one pass over a small file, for tests of what happens to the file.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "tests/directory/fixture.h"
#include "tests/test.h"

/* The file `a`, and what the window of a pass makes of it; its second modification is stale. */
#define BEFORE  "dn: CN=a,DC=x\nmail: m\n\ndn: CN=b,DC=x\nobjectClass: user\nmail: m\n"
#define AFTER   "dn: CN=a,DC=x\nmail: n\n\ndn: CN=b,DC=x\nobjectClass: user\nmail: m\n"
#define STALE_B "stale: mail was x when this was planned and is m now\n"
#define DRAFT   ".a.mbxctl-new"

struct pass {
	struct folder f;
	struct directory *d;
	struct modification *m;
	size_t n;
	struct error err;
};

/* A folder with the file, and a pass that may write to it. */
void setup(struct pass *p);
void teardown(struct pass *p);
/* Their parts, for another file in a folder that is there. */
void pass_open(struct pass *p, const char *path);
void pass_begin(struct pass *p, const char *path);
void pass_done(struct pass *p);

int apply(struct pass *p);
const char *outcome(struct pass *p);

/* Nothing of it happened, and nothing is left of the attempt. */
void assert_untouched(struct pass *p);
/* Somebody else wrote these bytes, and they stay. */
void assert_changed(struct pass *p, const char *bytes);

/* In a process of its own, which permissions hold for even where the tests run as root. */
void as_nobody(struct pass *p, void (*body)(struct pass *p));
#define CHILD_ASSERT(what)                                                                         \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #what);                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)
