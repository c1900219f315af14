/*
 * player -- what a connection knows while it is played, and what is told of it.
 */
#pragma once

#include "tests/ldap-script/match.h"
#include "tests/ldap-script/play.h"

struct standing {
	const struct statement *statement;
	bool used; /* it was a `once`, and came */
};

struct player {
	struct show *show;
	struct arena *arena;
	const struct statement *block, *at; /* at: NULL behind the last statement */
	int number;
	struct wire_end wire;
	struct {
		struct standing *v;
		size_t n, cap;
	} standing;
	struct labels labels;
	struct request request; /* the one that is answered now */
	struct request came;    /* the last one that came */
	bool struck, reset;     /* a fault ended the connection; by a RST */
	bool told;              /* what was not met; once is enough */
};

enum came {
	CAME_REQUEST,
	CAME_CLOSE,   /* the client closed */
	CAME_NOTHING, /* and that was told, where it is to be */
};

/* The next request, whenever it comes. */
enum came player_request(struct player *p, struct request *ret);
/* `s` was met by `r`, which is answered from now on. */
void player_takes(struct player *p, const struct statement *s, const struct request *r);

/* FILE:LINE:COLUMN: what is wrong; the show has failed and ends. */
void tell(struct player *p, const struct statement *s, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The statement at hand was not met. `came`: what came instead; NULL: the last request. */
void tell_not_met(struct player *p, const char *came, const char *differs);
/* With --trace. */
void tell_came(struct player *p, const struct request *r);
void tell_sent(struct player *p, const struct statement *s, ber_int_t id);
