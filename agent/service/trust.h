/*
 * trust -- which files of two looks may be taken, by what the looks and the events say of them.
 */
#pragma once

#include "agent/service/look.h"
#include "agent/service/watch.h"

struct trust {
	struct watch *watch; /* NULL: there are no events */
	uint64_t since;      /* uv_hrtime() when the earlier look began */
	struct look *latest, *earlier;
	size_t doubts; /* files of the latest look that were distrusted */
};

/*
 * Are both looks the same, and was nothing done to any file meanwhile? Files that somebody is
 * writing to do not count. If not, and with `give_up`, what changes is distrusted: the rest may be
 * taken without it. From the loop.
 */
bool trust_settled(struct trust *t, bool give_up);

/* Distrusts what somebody was writing to then. Behind trust_settled(). */
void trust_not_open(struct trust *t);
